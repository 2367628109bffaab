import { hkdfSync } from 'node:crypto';
import { sha256 } from '../signing/signer.ts';

/**
 * The key of one device: HKDF-SHA-256 (RFC 5869), 16 bytes, salt the master key, keyed with the endpoint name, info
 * `Authentication` ‖ vendor id ‖ class id.
 */
export function pskOf(master: Uint8Array, endpoint: string, vendorId: Uint8Array, classId: Uint8Array): Uint8Array {
  const info = Buffer.concat([Buffer.from('Authentication'), vendorId, classId]);
  return new Uint8Array(hkdfSync('sha256', Buffer.from(endpoint, 'utf8'), master, info, 16));
}

/** What names a master key in manifests and on devices. */
export const pskIdOf = (master: Uint8Array): Uint8Array => sha256(master);
