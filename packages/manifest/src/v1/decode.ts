import { type Der, der } from '@mooring/pki';
import { manifestErrors } from '../errors.ts';
import { FieldReader } from '../field-reader.ts';
import type {
  CertificateReference,
  EncryptionInfo,
  MacBlock,
  ManifestV1,
  PayloadDescription,
  ResourceAlias,
  ResourceReference,
  ResourceSignatureV1,
  ResourceV1,
  SignatureBlock,
  SignedResourceV1,
} from './schema.ts';

export interface DecodeOptions {
  /**
   * `strict` refuses bytes after the end and ids that are not of 16 bytes. `tool` takes both, as `parse` and `verify`
   * of the original tools do: scripts feed them padded files. DER is checked to the last bit either way.
   */
  reading?: 'strict' | 'tool';
}

export interface DecodedV1 {
  value: SignedResourceV1;
  /** The resource as it stood in the input, header included: what is hashed and signed. */
  resourceTlv: Der;
  /** What follows the manifest; always empty in a strict reading. */
  rest: Uint8Array;
}

// Optional fields are set afterwards and not spread into place: spreading took a tenth of the time of verifying.

function resourceReference(fields: FieldReader): ResourceReference {
  const hash = fields.octets('hash');
  const uri = fields.optionalUtf8('uri');
  const size = fields.count('size');
  return uri === undefined ? { hash, size } : { hash, uri, size };
}

function certificateReference(fields: FieldReader): CertificateReference {
  return { fingerprint: fields.octets('fingerprint'), uri: fields.utf8('uri') };
}

function encryptionInfo(fields: FieldReader): EncryptionInfo {
  const initVector = fields.octets('initVector');
  const id =
    fields.peek() === der.tags.sequence
      ? { certificate: fields.structure('id.certificate', certificateReference) }
      : { key: fields.octets('id.key') };
  if (fields.done) return { initVector, id };
  const keyTable = fields.optionalUtf8('key.keyTable');
  return { initVector, id, key: keyTable === undefined ? { cipherKey: fields.octets('key.cipherKey') } : { keyTable } };
}

function payloadDescription(fields: FieldReader): PayloadDescription {
  const format = fields.enumeratedOrIdentifier('format');
  const encryption = fields.optionalStructure('encryptionInfo', encryptionInfo);
  const storageIdentifier = fields.utf8('storageIdentifier');
  const reference = fields.structure('reference', resourceReference);
  const payload: PayloadDescription = { format, storageIdentifier, reference };
  if (encryption) payload.encryptionInfo = encryption;
  const installedSize = fields.optionalCount('installedSize');
  if (installedSize !== undefined) payload.installedSize = installedSize;
  const installedDigest = fields.optionalOctets('installedDigest');
  if (installedDigest) payload.installedDigest = installedDigest;
  const version = fields.optionalUtf8('version');
  if (version !== undefined) payload.version = version;
  return payload;
}

function applyPeriod(fields: FieldReader): { validFrom: bigint; validTo: bigint } {
  return { validFrom: fields.whole('validFrom'), validTo: fields.whole('validTo') };
}

function alias(fields: FieldReader): ResourceAlias {
  return { hash: fields.octets('hash'), uri: fields.utf8('uri') };
}

function manifest(fields: FieldReader, idSize: number | undefined): ManifestV1 {
  const manifestVersion = fields.enumerated('manifestVersion');
  const description = fields.optionalUtf8('description');
  const timestamp = fields.whole('timestamp');
  const vendorId = fields.sizedOctets('vendorId', idSize);
  const classId = fields.sizedOctets('classId', idSize);
  const deviceId = fields.sizedOctets('deviceId', idSize);
  const nonce = fields.octets('nonce');
  const vendorInfo = fields.octets('vendorInfo');
  const precursorDigest = fields.optionalOctets('precursorDigest');
  const period = fields.optionalStructure('applyPeriod', applyPeriod);
  const applyImmediately = fields.flag('applyImmediately');
  const priority = fields.optionalCount('priority', Number.MIN_SAFE_INTEGER);
  const encryptionMode = fields.enumeratedOrIdentifier('encryptionMode');
  const aliases = fields.list('aliases', alias);
  const dependencies = fields.list('dependencies', resourceReference);
  const payload = fields.optionalStructure('payload', payloadDescription);
  const read: ManifestV1 = {
    manifestVersion,
    timestamp,
    vendorId,
    classId,
    deviceId,
    nonce,
    vendorInfo,
    applyImmediately,
    encryptionMode,
    aliases,
    dependencies,
  };
  if (description !== undefined) read.description = description;
  if (precursorDigest) read.precursorDigest = precursorDigest;
  if (period) read.applyPeriod = period;
  if (priority !== undefined) read.priority = priority;
  if (payload) read.payload = payload;
  return read;
}

function resource(fields: FieldReader, idSize: number | undefined): ResourceV1 {
  const uri = fields.optionalUtf8('uri');
  const resourceType = fields.enumerated('resourceType');
  const content =
    fields.peek() === der.tags.octetString
      ? fields.octets('resource.payload')
      : fields.structure('resource.manifest', (inner) => manifest(inner, idSize));
  return uri === undefined ? { resourceType, resource: content } : { uri, resourceType, resource: content };
}

function signatureBlock(fields: FieldReader): SignatureBlock {
  return {
    signature: fields.octets('signature'),
    certificates: fields.list('certificates', certificateReference),
  };
}

function macBlock(fields: FieldReader): MacBlock {
  const pskId = fields.octets('pskID');
  const keyTableVersion = fields.count('keyTableVersion', Number.MIN_SAFE_INTEGER);
  const keyTableIv = fields.optionalOctets('keyTableIV');
  const keyTableRef = fields.optionalUtf8('keyTableRef');
  const keyTableIndexSize = fields.count('keyTableIndexSize');
  const keyTableRecordSize = fields.count('keyTableRecordSize');
  const mac: MacBlock = { pskId, keyTableVersion, keyTableIndexSize, keyTableRecordSize };
  if (keyTableIv) mac.keyTableIv = keyTableIv;
  if (keyTableRef !== undefined) mac.keyTableRef = keyTableRef;
  return mac;
}

function resourceSignature(fields: FieldReader): ResourceSignatureV1 {
  const signature: ResourceSignatureV1 = {
    hash: fields.octets('hash'),
    signatures: fields.list('signatures', signatureBlock),
  };
  if (fields.peek() === der.tags.sequence) signature.macs = fields.list('macs', macBlock);
  return signature;
}

/** Bytes after the end: none in a strict reading. */
export function restAfter(input: Uint8Array, end: number, reading: 'strict' | 'tool'): Uint8Array {
  const rest = input.subarray(end);
  if (reading === 'strict' && rest.length > 0) {
    throw manifestErrors('manifest.trailing.data', {
      message: `The manifest ends at byte ${end}, but ${rest.length} more bytes follow.`,
      next: `Check where the file comes from; the manifest itself is its first ${end} bytes.`,
      data: { offset: end, size: rest.length },
    });
  }
  return rest;
}

/** @throws MooringError `manifest.malformed` with field and byte offset, `manifest.trailing.data` */
export function decodeV1(input: Uint8Array, { reading = 'strict' }: DecodeOptions = {}): DecodedV1 {
  const idSize = reading === 'strict' ? 16 : undefined;
  const reader = new FieldReader(input);
  const { value, resourceTlv } = reader.structure('', (fields) => {
    const start = fields.offset;
    const whole = fields.structure('resource', (inner) => resource(inner, idSize));
    const resourceTlv = fields.since(start);
    const value: SignedResourceV1 = { resource: whole, signature: fields.structure('signature', resourceSignature) };
    return { value, resourceTlv };
  });
  return { value, resourceTlv, rest: restAfter(input, reader.offset, reading) };
}
