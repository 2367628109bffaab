import type { Der } from '@mooring/pki';
import { manifestErrors } from '../errors.ts';
import { sha256 } from '../signing/signer.ts';
import { encodeResourceV1, encodeSignedV1 } from '../v1/encode.ts';
import { type ManifestV1, preSharedKeyMode } from '../v1/schema.ts';
import { pskIdOf, pskOf } from './derive.ts';
import { type DeviceEntry, encodeKeyTable } from './key-table.ts';
import { ivSize, sealRecord } from './record.ts';

/** Where a device finds the table that travels beside the manifest. */
export const keyTableReference = 'thismessage://1';

export interface AuthenticatedManifest {
  manifest: Der;
  entries: DeviceEntry[];
  /** The entries in their protobuf form. */
  table: Uint8Array;
}

/**
 * A manifest that devices check with their pre-shared keys: no signature, one MAC block, and a table with a record for
 * each device, all sealed with the one initialization vector that stands in the block.
 *
 * @param manifest its encryption mode is set to the one for pre-shared keys
 * @param iv 13 random bytes
 * @throws MooringError `manifest.field.invalid`
 */
export function authenticateV1(
  manifest: ManifestV1,
  { master, endpoints, iv }: { master: Uint8Array; endpoints: readonly string[]; iv: Uint8Array },
): AuthenticatedManifest {
  if (
    endpoints.length === 0 ||
    iv.length !== ivSize ||
    manifest.vendorId.length !== 16 ||
    manifest.classId.length !== 16
  ) {
    throw manifestErrors('manifest.field.invalid', {
      message: 'Pre-shared keys need the endpoint name of one device at least, a vendor id and a class id.',
      next: 'Name the devices, and give both ids.',
    });
  }
  const resourceTlv = encodeResourceV1({ ...manifest, encryptionMode: preSharedKeyMode });
  const hash = sha256(resourceTlv);
  const entries = endpoints.map((urn) => ({
    urn,
    opaque: sealRecord(pskOf(master, urn, manifest.vendorId, manifest.classId), iv, { hash }),
  }));
  const mac = {
    pskId: pskIdOf(master),
    keyTableVersion: 0,
    keyTableIv: iv,
    keyTableRef: keyTableReference,
    keyTableIndexSize: Math.max(...entries.map(({ urn }) => Buffer.byteLength(urn))),
    keyTableRecordSize: Math.max(...entries.map(({ opaque }) => opaque.length)),
  };
  return {
    manifest: encodeSignedV1(resourceTlv, { hash, signatures: [], macs: [mac] }),
    entries,
    table: encodeKeyTable(entries),
  };
}
