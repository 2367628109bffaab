// manifest-tool and its three siblings as files that need nothing but Node 24.
import { join } from 'node:path';
import { programs } from '../../packages/manifest-tool/src/programs.ts';
import { writePrograms } from '../fast-start/write-programs.ts';

/** Writes the programs to a folder. */
export async function writeManifestTools(folder: string): Promise<void> {
  await writePrograms(folder, {
    shared: 'manifest-tools',
    names: Object.keys(programs),
    module: 'packages/manifest-tool/src/programs.ts',
    warmUp: join(import.meta.dirname, 'fast-commands.ts'),
  });
}
