export { manifestToolErrors } from './errors.ts';
export { manifestTool, program } from './program.ts';
export { manifestTool2x } from './program-2x.ts';
export { type ProgramName, programs } from './programs.ts';
export { runManifestTool } from './run.ts';
