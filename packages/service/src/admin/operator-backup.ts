import { type Backup, makeBackup } from '../backup/write.ts';
import type { OpenFolder } from '../serve/open-folder.ts';

/** What an operator asks for. */
export interface BackupRequest {
  /** The master key is put in under it. */
  readonly passphrase: string | undefined;
  readonly withImages: boolean;
}

/**
 * A backup of an open folder.
 *
 * @param staging where the copy that is packed is put down; in the data folder if absent
 */
export async function operatorBackup(
  folder: OpenFolder,
  { passphrase, withImages }: BackupRequest,
  staging?: string,
): Promise<Backup> {
  const { storage, vault, clock } = folder.domain;
  const source = { folder: storage.folder, clock, withImages, ...(staging === undefined ? {} : { staging }) };
  if (passphrase === undefined) return makeBackup(source);
  const key = await folder.masterKey.load();
  if (!key) throw new Error('the master key is no longer where it was at start');
  return makeBackup({ ...source, withKey: { key, keyId: vault.keyId, passphrase } });
}
