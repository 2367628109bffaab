import { readdir } from 'node:fs/promises';
import { fileError } from '@mooring/platform';
import { storageErrors } from '../errors.ts';

/** The name of the database in every data folder. */
export const databaseFileName = 'mooring.sqlite';

/** The folder in it that holds the bytes of firmware images. */
export const blobsFolderName = 'blobs';

/** Undefined where there is no such folder. */
export async function folderEntries(folder: string): Promise<string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, folder);
  }
}

/** @throws MooringError `database.folder.missing` where no service was ever started */
export async function requireDataFolder(folder: string): Promise<void> {
  if ((await folderEntries(folder))?.includes(databaseFileName)) return;
  throw storageErrors('database.folder.missing', {
    message: `There is no data folder of Mooring at ${folder}.`,
    next: 'Name it with --data or MOORING_DATA; "mooring serve" makes a new one.',
    data: { folder },
  });
}

/** What a first start that was cut off may have left. */
const ownFiles =
  /^(mooring\.sqlite.*|lock|lock\.json|\.lock\.json\..*|master-key\.pkcs11\.json|\.master-key.*|lost\+found)$/;

/** @throws MooringError `database.folder.foreign` if the folder is somebody else's */
export async function refuseForeignFolder(folder: string): Promise<void> {
  const entries = (await folderEntries(folder)) ?? [];
  const foreign = entries.includes(databaseFileName) ? undefined : entries.find((name) => !ownFiles.test(name));
  if (foreign === undefined) return;
  throw storageErrors('database.folder.foreign', {
    message: `${folder} holds other things ("${foreign}") and no data of Mooring; nothing was put into it.`,
    next: 'Name a folder that is new or empty with --data.',
    data: { folder },
  });
}
