/**
 * A number that can only grow and lives outside the disk (a TPM counter), so that an old copy of the whole
 * storage is noticed. The storage moves it along, one step for each transaction.
 */
export interface GenerationCounter {
  read(): Promise<bigint>;
  /** Never lowers it; the same number again is fine. */
  advance(generation: bigint): Promise<void>;
}

/** Where the key of a secure storage comes from: a file here; TPM, systemd credential or token elsewhere. */
export interface KeyProvider {
  /** For messages: `the key file /config/user/mooring.key`. */
  readonly description: string;
  /**
   * At least 32 secret bytes, always the same ones.
   *
   * @throws MooringError `storage.key.missing`, `storage.key.malformed`, `storage.key.exposed`
   */
  load(): Promise<Uint8Array>;
  /** As load, but makes the key if there is none. Called only while there is no storage that needs an older one. */
  loadOrMake(): Promise<Uint8Array>;
  readonly generation?: GenerationCounter;
}
