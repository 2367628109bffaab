import { createCipheriv, createDecipheriv } from 'node:crypto';
import { type Der, der } from '@mooring/pki';
import { manifestErrors } from '../errors.ts';
import { FieldReader } from '../field-reader.ts';

/** What a device finds in its record: the hash that stands for a signature, and a key where the payload is encrypted. */
export interface KeyTableEntry {
  hash?: Uint8Array;
  payloadKey?: Uint8Array;
}

export const ivSize = 13;
const tagSize = 16;

const hashTag = der.contextTag(0, false);
const payloadKeyTag = der.contextTag(1, false);

/** `SEQUENCE { hash [0] IMPLICIT OCTET STRING OPTIONAL, payloadKey [1] IMPLICIT OCTET STRING OPTIONAL }` */
export const encodeEntry = ({ hash, payloadKey }: KeyTableEntry): Der =>
  der.sequence(
    ...(hash ? [der.encode(hashTag, hash)] : []),
    ...(payloadKey ? [der.encode(payloadKeyTag, payloadKey)] : []),
  );

export function decodeEntry(bytes: Uint8Array): KeyTableEntry {
  const reader = new FieldReader(bytes, 'the key table entry');
  const entry = reader.structure('', (fields): KeyTableEntry => {
    const hash = fields.optionalOctets('hash', hashTag);
    const payloadKey = fields.optionalOctets('payloadKey', payloadKeyTag);
    return { ...(hash && { hash }), ...(payloadKey && { payloadKey }) };
  });
  reader.finish();
  return entry;
}

/**
 * One device's record: an OCTET STRING around AES-128-CCM (13-byte IV, 16-byte tag, no additional data) of the entry.
 *
 * @param iv must never serve twice with one key: every table gets a new random one
 */
export function sealRecord(psk: Uint8Array, iv: Uint8Array, entry: KeyTableEntry): Der {
  const plain = encodeEntry(entry);
  const cipher = createCipheriv('aes-128-ccm', psk, iv, { authTagLength: tagSize });
  const sealed = cipher.update(plain);
  cipher.final();
  return der.octetString(Buffer.concat([sealed, cipher.getAuthTag()]));
}

/** @throws MooringError `manifest.malformed`, `manifest.key.table.malformed`, `manifest.key.table.refused` */
export function openRecord(psk: Uint8Array, iv: Uint8Array, record: Uint8Array): KeyTableEntry {
  const reader = new FieldReader(record, 'the key table record');
  const sealed = reader.octets('');
  reader.finish();
  if (sealed.length < tagSize || iv.length !== ivSize) {
    throw manifestErrors('manifest.key.table.malformed', {
      message: `A record of ${sealed.length} bytes with an initialization vector of ${iv.length} bytes is too short.`,
      next: 'Check that table and manifest belong together and are complete.',
    });
  }
  const decipher = createDecipheriv('aes-128-ccm', psk, iv, { authTagLength: tagSize });
  decipher.setAuthTag(sealed.subarray(sealed.length - tagSize));
  try {
    const plain = decipher.update(sealed.subarray(0, sealed.length - tagSize));
    decipher.final();
    return decodeEntry(plain);
  } catch (cause) {
    if (cause instanceof Error && 'next' in cause) throw cause;
    throw manifestErrors('manifest.key.table.refused', {
      message: 'The record does not open with this pre-shared key: key, table and manifest do not belong together.',
      next: 'Check endpoint name, vendor id, class id and master key.',
      cause,
    });
  }
}
