import { type KeyObject, verify } from 'node:crypto';
import { type Certificate, der, parseCertificate } from '@mooring/pki';
import { derSignature } from '../../signing/ecdsa-value.ts';
import { isP256 } from '../../signing/signer.ts';
import { DerCursor } from './der-cursor.ts';

/**
 * An ECDSA-Sig-Value as Mbed TLS reads it: lengths in any form, numbers taken as unsigned whatever their first bit.
 * Undefined where it refuses, which it also does to bytes that follow.
 */
function looseSignature(signature: Uint8Array): Uint8Array | undefined {
  const cursor = new DerCursor(signature);
  const end = signature.length;
  if (cursor.tag(end, der.tags.sequence) || cursor.at + cursor.length !== end) return undefined;
  const raw = new Uint8Array(64);
  for (const half of [32, 64]) {
    if (cursor.tag(end, der.tags.integer)) return undefined;
    let { content } = cursor;
    while (content[0] === 0) content = content.subarray(1);
    if (content.length > 32) return undefined;
    raw.set(content, half - content.length);
    cursor.skip();
  }
  return cursor.at === end ? raw : undefined;
}

/** The key in a certificate as the clients take it out: they look at nothing else in it. */
export function certificateKey(certificate: Uint8Array | Certificate | undefined): KeyObject | undefined {
  if (!(certificate instanceof Uint8Array)) return certificate?.publicKey;
  try {
    return parseCertificate(certificate).publicKey;
  } catch {
    return undefined;
  }
}

/** Whether a client finds this DER signature good. Their builds have no curve but P-256. */
export function clientVerifies(key: KeyObject, signed: Uint8Array, signature: Uint8Array): boolean {
  if (key.asymmetricKeyType === 'rsa') return verify('sha256', signed, key, signature);
  const raw = isP256(key) ? looseSignature(signature) : undefined;
  return raw !== undefined && verify('sha256', signed, key, derSignature(raw));
}
