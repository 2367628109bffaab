import { masterKeyErrors } from '../errors.ts';
import type { Storage } from '../storage/storage.ts';
import { keyIdOf, openVault, type Vault } from './vault.ts';

/** A place that keeps a master key. */
export interface MasterKeyProvider {
  /** For sentences: `the file /var/lib/mooring.master-key`. */
  readonly place: string;
  /** The key, or undefined if the place is there and holds none yet. */
  load(): Promise<Uint8Array | undefined>;
  /** Makes a new key, kept for good when this returns. If one came to be meanwhile, it returns that one. */
  create(): Promise<Uint8Array>;
}

/** The id of the master key that a data folder was made with, or undefined while nothing is sealed in it. */
export async function neededKeyId(storage: Storage): Promise<string | undefined> {
  const row = await storage.db
    .selectFrom('authorities')
    .select('private_key_sealed')
    // The key of a retired one was removed.
    .where('state', '!=', 'retired')
    .limit(1)
    .executeTakeFirst();
  return row && keyIdOf(row.private_key_sealed);
}

/**
 * Opens the vault of a data folder. A key is made only where nothing was sealed yet.
 *
 * @throws MooringError `master.key.*`
 */
export async function openMasterKey(provider: MasterKeyProvider, needed: string | undefined): Promise<Vault> {
  const found = await provider.load();
  if (needed === undefined) return openVault(found ?? (await provider.create()));
  if (!found) {
    throw masterKeyErrors('master.key.missing', {
      message: `The data folder needs master key ${needed}, and there is none in ${provider.place}. No new one was made.`,
      next: 'Put the key back there, or say where it is with --master-key. Without it the private keys in the data folder cannot be read; only a backup made with --passphrase-file has the key with it.',
      data: { neededKeyId: needed },
    });
  }
  const vault = openVault(found);
  if (vault.keyId !== needed) {
    throw masterKeyErrors('master.key.wrong', {
      message: `The data folder needs master key ${needed}; ${provider.place} holds ${vault.keyId}.`,
      next: 'Say with --master-key where the right one is.',
      data: { neededKeyId: needed, givenKeyId: vault.keyId },
    });
  }
  return vault;
}
