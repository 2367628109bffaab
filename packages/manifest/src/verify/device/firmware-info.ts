import type { KeyObject } from 'node:crypto';
import { type FieldedDevice, sameBytes } from './device.ts';
import { Refusal } from './fota-status.ts';
import { certificateKey } from './signature.ts';

/** What the client keeps of a manifest that it could read. */
export interface FirmwareInfo {
  componentName: string;
  version: bigint;
  payloadFormat: number;
  precursorDigest: Uint8Array;
}

export const deltaFormat = 5;
export const digestSize = 32;

/** The two ids, as both schemas have them checked: exactly 16 bytes, exactly those. */
export function checkId(
  status: 'MANIFEST_WRONG_VENDOR_ID' | 'MANIFEST_WRONG_CLASS_ID',
  field: string,
  found: Uint8Array,
  own: Uint8Array,
): void {
  if (found.length !== 16 || !sameBytes(found, own)) {
    throw new Refusal(status, field, `${Buffer.from(found).toString('hex') || 'nothing'} is not the id of the device`);
  }
}

export function updateKey(device: FieldedDevice): KeyObject {
  const key = certificateKey(device.certificates[0]);
  if (!key) throw new Refusal('INTERNAL_CRYPTO_ERROR', 'update certificate', 'the device has none that can be read');
  return key;
}
