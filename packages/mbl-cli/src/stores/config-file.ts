import { join } from 'node:path';
import { readFileIfExists, writeFileAtomic } from '@mooring/platform';
import { keepGroup } from './sharing.ts';
import { formatStoreConfig, parseStoreConfig, type StoreConfig } from './store-config.ts';

export const configPath = (folder: string) => join(folder, 'config.json');

export const storeLock = (folder: string) => join(folder, '.lock');

/** @throws MooringError `store.config.malformed` */
export async function readConfig(folder: string): Promise<StoreConfig> {
  const path = configPath(folder);
  return parseStoreConfig((await readFileIfExists(path))?.toString('utf8'), path);
}

export async function writeConfig(
  folder: string,
  config: StoreConfig,
  { config: mode, gid }: { config: number; gid?: number | undefined },
): Promise<void> {
  const path = configPath(folder);
  await writeFileAtomic(path, formatStoreConfig(config, folder), mode);
  await keepGroup(path, mode, gid);
}
