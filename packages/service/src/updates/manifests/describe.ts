import { createHash } from 'node:crypto';
import {
  type DecodedManifest,
  type DecodedV1,
  type DecodedV3,
  decodeManifest,
  encryptionModes,
  isVersion,
  manifestOf,
  payloadFormatNameV3,
  payloadFormatsV1,
  versionText,
} from '@mooring/manifest';
import { isMooringError } from '@mooring/platform';
import type { Row } from '../../storage/schema.ts';
import { updateErrors } from '../errors.ts';

/** Bytes of a manifest, as in the old service. */
export const largestManifest = 2048;

/** What the directory keeps of the fields of a manifest. */
export type ManifestFacts = Omit<
  Row<'firmware_manifests'>,
  'id' | 'account_id' | 'name' | 'description' | 'data' | 'size' | 'link' | 'key_table' | 'created_at' | 'updated_at'
>;

const refuse = (reason: string, next: string, cause?: unknown) =>
  updateErrors('update.manifest.invalid', {
    message: `The manifest cannot be used: ${reason}`,
    next,
    ...(cause === undefined ? {} : { cause }),
    data: { fields: [{ name: 'datafile', message: reason }] },
  });

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const hexOrNull = (bytes: Uint8Array | undefined): string | null => (bytes && bytes.length > 0 ? hex(bytes) : null);

function uuidOf(id: Uint8Array): string | null {
  return id.length === 16 ? hex(id).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : null;
}

/** Limits of the clients in the field (fota_manifest.h, arm_uc_types.h), with the name of what is too long. */
function checkLength(name: string, text: string, most: number): void {
  const length = Buffer.byteLength(text);
  if (length <= most) return;
  throw refuse(`${name} has ${length} bytes, and devices have room for ${most}.`, 'Make it shorter.');
}

const lastTime = 8_640_000_000_000n;

function describeV1({ value, resourceTlv }: DecodedV1): ManifestFacts {
  const manifest = manifestOf(value.resource);
  if (!manifest) throw refuse('it carries a payload in place of a manifest.', 'Upload the manifest itself.');
  const { payload, encryptionMode: mode } = manifest;
  if (createHash('sha256').update(resourceTlv).digest('hex') !== hex(value.signature.hash)) {
    throw refuse('its hash is not that of its content.', 'It was changed or damaged; make it again.');
  }
  const { signatures, macs = [] } = value.signature;
  if (signatures.length === 0 && macs.length === 0) {
    throw refuse('it is not signed, and no device takes it.', 'Sign it, or make it with the update certificate.');
  }
  if (typeof mode === 'number' && encryptionModes[mode] === 'none-none-sha256') {
    throw refuse('it says that it is not signed (none-none-sha256), and no device takes that.', 'Make it signed.');
  }
  if (!payload) throw refuse('it names no payload.', 'Make it with a payload.');
  checkLength('The payload URI', payload.reference.uri ?? '', 255);
  const isDelta = typeof payload.format === 'number' && payloadFormatsV1[payload.format] === 'bsdiff-stream';
  const digest = hexOrNull(payload.reference.hash);
  const { timestamp } = manifest;
  return {
    schema_version: '1',
    device_class: uuidOf(manifest.classId),
    device_vendor: uuidOf(manifest.vendorId),
    timestamp: timestamp > 0n && timestamp < lastTime ? Number(timestamp) * 1000 : null,
    priority: manifest.priority ?? null,
    component: null,
    // What the device shows as its version: seconds, or a version that is coded as a number.
    payload_version: versionText(timestamp) ?? String(timestamp),
    payload_uri: payload.reference.uri ?? null,
    payload_digest: digest,
    payload_size: payload.reference.size,
    payload_type: isDelta ? 'delta' : 'full',
    installed_digest: hexOrNull(payload.installedDigest) ?? (isDelta ? null : digest),
    precursor_digest: hexOrNull(manifest.precursorDigest),
    signed_by: hexOrNull(signatures[0]?.certificates[0]?.fingerprint),
  };
}

function describeV3({ value }: DecodedV3): ManifestFacts {
  const { manifest, signature } = value;
  if (value.manifestVersion !== 3) throw refuse(`it is of schema ${value.manifestVersion}.`, 'Make it with schema 3.');
  if (signature.length !== 64) throw refuse('its signature has not 64 bytes.', 'Make it again.');
  checkLength('The component name', manifest.componentName, 8);
  checkLength('The payload URI', manifest.payloadUri, 255);
  if (manifest.payloadUri === '') throw refuse('it names no payload.', 'Make it with the address of the image.');
  if (!isVersion(manifest.payloadVersion)) {
    throw refuse(`its version ${JSON.stringify(manifest.payloadVersion)} is not of the form 1.2.3.`, 'Make it again.');
  }
  const format = payloadFormatNameV3(manifest.payloadFormat);
  if (format === undefined)
    throw refuse(`no device knows its payload format ${manifest.payloadFormat}.`, 'Make it again.');
  const isDelta = format === 'arm-patch-stream';
  const digest = hexOrNull(manifest.payloadDigest);
  return {
    schema_version: '3',
    device_class: uuidOf(manifest.classId),
    device_vendor: uuidOf(manifest.vendorId),
    timestamp: null,
    priority: manifest.updatePriority,
    component: manifest.componentName,
    payload_version: manifest.payloadVersion,
    payload_uri: manifest.payloadUri,
    payload_digest: digest,
    payload_size: manifest.payloadSize,
    payload_type: isDelta ? 'delta' : 'full',
    installed_digest: hexOrNull(manifest.payloadMetadata?.installedDigest) ?? digest,
    precursor_digest: hexOrNull(manifest.payloadMetadata?.precursorDigest),
    signed_by: null,
  };
}

/** @throws MooringError `update.manifest.invalid` for what is no manifest, and for one that every device would refuse */
export function describeManifest(bytes: Uint8Array): { facts: ManifestFacts; decoded: DecodedManifest } {
  if (bytes.length > largestManifest) {
    throw refuse(
      `it has ${bytes.length} bytes; ${largestManifest} are the most.`,
      'Upload the manifest, not the image.',
    );
  }
  let decoded: DecodedManifest;
  try {
    decoded = decodeManifest(bytes);
  } catch (error) {
    if (!isMooringError(error)) throw error;
    throw refuse(error.message, error.next ?? 'Upload the manifest in its DER form.', error);
  }
  return { facts: decoded.schema === 'v1' ? describeV1(decoded) : describeV3(decoded), decoded };
}

/** Every field, in a form that JSON has: byte strings as hex, large numbers as texts. */
export function plainManifest(bytes: Uint8Array): Record<string, unknown> {
  const { value } = decodeManifest(bytes);
  return JSON.parse(
    JSON.stringify(value, (_, field: unknown) => {
      if (typeof field === 'bigint') return Number.isSafeInteger(Number(field)) ? Number(field) : String(field);
      return field instanceof Uint8Array ? hex(field) : field;
    }),
  ) as Record<string, unknown>;
}
