import { join } from 'node:path';
import type { Disk } from '../disk.ts';
import { ensureFolder, writeNew } from '../disk-steps.ts';
import type { Bank, Banks } from './banks.ts';
import type { RootPartitions } from './partitions.ts';

/**
 * MBL's way: its initramfs takes bank 2 where this empty file is. It counts no boots, so that a bank which does not even
 * start a program stays; one that does counts for itself.
 */
export function flagFileBanks(disk: Disk, folder: string, partitions: RootPartitions): Banks {
  const flag = join(folder, 'rootfs2');
  return {
    running: () => partitions.running(),
    device: (bank) => partitions.device(bank),
    chosen: async (): Promise<Bank> => ((await disk.status(flag)) ? 2 : 1),
    async choose(bank) {
      await ensureFolder(disk, folder);
      const isThere = (await disk.status(flag)) !== undefined;
      if (bank === 2 && !isThere) await writeNew(disk, flag, 0o644, []);
      if (bank === 1 && isThere) await disk.remove(flag);
      await disk.syncFolder(folder);
    },
    confirm: async () => undefined,
  };
}
