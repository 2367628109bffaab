export {
  cloudErrors,
  discoveryErrors,
  migrationErrors,
  provisionErrors,
  selectionErrors,
  sshErrors,
  storeErrors,
  transferErrors,
} from './errors.ts';
export { program } from './program.ts';
export { runMblCli } from './run.ts';
