import { isMooringError, type Timers } from '@mooring/platform';
import { type Io, runProgram } from '@mooring/terminal';
import { createCommand } from './create/command.ts';
import type { Disk } from './disk.ts';
import { type Forms, generationOf } from './generation.ts';
import { parseCommand } from './parse/command.ts';
import { manifestTool } from './program.ts';
import { manifestTool2x } from './program-2x.ts';
import { create2xCommand } from './schema-3/create-command.ts';
import { parse2xCommand } from './schema-3/parse-command.ts';

const forms: Readonly<Record<string, Forms>> = {
  create: { options: { 1: createCommand.options ?? [], 2: create2xCommand.options ?? [] } },
  parse: { options: { 1: parseCommand.options ?? [], 2: parse2xCommand.options ?? [] }, positional: 2 },
};

/**
 * One name, two programs: runs the one that the command line was written for.
 *
 * @param disk for tests that cut the power
 * @param timers for tests that do not wait
 * @returns the exit status
 */
export async function runManifestTool(argv: readonly string[], io: Io, disk?: Disk, timers?: Timers): Promise<number> {
  try {
    const generation = generationOf(argv, forms);
    return await runProgram(generation === 1 ? manifestTool(io, disk, timers) : manifestTool2x, argv, io);
  } catch (error) {
    if (!isMooringError(error)) throw error;
    const { code, message, next } = error;
    if (argv.includes('--json')) io.stdout.write(`${JSON.stringify({ error: { code, message, next } }, null, 2)}\n`);
    io.stderr.write(`${message}\n${next}\n`);
    return error.exitCode ?? 1;
  }
}
