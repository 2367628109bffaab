export { manifestToolErrors } from './errors.ts';
export { manifestTool, program } from './program.ts';
