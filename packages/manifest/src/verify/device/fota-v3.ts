import { der } from '@mooring/pki';
import { derSignature } from '../../signing/ecdsa-value.ts';
import { isEncryptedFormat, payloadFormatsV3 } from '../../v3/schema.ts';
import type { Checks } from '../verdict.ts';
import { DerCursor } from './der-cursor.ts';
import type { ClientBuild, FieldedDevice } from './device.ts';
import { checkId, deltaFormat, digestSize, type FirmwareInfo, updateKey } from './firmware-info.ts';
import { Crash, Refusal, readOrRefuse } from './fota-status.ts';
import { clientVerifies } from './signature.ts';

const { tags } = der;
const componentNameSize = 9;
const versionTextSize = 12;
const maxPart = 999n;

const cString = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
};

/** C's `strtol` in base 10: the number and where it ends, which is where it began if there is none. */
function leadingNumber(text: string, from: number): { value: bigint; end: number } {
  const [whole = '', digits] = /^[ \t\n\v\f\r]*([+-]?\d+)/.exec(text.slice(from)) ?? [];
  return digits === undefined ? { value: 0n, end: from } : { value: BigInt(digits), end: from + whole.length };
}

/** The client's own reading of `1.2.3`: three numbers with one byte, any byte, between them. */
function versionOf(bytes: Uint8Array): bigint {
  const text = Buffer.from(bytes).toString('latin1').padEnd(versionTextSize, '\0');
  const parts: bigint[] = [];
  for (let at = 0; parts.length < 3; ) {
    const { value, end } = leadingNumber(text, at);
    parts.push(value);
    at = end + 1;
  }
  const [major = 0n, minor = 0n, patch = 0n] = parts;
  if (parts.some((part) => part < 0n || part > maxPart)) {
    throw new Refusal('INTERNAL_ERROR', 'payload-version', 'a part is not from 0 to 999');
  }
  return (1n << 55n) | (major << 40n) | (minor << 16n) | patch;
}

function isSupported(format: number, { delta = true, combined = false, encryption = false }: ClientBuild): boolean {
  switch (format) {
    case payloadFormatsV3['raw-binary']:
      return true;
    case payloadFormatsV3['arm-patch-stream']:
      return delta;
    case payloadFormatsV3.combined:
      return combined;
    case payloadFormatsV3['encrypted-combined']:
      return combined && encryption;
    default:
      return isEncryptedFormat(format) && format === payloadFormatsV3['encrypted-raw'] && encryption;
  }
}

function octets(cursor: DerCursor, end: number, field: string): Uint8Array {
  readOrRefuse(cursor.tag(end, tags.octetString), field);
  const { content } = cursor;
  cursor.skip();
  return content;
}

function text(cursor: DerCursor, end: number, field: string, room: number): Uint8Array {
  readOrRefuse(cursor.tag(end, tags.utf8String), field);
  if (cursor.length >= room) throw new Refusal('MANIFEST_MALFORMED', field, `${cursor.length} bytes are too long`);
  const { content } = cursor;
  cursor.skip();
  return content;
}

function digest(cursor: DerCursor, end: number, field: string): Uint8Array {
  const found = octets(cursor, end, field);
  if (found.length !== digestSize) throw new Refusal('INTERNAL_CRYPTO_ERROR', field, 'not of 32 bytes');
  return found;
}

function manifest(cursor: DerCursor, end: number, device: FieldedDevice, checks: Checks): FirmwareInfo {
  const { build = {} } = device;
  readOrRefuse(cursor.tag(end, tags.octetString), 'vendor-id');
  checkId('MANIFEST_WRONG_VENDOR_ID', 'vendor id', cursor.content, device.vendorId);
  checks.add('vendor id', true, 'that of the device');
  cursor.skip();
  readOrRefuse(cursor.tag(end, tags.octetString), 'class-id');
  checkId('MANIFEST_WRONG_CLASS_ID', 'class id', cursor.content, device.classId);
  checks.add('class id', true, 'that of the device');
  cursor.skip();
  readOrRefuse(cursor.int(end), 'update-priority');
  const componentName = cString(text(cursor, end, 'component-name', componentNameSize));
  const version = versionOf(text(cursor, end, 'payload-version', versionTextSize));
  if (octets(cursor, end, 'payload-digest').length > digestSize) {
    throw new Refusal('INTERNAL_CRYPTO_ERROR', 'payload-digest', 'longer than 32 bytes');
  }
  readOrRefuse(cursor.int(end), 'payload-size');
  readOrRefuse(cursor.tag(end, tags.utf8String), 'payload-uri');
  if (cursor.length >= (build.uriSize ?? 256)) {
    throw new Refusal('MANIFEST_INVALID_URI', 'payload-uri', `${cursor.length} bytes are too long`);
  }
  cursor.skip();
  readOrRefuse(cursor.enumerated(end), 'payload-format');
  const payloadFormat = Number(cursor.value);
  if (!isSupported(payloadFormat, build)) {
    throw new Refusal('MANIFEST_PAYLOAD_UNSUPPORTED', 'payload-format', `format ${payloadFormat} is not supported`);
  }
  if (cursor.tag(end, tags.octetString) === 0) {
    if (build.signedImages && cursor.length !== 64) {
      throw new Refusal('MANIFEST_MALFORMED', 'installed-signature', `${cursor.length} bytes, not 64`);
    }
    cursor.skip();
  }
  let precursorDigest: Uint8Array = new Uint8Array(digestSize);
  if (payloadFormat !== payloadFormatsV3['raw-binary'] && (build.delta !== false || build.encryption)) {
    readOrRefuse(cursor.tag(end, tags.sequence), 'payload-metadata');
    const metadataEnd = cursor.at + cursor.length;
    readOrRefuse(cursor.int(metadataEnd), 'payload-metadata.installed-size');
    digest(cursor, metadataEnd, 'payload-metadata.installed-digest');
    if (payloadFormat === deltaFormat) {
      precursorDigest = digest(cursor, metadataEnd, 'payload-metadata.precursor-digest');
    }
    cursor.at = metadataEnd;
  }
  if (cursor.tag(end, tags.octetString) === 0) {
    if (cursor.length > (build.vendorDataSize ?? 0)) {
      throw new Refusal('MANIFEST_CUSTOM_DATA_TOO_BIG', 'vendor-data', `${cursor.length} bytes are too many`);
    }
    cursor.skip();
  }
  if (cursor.at !== end) throw new Crash('SIGABRT', 'manifest', 'something stands after the last field');
  checks.add('fields', true, 'readable');
  return { componentName, version, payloadFormat, precursorDigest };
}

/** Order of fota_manifest_v3.c: version, signature, then the fields one after the other. */
export function readManifestV3(bytes: Uint8Array, device: FieldedDevice, checks: Checks): FirmwareInfo {
  const cursor = new DerCursor(bytes);
  readOrRefuse(cursor.tag(bytes.length, tags.sequence), 'signed resource');
  const end = cursor.at + cursor.length;
  readOrRefuse(cursor.enumerated(end), 'manifest-version');
  if (cursor.value !== 3n) {
    throw new Refusal('MANIFEST_SCHEMA_UNSUPPORTED', 'manifest-version', `schema ${cursor.value} is not schema 3`);
  }
  const signedStart = cursor.at;
  readOrRefuse(cursor.tag(end, tags.sequence), 'manifest');
  const manifestStart = cursor.at;
  cursor.skip();
  const manifestEnd = cursor.at;
  const signature = octets(cursor, end, 'signature');
  if (signature.length !== 64) throw new Crash('SIGABRT', 'signature', `${signature.length} bytes, not 64`);
  if (!clientVerifies(updateKey(device), bytes.subarray(signedStart, manifestEnd), derSignature(signature))) {
    throw new Refusal('MANIFEST_SIGNATURE_INVALID', 'signature', 'not made by the key of the update certificate');
  }
  checks.add('signature', true, 'made by the key of the update certificate');
  cursor.at = manifestStart;
  return manifest(cursor, manifestEnd, device, checks);
}
