import crypto, { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { isPair, keyTypeOf } from '@mooring/pki';
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

// A key never changes, and asking for its details costs a tenth of a signature.
const knownP256 = new WeakMap<KeyObject, boolean>();

export function isP256(key: KeyObject): boolean {
  let known = knownP256.get(key);
  if (known === undefined) {
    known = key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
    knownP256.set(key, known);
  }
  return known;
}

/** @throws MooringError `manifest.key.unsupported` where devices could not check what this key signs */
export function assertP256(key: KeyObject, description: string): void {
  if (isP256(key)) return;
  throw manifestErrors('manifest.key.unsupported', {
    message: `Devices check manifests with P-256 keys only; ${description} is of type ${keyTypeOf(key)}.`,
    next: 'Make a P-256 key: openssl ecparam -genkey -name prime256v1 -noout -out KEY',
  });
}

const inProcess = new WeakSet<Signer>();

/** Whether what this signer gives is known to verify with its public key: it signs here, with a key that was tried. */
export const signsInProcess = (signer: Signer): boolean => inProcess.has(signer);

/** @throws MooringError `manifest.key.unsupported`, `manifest.key.damaged` */
export function keySigner(key: KeyObject, description = 'the private key'): Signer {
  assertP256(key, description);
  const publicKey = createPublicKey(key);
  // A key file can carry a public half that is not its own.
  if (!isPair(key, publicKey)) {
    throw manifestErrors('manifest.key.damaged', {
      message: `The public half in ${description} does not belong to the private one.`,
      next: 'Use the original of the key file.',
    });
  }
  const signer: Signer = { sign: async (toBeSigned) => sign('sha256', toBeSigned, key), publicKey, description };
  inProcess.add(signer);
  return signer;
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

/**
 * As `verifies`, of raw r‖s. `node:crypto` takes that form too (`dsaEncoding`), but for that takes the key out of OpenSSL anew
 * each time, which costs as much as the check itself.
 */
export const verifiesRaw = (publicKey: KeyObject, signed: Uint8Array, raw: Uint8Array): boolean =>
  raw.length === 64 && verifies(publicKey, signed, derSignature(raw));

/** In one call where there is such a one (Node 20.12), which takes half the time for something this short. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const digest =
    typeof crypto.hash === 'function'
      ? crypto.hash('sha256', bytes, 'buffer')
      : crypto.createHash('sha256').update(bytes).digest();
  return new Uint8Array(digest.buffer, digest.byteOffset, digest.length);
}
