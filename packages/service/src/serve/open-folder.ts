import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, ensureDirectory } from '@mooring/platform';
import { firstStart } from '../accounts/first-start.ts';
import { backupsFolder } from '../backup/retention.ts';
import { saveArchive } from '../backup/save.ts';
import { makeBackup } from '../backup/write.ts';
import { type MasterKeyProvider, neededKeyId, openMasterKey } from '../keys/master-key.ts';
import { type Domain, domainOf } from '../storage/context.ts';
import { folderEntries } from '../storage/data-folder.ts';
import { openStorage } from '../storage/storage.ts';
import type { Log } from './log.ts';
import type { ServiceSettings } from './settings.ts';

export interface OpenFolder {
  readonly domain: Domain;
  readonly accountId: string;
  /** The account and its authorities were made now. */
  readonly created: boolean;
  readonly masterKey: MasterKeyProvider;
  close(): Promise<void>;
}

/** Copies of the database that a backup was made from when the process was killed. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of (await folderEntries(folder)) ?? []) {
    if (name.startsWith('.backup-')) await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function backupBeforeMigration(
  folder: string,
  clock: Clock,
  pending: readonly string[],
  log: Log,
): Promise<void> {
  const backups = backupsFolder(folder);
  await ensureDirectory(backups, 0o700);
  const backup = await makeBackup({ folder, clock, withImages: false });
  const time = clock
    .now()
    .toISOString()
    .replaceAll(/[-:]|\.\d+/g, '');
  const file = join(backups, `schema-${backup.manifest.schemaVersion}-${time}.tar.gz`);
  try {
    await saveArchive(backup.archive, file);
  } finally {
    await backup.discard();
  }
  log.info(
    'storage.backup',
    `The database is brought to a newer schema; before that it was backed up to ${file}, without the firmware images, which stay where they are.`,
    { file, pending },
  );
}

/**
 * Opens a data folder that this process has locked: database, master key, account. What a first start has to make is
 * made here, and what an interrupted one left out is completed.
 *
 * @throws MooringError `database.*`, `master.key.*`, `file.*`
 */
export async function openFolder(options: {
  folder: string;
  masterKey: MasterKeyProvider;
  settings: ServiceSettings;
  clock: Clock;
  log: Log;
}): Promise<OpenFolder> {
  const { folder, masterKey, settings, clock, log } = options;
  await removeLeftovers(folder);
  const storage = await openStorage({
    folder,
    clock,
    beforeMigration: (pending) => backupBeforeMigration(folder, clock, pending, log),
  });
  try {
    const vault = await openMasterKey(masterKey, await neededKeyId(storage));
    const domain = domainOf({ storage, vault, clock, settings }, (error) =>
      log.error('registry.listener', `What listens to devices failed: ${(error as Error).message}`),
    );
    const { accountId, created } = await firstStart(domain);
    return { domain, accountId, created, masterKey, close: () => storage.close() };
  } catch (error) {
    await storage.close();
    throw error;
  }
}
