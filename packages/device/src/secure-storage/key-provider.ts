/** What keeps the key of a storage. Their places in this list stand in storage files. */
export const providerKinds = ['file', 'tpm', 'systemd-creds', 'pkcs11'] as const;
export type ProviderKind = (typeof providerKinds)[number];

/**
 * A number that can only grow and lives outside the disk (a TPM counter), so that an old copy of the whole
 * storage is noticed. The storage moves it along, one step for each transaction.
 */
export interface GenerationCounter {
  read(): Promise<bigint>;
  /** Never lowers it; the same number again is fine. */
  advance(generation: bigint): Promise<void>;
}

/** A key in hand. */
export interface OpenKey {
  /** At least 32 secret bytes, always the same ones for the same `sealed`. */
  readonly bytes: Uint8Array;
  /** What the provider needs to get the key again and no other can use: it stands in the header of the storage. */
  readonly sealed: Uint8Array;
  /** Which key store this is, `file:/config/user/mooring.key` or `tpm:0x01804000`. */
  readonly place: string;
  /** What cannot be done unseen with the device's disk alone. */
  readonly sees: { readonly copies: boolean; readonly rollback: boolean };
  readonly generation?: GenerationCounter;
}

/** Where the key of a secure storage comes from. */
export interface KeyProvider {
  readonly kind: ProviderKind;
  /** For messages: `the key file /config/user/mooring.key`. */
  readonly description: string;
  /**
   * @param sealed as the storage has it
   * @throws MooringError `storage.key.*`, `storage.counter.missing`
   */
  load(sealed: Uint8Array): Promise<OpenKey>;
  /** Makes a key if there is none. Called only while there is no storage that needs an older one. */
  loadOrMake(): Promise<OpenKey>;
  /**
   * Called when the storage was encrypted anew with the key of another place: an old copy of it must not open again.
   *
   * @returns what the operator still has to do, if anything
   */
  retire?(sealed: Uint8Array): Promise<string | undefined>;
}
