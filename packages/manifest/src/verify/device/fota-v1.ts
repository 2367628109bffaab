import { der } from '@mooring/pki';
import type { Checks } from '../verdict.ts';
import { DerCursor, derErrors } from './der-cursor.ts';
import { type FieldedDevice, mainComponent } from './device.ts';
import { checkId, deltaFormat, digestSize, type FirmwareInfo, updateKey } from './firmware-info.ts';
import { Crash, Refusal, readOrRefuse } from './fota-status.ts';
import { clientVerifies } from './signature.ts';

const { tags } = der;
const rawFormat = 1;
const schemaVersion = 1n;

/** An OPTIONAL as this client reads it: whatever is wrong but the tag goes unnoticed, and the length is stepped over. */
function optional(cursor: DerCursor, end: number, tag: number): void {
  if (cursor.tag(end, tag) !== derErrors.unexpectedTag) cursor.skip();
}

function octets(cursor: DerCursor, end: number, field: string): Uint8Array {
  readOrRefuse(cursor.tag(end, tags.octetString), field);
  const { content } = cursor;
  cursor.skip();
  return content;
}

/** Aliases and dependencies: only empty lists are understood; what is in others is taken for the fields that follow. */
function emptyList(cursor: DerCursor, end: number, field: string): void {
  const error = cursor.sequenceOf(end, []);
  if (error !== derErrors.lengthMismatch) readOrRefuse(error, field);
}

function payload(cursor: DerCursor, end: number, device: FieldedDevice): number {
  readOrRefuse(cursor.enumerated(end), 'payload.format');
  const format = Number(cursor.value);
  if (format !== deltaFormat && format !== rawFormat) {
    throw new Refusal('MANIFEST_PAYLOAD_UNSUPPORTED', 'payload.format', `format ${format} is not supported`);
  }
  readOrRefuse(cursor.tag(end, tags.utf8String), 'payload.storageIdentifier');
  cursor.skip();
  readOrRefuse(cursor.tag(end, tags.sequence), 'payload.reference');
  if (octets(cursor, end, 'payload.reference.hash').length > digestSize) {
    throw new Refusal('MANIFEST_MALFORMED', 'payload.reference.hash', 'longer than 32 bytes');
  }
  readOrRefuse(cursor.tag(end, tags.utf8String), 'payload.reference.uri');
  if (cursor.length >= (device.build?.uriSize ?? 256)) {
    throw new Refusal('MANIFEST_INVALID_URI', 'payload.reference.uri', `${cursor.length} bytes are too long`);
  }
  cursor.skip();
  readOrRefuse(cursor.int(end), 'payload.reference.size');
  if (format === deltaFormat) {
    readOrRefuse(cursor.int(end), 'payload.installedSize');
    if (octets(cursor, end, 'payload.installedDigest').length !== digestSize) {
      throw new Refusal('MANIFEST_MALFORMED', 'payload.installedDigest', 'not of 32 bytes');
    }
  }
  return format;
}

function manifest(cursor: DerCursor, end: number, device: FieldedDevice, checks: Checks): FirmwareInfo {
  readOrRefuse(cursor.enumerated(end), 'manifestVersion');
  if (cursor.value !== schemaVersion) {
    throw new Refusal('MANIFEST_SCHEMA_UNSUPPORTED', 'manifestVersion', `schema ${cursor.value} is not schema 1`);
  }
  optional(cursor, end, tags.utf8String);
  readOrRefuse(cursor.int64(end), 'timestamp');
  const version = cursor.value;
  readOrRefuse(cursor.tag(end, tags.octetString), 'vendorId');
  checkId('MANIFEST_WRONG_VENDOR_ID', 'vendor id', cursor.content, device.vendorId);
  checks.add('vendor id', true, 'that of the device');
  cursor.skip();
  readOrRefuse(cursor.tag(end, tags.octetString), 'classId');
  checkId('MANIFEST_WRONG_CLASS_ID', 'class id', cursor.content, device.classId);
  checks.add('class id', true, 'that of the device');
  cursor.skip();
  octets(cursor, end, 'deviceId');
  octets(cursor, end, 'nonce');
  if (cursor.tag(end, tags.octetString) === 0) {
    if (cursor.length > (device.build?.vendorDataSize ?? 0)) {
      throw new Refusal('MANIFEST_CUSTOM_DATA_TOO_BIG', 'vendorInfo', `${cursor.length} bytes are too many`);
    }
    cursor.skip();
  }
  let precursorDigest: Uint8Array = new Uint8Array(digestSize);
  if (cursor.tag(end, tags.octetString) !== derErrors.unexpectedTag) {
    if (cursor.length !== digestSize) throw new Refusal('INTERNAL_CRYPTO_ERROR', 'precursorDigest', 'not of 32 bytes');
    precursorDigest = cursor.content;
    cursor.skip();
  }
  readOrRefuse(cursor.tag(end, tags.boolean), 'applyImmediately');
  cursor.skip();
  // An error in the priority is not looked at; it shows in what comes next.
  cursor.int(end);
  readOrRefuse(cursor.tag(end, tags.enumerated), 'encryptionMode');
  cursor.skip();
  emptyList(cursor, end, 'aliases');
  emptyList(cursor, end, 'dependencies');
  if (cursor.tag(end, tags.sequence) === derErrors.outOfData) cursor.at += 2;
  const payloadFormat = payload(cursor, end, device);
  checks.add('fields', true, 'readable');
  return { componentName: mainComponent, version, payloadFormat, precursorDigest };
}

/** Order of fota_manifest_v1.c: outer form, signature, then the fields one after the other. */
export function readManifestV1(bytes: Uint8Array, device: FieldedDevice, checks: Checks): FirmwareInfo {
  const cursor = new DerCursor(bytes);
  readOrRefuse(cursor.tag(bytes.length, tags.sequence), 'signed resource');
  const signedStart = cursor.at;
  // What follows is not looked at: the client's buffer may be larger than the manifest.
  const end = cursor.at + cursor.length;
  readOrRefuse(cursor.tag(end, tags.sequence), 'resource');
  const resourceStart = cursor.at;
  cursor.skip();
  const signed = bytes.subarray(signedStart, cursor.at);
  readOrRefuse(cursor.tag(end, tags.sequence), 'signature');
  octets(cursor, end, 'signature.hash');
  const blocks: number[] = [];
  readOrRefuse(cursor.sequenceOf(end, blocks), 'signature.signatures');
  const [block] = blocks;
  if (block === undefined) throw new Crash('SIGSEGV', 'signature.signatures', 'an empty list is followed to nowhere');
  cursor.at = block;
  readOrRefuse(cursor.tag(end, tags.octetString), 'signature.signatures[0]');
  if (!clientVerifies(updateKey(device), signed, cursor.content)) {
    throw new Refusal('MANIFEST_SIGNATURE_INVALID', 'signature', 'not made by the key of the update certificate');
  }
  checks.add('signature', true, 'made by the key of the update certificate');
  if (blocks.length > 1) throw new Refusal('MANIFEST_MALFORMED', 'signature.signatures', 'more than one signature');
  cursor.at = resourceStart;
  optional(cursor, end, tags.utf8String);
  readOrRefuse(cursor.enumerated(end), 'resourceType');
  if (cursor.value !== 0n) throw new Refusal('MANIFEST_MALFORMED', 'resourceType', `${cursor.value} is not a manifest`);
  readOrRefuse(cursor.tag(end, tags.sequence), 'resource.manifest');
  return manifest(cursor, cursor.at + cursor.length, device, checks);
}
