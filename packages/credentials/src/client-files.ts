import { createHash } from 'node:crypto';
import type { Item } from './items.ts';

/** Where MBL's own client keeps its items, a file for each. */
export const clientStoreFolder = '/config/user/pal';
export const clientItemsFolder = 'WORKING';

/** KCM_FILE_PREFIX_… of mbed-cloud-client (storage_internal.h). */
const prefixes = { config: 'CfgParam_', certificate: 'Cert_', 'private-key': 'PrvKey_' } as const;

/**
 * The name of the file in which MBL's own client keeps an item: eight characters for the first six bytes of SHA-256 over
 * kind and name, in base64 with `#` and `_` (esfs_file_name.c of mbed-cloud-client). Contents are encrypted there, so
 * that only the presence of an item can be told.
 */
export function clientFileName({ name, type }: Pick<Item, 'name' | 'type'>): string {
  const digest = createHash('sha256').update(`${prefixes[type]}${name}`).digest();
  return digest.subarray(0, 6).toString('base64').replaceAll('+', '#').replaceAll('/', '_');
}

/**
 * Whether a client with these files was given an LwM2M account by a bootstrap server: then it registers there again and
 * asks no other one.
 */
export function isBootstrapped(fileNames: Iterable<string>): boolean {
  const names = new Set(fileNames);
  return names.has(clientFileName({ name: 'mbed.LwM2MServerURI', type: 'config' }));
}
