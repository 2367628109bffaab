import { backupErrors } from '../errors.ts';
import { wrappedKeyFileName } from '../keys/pkcs11-key.ts';
import { blobsFolderName, databaseFileName } from '../storage/data-folder.ts';
import { isBlobName } from '../updates/images/blobs.ts';
import { sealedKeyFileName } from './sealed-key.ts';

/** 2 has files of images. Without them it is 1 still, so that an older Mooring restores what was made before a migration. */
const formatVersion = 2;

/** One file of a backup. */
export interface FileFacts {
  readonly name: string;
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** A firmware image that the database in a backup knows, and whose bytes are not in it. */
export interface AbsentImage {
  readonly id: string;
  readonly name: string;
  /**
   * `left-out`: as was asked for. `missing`: it was deleted meanwhile, or its file was not there. `damaged`: its file was not
   * what its checksum says.
   */
  readonly why: 'left-out' | 'missing' | 'damaged';
}

/** First file of a backup. */
export interface Manifest {
  readonly format: 'mooring-backup';
  readonly formatVersion: number;
  readonly createdAt: string;
  readonly schemaVersion: number;
  readonly account: { readonly id: string; readonly displayName: string | null } | null;
  /** Id of the master key that the private keys in it are sealed under; null if none is in it. */
  readonly masterKeyId: string | null;
  /** What was last handed out to devices, so that whoever restores it knows what has to lead to the new place. */
  readonly handedOut: { readonly bootstrapUri: string; readonly lwm2mUri: string } | null;
  readonly files: readonly FileFacts[];
  readonly absentImages: readonly AbsentImage[];
}

/** What a backup may hold besides images; nothing else is ever written by restoring one. */
const fileNames: readonly string[] = [databaseFileName, wrappedKeyFileName, sealedKeyFileName];

/** Name of the file of an image, in a backup as in a data folder. */
export const imageFileName = (blob: string): string => `${blobsFolderName}/${blob}`;

/** Nothing but the folder, one slash and 32 hexadecimal digits, so that it cannot lead out of the data folder. */
export const isImageFile = (name: string): boolean => {
  const blob = name.slice(blobsFolderName.length + 1);
  return isBlobName(blob) && name === imageFileName(blob);
};

export function manifestOf(content: Omit<Manifest, 'format' | 'formatVersion'>): Manifest {
  const version = content.files.some(({ name }) => isImageFile(name)) ? formatVersion : 1;
  return { format: 'mooring-backup', formatVersion: version, ...content };
}

function isFileFacts(value: unknown): value is FileFacts {
  const { name, size, sha256 } = (value ?? {}) as Partial<FileFacts>;
  return (
    typeof name === 'string' &&
    (fileNames.includes(name) || isImageFile(name)) &&
    Number.isSafeInteger(size) &&
    (size as number) >= 0 &&
    /^[0-9a-f]{64}$/.test(String(sha256))
  );
}

function isAbsentImage(value: unknown): value is AbsentImage {
  const { id, name, why } = (value ?? {}) as Partial<AbsentImage>;
  return (
    typeof id === 'string' && typeof name === 'string' && ['left-out', 'missing', 'damaged'].includes(why as string)
  );
}

/** @throws MooringError `backup.damaged`, `backup.newer` */
export function parseManifest(text: string, path: string): Manifest {
  let found: Partial<Manifest> | null;
  try {
    found = JSON.parse(text);
  } catch {
    found = null;
  }
  if (found?.format === 'mooring-backup' && Number(found.formatVersion) > formatVersion) {
    throw backupErrors('backup.newer', {
      message: `${path} was made by a newer Mooring: its format is ${found.formatVersion}, and this one reads ${formatVersion}.`,
      next: 'Restore it with the newer Mooring.',
      data: { path, formatVersion: found.formatVersion },
    });
  }
  const fits =
    found?.format === 'mooring-backup' &&
    (found.formatVersion === 1 || found.formatVersion === formatVersion) &&
    typeof found.createdAt === 'string' &&
    !Number.isNaN(Date.parse(found.createdAt)) &&
    Number.isInteger(found.schemaVersion) &&
    (found.masterKeyId === null || typeof found.masterKeyId === 'string') &&
    Array.isArray(found.files) &&
    found.files.every(isFileFacts) &&
    found.files.some((file) => file.name === databaseFileName) &&
    (found.absentImages === undefined ||
      (Array.isArray(found.absentImages) && found.absentImages.every(isAbsentImage)));
  if (fits) return { ...(found as Manifest), absentImages: found?.absentImages ?? [] };
  throw backupErrors('backup.damaged', {
    message: `${path} cannot be restored: its manifest is not one of Mooring.`,
    next: 'Take another backup file. Nothing was changed.',
    data: { path },
  });
}
