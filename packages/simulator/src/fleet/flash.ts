import { randomBytes } from 'node:crypto';
import { type DeveloperCredentials, provisioningItems } from '@mooring/credentials';
import { type KeyProvider, SecureStorage, type StoredItem } from '@mooring/device';
import { type FlashImage, MemoryFiles } from './memory-files.ts';

/** With what all devices of a simulation are flashed: one secure storage, and its key. */
export interface Flash {
  readonly image: FlashImage;
  readonly key: Uint8Array;
}

function keyInMemory(key: Uint8Array): KeyProvider {
  const open = async () => ({
    bytes: key,
    sealed: new Uint8Array(),
    place: 'memory',
    sees: { copies: false, rollback: false },
  });
  return { kind: 'file', description: 'a key in memory', load: open, loadOrMake: open };
}

/** The secure storage of one device that was flashed so. */
export const storageOf = (flash: Flash, files = new MemoryFiles(flash.image)): Promise<SecureStorage> =>
  SecureStorage.open({ folder: '/', keyProvider: keyInMemory(flash.key), files });

const developerMode = Uint8Array.of(1, 0, 0, 0);

/** What provisioning stores, but for the update resources: nothing is installed on simulated devices. */
function itemsOf({ items }: DeveloperCredentials): StoredItem[] {
  const given = new Map<string, Uint8Array>(items.map(({ name, data }) => [name, data]));
  return provisioningItems.flatMap(({ name, type, source }) => {
    const data = source === undefined ? developerMode : given.get(source);
    return data === undefined ? [] : [{ name, type, factory: true, data }];
  });
}

/** Makes the image that developer credentials give, as with a firmware that they are built into. */
export async function flashWith(credentials: DeveloperCredentials): Promise<Flash> {
  const files = new MemoryFiles();
  const key = randomBytes(32);
  const storage = await storageOf({ image: new Map(), key }, files);
  await storage.transaction({ put: itemsOf(credentials) });
  return { image: files.image(), key };
}
