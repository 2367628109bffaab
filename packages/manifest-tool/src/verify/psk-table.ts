import { createHash } from 'node:crypto';
import { type DecodedV1, decodeKeyTable, openRecord, pskIdOf, pskOf } from '@mooring/manifest';
import { isMooringError } from '@mooring/platform';
import type { ArgumentFile } from '../argument-file.ts';
import type { Log } from '../log.ts';
import { refuse } from './check.ts';

/** A table in either of its forms: protobuf, or lines of `HEX-OF-NAME,HEX-OF-RECORD`. */
function entriesOf(data: Uint8Array) {
  const text = Buffer.from(data).toString('latin1');
  if (!/^(?:[0-9a-f]+,[0-9a-f]+\n)+$/.test(text)) return decodeKeyTable(data);
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [urn = '', opaque = ''] = line.split(',').map((part) => Buffer.from(part, 'hex'));
      return { urn: urn.toString(), opaque: new Uint8Array(opaque as Buffer) };
    });
}

/**
 * Checks a manifest that is authenticated with pre-shared keys: every record of its table opens with the key of its
 * device, and holds the hash of this manifest.
 *
 * @throws MooringError `verify.refused`
 */
export function checkPskTable(
  { value, resourceTlv }: DecodedV1,
  table: ArgumentFile,
  master: ArgumentFile,
  log: Log,
): string[] {
  const mac = value.signature.macs?.[0];
  const manifest = value.resource.resource;
  if (!mac?.keyTableIv || manifest instanceof Uint8Array) {
    throw refuse('psk', 'The manifest is not authenticated with pre-shared keys', 'Leave --psk-table out.');
  }
  if (Buffer.compare(mac.pskId, pskIdOf(master.data)) !== 0) {
    throw refuse(
      'psk',
      `The manifest was made with another master key than the one in ${master.file}`,
      'Use that one.',
    );
  }
  const hash = createHash('sha256').update(resourceTlv).digest();
  const devices: string[] = [];
  for (const { urn, opaque } of entriesOf(table.data)) {
    let found: Uint8Array | undefined;
    try {
      found = openRecord(pskOf(master.data, urn, manifest.vendorId, manifest.classId), mac.keyTableIv, opaque).hash;
    } catch (error) {
      if (!isMooringError(error)) throw error;
    }
    if (!found || Buffer.compare(found, hash) !== 0) {
      throw refuse('psk', `The record of ${urn} in ${table.file} does not belong to this manifest`, 'Make both anew.');
    }
    log.info(`Authentication for ${urn}: OK`);
    devices.push(urn);
  }
  if (devices.length === 0) {
    throw refuse('psk', `There is no device in ${table.file}`, 'Give the table that was made with the manifest.');
  }
  return devices;
}
