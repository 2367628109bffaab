import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ensureDirectory, fileError, syncFolder } from '@mooring/platform';
import { backupErrors, masterKeyErrors } from '../errors.ts';
import { fileMasterKey, writeNewKeyFile } from '../keys/file-key.ts';
import type { MasterKeyProvider } from '../keys/master-key.ts';
import { openVault } from '../keys/vault.ts';
import { blobsFolderName, databaseFileName } from '../storage/data-folder.ts';
import { schemaVersion } from '../storage/migrations/index.ts';
import { sqliteError } from '../storage/sqlite-errors.ts';
import { readJson, unpackBackup } from './archive.ts';
import { imagesOf } from './images.ts';
import { isImageFile, type Manifest } from './manifest.ts';
import { openSealedKey, sealedKeyFileName } from './sealed-key.ts';

export interface RestoreRequest {
  readonly file: string;
  /** Data folder, new or empty. */
  readonly folder: string;
  /** Where the master key is, or with a passphrase will be, as a provider for the data folder that is given. */
  readonly provider: (dataFolder: string) => MasterKeyProvider;
  /** The file that a master key out of the backup is put into; undefined where the key is kept otherwise. */
  readonly keyFile: string | undefined;
  readonly passphrase: string | undefined;
  /** A master key was named, so that a missing one is a mistake and not merely the next thing to bring. */
  readonly keyIsNamed: boolean;
}

export interface Restored {
  readonly manifest: Manifest;
  /** `present`: the folder can be served. `missing`: the key has to be brought first. */
  readonly masterKey: 'present' | 'missing';
  /** Where it is, or has to be. */
  readonly place: string;
  /** Firmware images whose files were not in the backup. */
  readonly absentImages: readonly { readonly id: string; readonly name: string }[];
}

async function refuseUsed(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw fileError(error, folder);
  });
  if (found.length === 0) return;
  throw backupErrors('backup.target.used', {
    message: `${folder} is not empty; a backup is restored into a new folder only, so that it overwrites nothing.`,
    next: 'Name a folder that does not exist, or move this one away.',
    data: { folder },
  });
}

function refuseNewerSchema(manifest: Manifest, file: string): void {
  if (manifest.schemaVersion <= schemaVersion) return;
  throw backupErrors('backup.newer', {
    message: `${file} was made by a newer Mooring: its schema version is ${manifest.schemaVersion}, and this one knows versions up to ${schemaVersion}.`,
    next: 'Restore it with the newer Mooring.',
    data: { file, schemaVersion: manifest.schemaVersion, knownSchemaVersion: schemaVersion },
  });
}

/** SQLite's own checks, since a checksum only says that the file is what it was. */
function verifyDatabase(path: string, file: string): void {
  let problem: string;
  try {
    const database = new DatabaseSync(path);
    try {
      const integrity = Object.values(database.prepare('pragma integrity_check(1)').get() ?? {})[0];
      const keys = database.prepare('pragma foreign_key_check').all();
      if (integrity === 'ok' && keys.length === 0) return;
      problem = integrity === 'ok' ? 'rows in it refer to others that are missing' : String(integrity);
    } finally {
      database.close();
    }
  } catch (error) {
    const known = sqliteError(error, path) as Error;
    problem = known.message;
  }
  throw backupErrors('backup.damaged', {
    message: `${file} cannot be restored: the database in it is damaged (${problem}).`,
    next: 'Take another backup file. Nothing was changed.',
    data: { file },
  });
}

async function keyFromBackup(
  request: RestoreRequest,
  staging: string,
  manifest: Manifest,
): Promise<Uint8Array | undefined> {
  const { passphrase, file } = request;
  if (passphrase === undefined) return undefined;
  if (!manifest.files.some(({ name }) => name === sealedKeyFileName)) {
    throw backupErrors('backup.key.not.inside', {
      message: `${file} was made without a passphrase, so that it holds no master key.`,
      next: `Leave --passphrase-file out, and bring master key ${manifest.masterKeyId} from where the service ran.`,
      data: { file, neededKeyId: manifest.masterKeyId },
    });
  }
  const key = await openSealedKey(await readJson(join(staging, sealedKeyFileName)), passphrase, file);
  if (openVault(key).keyId === manifest.masterKeyId) return key;
  throw backupErrors('backup.damaged', {
    message: `${file} cannot be restored: the master key in it is not the one that its database needs.`,
    next: 'Take another backup file. Nothing was changed.',
    data: { file },
  });
}

/** By the database itself: backups of the first format do not say it. */
function imagesWithoutFile(database: string, manifest: Manifest): Restored['absentImages'] {
  const files = new Set(manifest.files.map(({ name }) => name));
  return imagesOf(database)
    .filter(({ file }) => !files.has(file))
    .map(({ id, name }) => ({ id, name }));
}

function wrongKey(place: string, found: string, needed: string | null): Error {
  return masterKeyErrors('master.key.wrong', {
    message: `The backup needs master key ${needed}; ${place} holds ${found}.`,
    next: 'Say with --master-key where the right one is, or shall be. Nothing was changed.',
    data: { neededKeyId: needed, givenKeyId: found },
  });
}

/**
 * Puts a backup into a new data folder: unpacked and verified beside it, then renamed, so that the folder is there whole
 * or not at all.
 *
 * @throws MooringError `backup.*`, `master.key.*`, `file.*`
 */
export async function restoreBackup(request: RestoreRequest): Promise<Restored> {
  const folder = resolve(request.folder);
  await refuseUsed(folder);
  let staging: string;
  try {
    await mkdir(dirname(folder), { recursive: true });
    staging = await mkdtemp(join(dirname(folder), `.${basename(folder)}.restoring-`));
  } catch (error) {
    throw fileError(error, dirname(folder));
  }
  try {
    const manifest = await unpackBackup(request.file, staging);
    refuseNewerSchema(manifest, request.file);
    verifyDatabase(join(staging, databaseFileName), request.file);
    const needed = manifest.masterKeyId;
    const brought = await keyFromBackup(request, staging, manifest);
    await rm(join(staging, sealedKeyFileName), { force: true });
    const absentImages = imagesWithoutFile(join(staging, databaseFileName), manifest);

    // Read through the staged folder, where a key that a token wrapped is.
    const provider = brought && request.keyFile ? fileMasterKey(request.keyFile) : request.provider(staging);
    const present = await provider.load();
    if (present && openVault(present).keyId !== needed && needed !== null) {
      throw wrongKey(provider.place, openVault(present).keyId, needed);
    }
    if (!present && request.keyIsNamed && !brought && needed !== null) {
      throw masterKeyErrors('master.key.missing', {
        message: `There is no master key in ${provider.place}; the backup needs ${needed}.`,
        next: 'Bring it there, or give the passphrase that the backup was made with. Nothing was changed.',
        data: { neededKeyId: needed },
      });
    }
    if (brought && !present) {
      if (!request.keyFile) {
        throw masterKeyErrors('master.key.missing', {
          message: `The master key of the backup cannot be put into ${provider.place}.`,
          next: 'Name a file for it with --master-key. Nothing was changed.',
        });
      }
      await writeNewKeyFile(request.keyFile, brought);
    }
    if (manifest.files.some(({ name }) => isImageFile(name))) await syncFolder(join(staging, blobsFolderName));
    await syncFolder(staging);
    await ensureDirectory(dirname(folder));
    // Over an empty folder as well; over one that was filled meanwhile it fails.
    await rename(staging, folder);
    await syncFolder(dirname(folder));
    return {
      manifest,
      masterKey: present || brought || needed === null ? 'present' : 'missing',
      place: provider.place,
      absentImages,
    };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw fileError(error, folder);
  }
}
