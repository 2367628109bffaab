import { type Io, runProgram } from '@mooring/terminal';
import { program } from './program.ts';

/** Runs one command line of mbl-cli and returns the exit status. */
export async function runMblCli(argv: readonly string[], io: Io): Promise<number> {
  if (argv.length > 0) return runProgram(program, argv, io);
  io.stderr.write(`error: No arguments given!\n\n'${program.name} -h' explains more.\n`);
  return 2;
}
