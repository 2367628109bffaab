import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The storage of MBL's own client and pelion-provisioning-util (ESFS of mbed-cloud-client). */
export interface MblStore {
  readonly folder: string;
  /** Files of items that the client works with, and of those that a factory reset would bring back. */
  readonly items: number;
  readonly factoryItems: number;
}

async function filesIn(folder: string): Promise<number> {
  // Not there, or not for us to read: then there is nothing to tell.
  const names = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return names.filter((entry) => entry.isFile()).length;
}

/**
 * MBL keeps it in /config/user/pal, and ours is /config/user/mooring: it is looked for beside the storage folder. Item
 * names are hashed and contents encrypted there, so that only its being there can be told.
 */
export async function findMblStore(storeFolder: string): Promise<MblStore | undefined> {
  const folder = join(dirname(storeFolder), 'pal');
  const simulatedFlash = await lstat(join(folder, 'flashSim')).catch(() => undefined);
  const items = await filesIn(join(folder, 'WORKING'));
  if (!simulatedFlash?.isFile() || items === 0) return undefined;
  return { folder, items, factoryItems: await filesIn(join(folder, 'BACKUP')) };
}

export function mblStoreLines({ folder }: MblStore): string[] {
  return [
    `This device was also provisioned by MBL's own program: ${folder} has its credentials.`,
    "They cannot be taken over. MBL's own client goes on using them, and its old service with them, until they are wiped:",
    `systemctl stop mbl-cloud-client; rm -rf ${join(folder, '*')}`,
  ];
}
