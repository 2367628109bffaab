import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { folderEntries } from '../storage/data-folder.ts';

/** Where the service puts the backups that it makes by itself, before a migration. */
export const backupsFolder = (dataFolder: string): string => join(dataFolder, 'backups');

/** `schema-1-20260102T030405Z.tar.gz`; whatever else lies there is somebody's own. */
const ownName = /^schema-\d+-(\d{8}T\d{6}Z)\.tar\.gz$/;

/**
 * Removes the oldest backups that the service made by itself.
 *
 * @param keep how many stay; 0 for all
 * @returns the names of those removed
 */
export async function trimBackups(dataFolder: string, keep: number): Promise<string[]> {
  if (keep === 0) return [];
  const folder = backupsFolder(dataFolder);
  const time = (name: string) => ownName.exec(name)?.[1] ?? '';
  const own = ((await folderEntries(folder)) ?? []).filter((name) => ownName.test(name));
  const surplus = own.sort((a, b) => (time(a) < time(b) ? 1 : -1)).slice(keep);
  for (const name of surplus) await rm(join(folder, name), { force: true });
  return surplus;
}
