import { join } from 'node:path';
import type { Disk } from '../disk.ts';
import { ensureFolder, writeNew } from '../disk-steps.ts';
import { updateErrors } from '../errors.ts';
import type { Containers } from './containers.ts';

/**
 * Applications that are installed and not run, for a virtual device: that they would run is a file with the path of the
 * bundle in it, `NAME.bundle`.
 */
export function notRun(disk: Disk, folder: string): Containers {
  const path = (name: string) => join(folder, `${name}.bundle`);
  return {
    async start(name, bundle) {
      if (!(await disk.status(join(bundle, 'config.json')))) {
        throw updateErrors('update.application', {
          message: `The application ${name} has no bundle at ${bundle}.`,
          data: { application: name },
        });
      }
      await ensureFolder(disk, folder);
      await disk.remove(path(name));
      await writeNew(disk, path(name), 0o644, [Buffer.from(`${bundle}\n`)]);
    },
    stop: (name) => disk.remove(path(name)),
    isRunning: async (name) => (await disk.status(path(name))) !== undefined,
  };
}
