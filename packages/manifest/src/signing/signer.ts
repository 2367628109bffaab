import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { keyTypeOf } from '@mooring/pki';
import { manifestErrors } from '../errors.ts';
import { derSignature } from './ecdsa-value.ts';

/** Whatever holds a signing key: a file, a token, an agent, an external program. */
export interface Signer {
  /** @returns DER ECDSA-Sig-Value over the SHA-256 of these bytes */
  sign(toBeSigned: Uint8Array): Promise<Uint8Array>;
  publicKey?: KeyObject;
  /** For messages: `the key in update.key.pem`. */
  description: string;
}

export const isP256 = (key: KeyObject): boolean =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';

/** @throws MooringError `manifest.key.unsupported` where devices could not check what this key signs */
export function assertP256(key: KeyObject, description: string): void {
  if (isP256(key)) return;
  throw manifestErrors('manifest.key.unsupported', {
    message: `Devices check manifests with P-256 keys only; ${description} is of type ${keyTypeOf(key)}.`,
    next: 'Make a P-256 key: openssl ecparam -genkey -name prime256v1 -noout -out KEY',
  });
}

/** @throws MooringError `manifest.key.unsupported` */
export function keySigner(key: KeyObject, description = 'the private key'): Signer {
  assertP256(key, description);
  return {
    sign: async (toBeSigned) => sign('sha256', toBeSigned, key),
    publicKey: createPublicKey(key),
    description,
  };
}

/** @param signature DER ECDSA-Sig-Value */
export function verifies(publicKey: KeyObject, signed: Uint8Array, signature: Uint8Array): boolean {
  if (!isP256(publicKey)) return false;
  try {
    return verify('sha256', signed, publicKey, signature);
  } catch {
    return false;
  }
}

/** As `verifies`, of raw r‖s. */
export const verifiesRaw = (publicKey: KeyObject, signed: Uint8Array, raw: Uint8Array): boolean =>
  raw.length === 64 && verifies(publicKey, signed, derSignature(raw));

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
