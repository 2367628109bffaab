import type { Signer } from '@mooring/manifest';

/** A signer whose key is held by something else than a file, and whose public key is known. */
export interface NamedSigner extends Signer {
  publicKey: NonNullable<Signer['publicKey']>;
  /** Where the holder can sign a digest of 32 bytes: r‖s, 64 bytes. */
  signDigest?(digest: Uint8Array): Promise<Uint8Array>;
}
