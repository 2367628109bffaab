import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Clock, fileError } from '@mooring/platform';
import { wrappedKeyFileName } from '../keys/pkcs11-key.ts';
import { keyIdOf } from '../keys/vault.ts';
import { databaseFileName } from '../storage/data-folder.ts';
import { schemaVersionOf } from '../storage/migrations/index.ts';
import { factsOf, packBackup } from './archive.ts';
import { absent, holdImages, imagesOf } from './images.ts';
import { type Manifest, manifestOf } from './manifest.ts';
import { sealedKeyFileName, sealMasterKey } from './sealed-key.ts';
import { readSnapshot, snapshot } from './snapshot.ts';

export interface BackupSource {
  readonly folder: string;
  readonly clock: Clock;
  /** Puts the firmware images in. */
  readonly withImages: boolean;
  /** Folder for the copy that is packed; the data folder if absent. */
  readonly staging?: string;
  /** Puts the master key in, under this passphrase. */
  readonly withKey?: { readonly key: Uint8Array; readonly keyId: string; readonly passphrase: string };
}

type Facts = Pick<Manifest, 'schemaVersion' | 'account' | 'masterKeyId' | 'handedOut'>;

/** What the database says of itself, in any schema that there has been. */
export function databaseFacts(file: string): Facts {
  return readSnapshot(file, (query) => {
    const migrations = query('select name from schema_migrations order by name');
    const account = query('select id, display_name from accounts order by id limit 1')[0];
    const sealed = query("select private_key_sealed from authorities where state <> 'retired' limit 1")[0]
      ?.private_key_sealed;
    const handedOut = query("select value_json from settings where name = 'handed-out' limit 1")[0]?.value_json;
    return {
      schemaVersion: schemaVersionOf(String(migrations.at(-1)?.name ?? '0')),
      account: account ? { id: String(account.id), displayName: account.display_name as string | null } : null,
      masterKeyId: sealed instanceof Uint8Array ? (keyIdOf(sealed) ?? null) : null,
      handedOut: typeof handedOut === 'string' ? JSON.parse(handedOut) : null,
    };
  });
}

export interface Backup {
  readonly manifest: Manifest;
  readonly archive: Readable;
  /** Removes what was put down to make it. To be called when the archive has been read or given up. */
  discard(): Promise<void>;
}

/**
 * Makes a backup of a data folder, also one that is in use: the database as it is at this moment, the firmware images that it
 * names, and the master key where it was wrapped by a token. Images that cannot go in are named in the manifest.
 *
 * @throws MooringError `database.*`, `file.*`
 */
export async function makeBackup(source: BackupSource): Promise<Backup> {
  const { folder, clock, withImages, withKey } = source;
  let staging: string;
  try {
    staging = await mkdtemp(join(source.staging ?? folder, '.backup-'));
  } catch (error) {
    throw fileError(error, source.staging ?? folder);
  }
  const discard = () => rm(staging, { recursive: true, force: true });
  try {
    const database = join(staging, databaseFileName);
    const names = [databaseFileName];
    await snapshot(join(folder, databaseFileName), database);
    const known = imagesOf(database);
    const images = await holdImages(folder, staging, withImages ? known : []);
    if (existsSync(join(folder, wrappedKeyFileName))) {
      await copyFile(join(folder, wrappedKeyFileName), join(staging, wrappedKeyFileName));
      names.push(wrappedKeyFileName);
    }
    if (withKey) {
      const sealed = await sealMasterKey(withKey.key, withKey.keyId, withKey.passphrase);
      await writeFile(join(staging, sealedKeyFileName), `${JSON.stringify(sealed, null, 2)}\n`, { mode: 0o600 });
      names.push(sealedKeyFileName);
    }
    const manifest = manifestOf({
      createdAt: clock.now().toISOString(),
      ...databaseFacts(database),
      files: [...(await Promise.all(names.map((name) => factsOf(join(staging, name), name)))), ...images.files],
      absentImages: withImages ? images.absent : known.map((image) => absent(image, 'left-out')),
    });
    return {
      manifest,
      archive: packBackup(manifest, (name) => images.paths.get(name) ?? join(staging, name)),
      discard,
    };
  } catch (error) {
    await discard();
    throw fileError(error, staging);
  }
}
