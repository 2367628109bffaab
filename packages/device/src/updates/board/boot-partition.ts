import { updateErrors } from '../errors.ts';
import type { BootPartition } from '../parts/boot-partition.ts';
import type { Programs } from '../programs.ts';

/** How a folder is mounted, by a mount table; undefined where nothing is mounted there. */
function mountOptions(table: string, place: string): readonly string[] | undefined {
  const found = table.split('\n').findLast((line) => line.split(' ')[1] === place);
  return found?.split(' ')[3]?.split(',');
}

/** Boot folders that are there, made writable for as long as something is written, where they are mounted without that. */
export function boardBootPartition(
  folders: readonly string[],
  programs: Programs,
  mounts: () => Promise<string>,
): BootPartition {
  const remount = async (folder: string, how: 'rw' | 'ro') => {
    const { status, stderr } = await programs.run('mount', ['-o', `remount,${how}`, folder]);
    if (status === 0) return;
    throw updateErrors('update.board', {
      message: `${folder} cannot be mounted ${how === 'rw' ? 'for writing' : 'read-only again'}: ${stderr.trim()}.`,
      next: 'Nothing that it holds was changed. Look at the file system of that partition.',
    });
  };
  return {
    folders,
    async writable(work) {
      const table = await mounts();
      const closed = folders.filter((folder) => mountOptions(table, folder)?.includes('ro'));
      for (const folder of closed) await remount(folder, 'rw');
      try {
        return await work();
      } finally {
        for (const folder of closed) await remount(folder, 'ro');
      }
    },
  };
}
