import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { clientItemsFolder, isBootstrapped } from '@mooring/credentials';

/** The storage of MBL's own client and pelion-provisioning-util (ESFS of mbed-cloud-client). */
export interface MblStore {
  readonly folder: string;
  /** Files of items that the client works with, and of those that a factory reset would bring back. */
  readonly items: number;
  readonly factoryItems: number;
  /** A service gave the client an account, and it goes on to register there. */
  readonly bootstrapped: boolean;
}

async function filesIn(folder: string): Promise<string[]> {
  // Not there, or not for us to read: then there is nothing to tell.
  const names = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return names.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/**
 * MBL keeps it in /config/user/pal, and ours is /config/user/mooring: it is looked for beside the storage folder. Item
 * names are hashed and contents encrypted there, so that only what is there can be told, not what it says.
 */
export async function findMblStore(storeFolder: string): Promise<MblStore | undefined> {
  const folder = join(dirname(storeFolder), 'pal');
  const simulatedFlash = await lstat(join(folder, 'flashSim')).catch(() => undefined);
  const items = await filesIn(join(folder, clientItemsFolder));
  if (!simulatedFlash?.isFile() || items.length === 0) return undefined;
  const factoryItems = (await filesIn(join(folder, 'BACKUP'))).length;
  return { folder, items: items.length, factoryItems, bootstrapped: isBootstrapped(items) };
}

export function mblStoreLines({ folder, bootstrapped }: MblStore): string[] {
  const state = bootstrapped
    ? 'its credentials, and an account that an earlier service gave it: its client goes on to register there'
    : 'its credentials';
  return [
    `This device was also provisioned by MBL's own program: ${folder} has ${state}.`,
    "They cannot be taken over. MBL's own client goes on using them until they are wiped:",
    `systemctl stop mbl-cloud-client; rm -rf ${join(folder, '*')}`,
  ];
}
