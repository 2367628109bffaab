import { type Io, runProgram } from '@mooring/terminal';

/** The programs of this package by the name of their command: each runs one command line and gives its exit status. */
export const programs = {
  'manifest-tool': async (argv: readonly string[], io: Io): Promise<number> => {
    const { runManifestTool } = await import('./run.ts');
    return await runManifestTool(argv, io);
  },
  'manifest-dev-tool': async (argv: readonly string[], io: Io): Promise<number> => {
    const { program } = await import('./dev-tool/program.ts');
    return await runProgram(program, argv, io);
  },
  'manifest-delta-tool': async (argv: readonly string[], io: Io): Promise<number> => {
    const { program, withCommand } = await import('./delta-tool/program.ts');
    return await runProgram(program, withCommand(argv), io);
  },
  'manifest-package-tool': async (argv: readonly string[], io: Io): Promise<number> => {
    const { program } = await import('./package-tool/program.ts');
    return await runProgram(program, argv, io);
  },
} as const;

export type ProgramName = keyof typeof programs;
