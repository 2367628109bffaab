// mbl-cli as files that need nothing but Node 24.
import { join } from 'node:path';
import { writePrograms } from '../fast-start/write-programs.ts';

/** Writes the program to a folder. @returns the executable */
export async function writeMblCli(folder: string): Promise<string> {
  await writePrograms(folder, {
    shared: 'mbl-cli.files',
    names: ['mbl-cli'],
    module: 'packages/mbl-cli/src/programs.ts',
    warmUp: join(import.meta.dirname, 'fast-commands.ts'),
    // What ssh2 takes only where it was built.
    external: ['cpu-features', '*.node'],
  });
  return join(folder, 'mbl-cli');
}
