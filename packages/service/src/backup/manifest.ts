import { backupErrors } from '../errors.ts';
import { wrappedKeyFileName } from '../keys/pkcs11-key.ts';
import { databaseFileName } from '../storage/data-folder.ts';
import { sealedKeyFileName } from './sealed-key.ts';

const formatVersion = 1;

/** One file of a backup. */
export interface FileFacts {
  readonly name: string;
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
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
}

/** Everything that a backup may hold; nothing else is ever written by restoring one. */
const fileNames: readonly string[] = [databaseFileName, wrappedKeyFileName, sealedKeyFileName];

export function manifestOf(content: Omit<Manifest, 'format' | 'formatVersion'>): Manifest {
  return { format: 'mooring-backup', formatVersion, ...content };
}

function isFileFacts(value: unknown): value is FileFacts {
  const { name, size, sha256 } = (value ?? {}) as Partial<FileFacts>;
  return (
    typeof name === 'string' &&
    fileNames.includes(name) &&
    Number.isSafeInteger(size) &&
    (size as number) >= 0 &&
    /^[0-9a-f]{64}$/.test(String(sha256))
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
    found.formatVersion === formatVersion &&
    typeof found.createdAt === 'string' &&
    !Number.isNaN(Date.parse(found.createdAt)) &&
    Number.isInteger(found.schemaVersion) &&
    (found.masterKeyId === null || typeof found.masterKeyId === 'string') &&
    Array.isArray(found.files) &&
    found.files.every(isFileFacts) &&
    found.files.some((file) => file.name === databaseFileName);
  if (fits) return found as Manifest;
  throw backupErrors('backup.damaged', {
    message: `${path} cannot be restored: its manifest is not one of Mooring.`,
    next: 'Take another backup file. Nothing was changed.',
    data: { path },
  });
}
