import { type Der, der } from '@mooring/pki';
import { manifestErrors } from '../errors.ts';
import { FieldReader } from '../field-reader.ts';
import type {
  CertificateReference,
  EncryptionInfo,
  MacBlock,
  ManifestV1,
  PayloadDescription,
  ResourceReference,
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

/** An optional field as an object to spread, so that an absent field is an absent key. */
export function present<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

function resourceReference(fields: FieldReader): ResourceReference {
  return { hash: fields.octets('hash'), ...present('uri', fields.optionalUtf8('uri')), size: fields.count('size') };
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
  return {
    format: fields.enumeratedOrIdentifier('format'),
    ...present('encryptionInfo', fields.optionalStructure('encryptionInfo', encryptionInfo)),
    storageIdentifier: fields.utf8('storageIdentifier'),
    reference: fields.structure('reference', resourceReference),
    ...present('installedSize', fields.optionalCount('installedSize')),
    ...present('installedDigest', fields.optionalOctets('installedDigest')),
    ...present('version', fields.optionalUtf8('version')),
  };
}

function manifest(fields: FieldReader, idSize: number | undefined): ManifestV1 {
  return {
    manifestVersion: fields.enumerated('manifestVersion'),
    ...present('description', fields.optionalUtf8('description')),
    timestamp: fields.whole('timestamp'),
    vendorId: fields.sizedOctets('vendorId', idSize),
    classId: fields.sizedOctets('classId', idSize),
    deviceId: fields.sizedOctets('deviceId', idSize),
    nonce: fields.octets('nonce'),
    vendorInfo: fields.octets('vendorInfo'),
    ...present('precursorDigest', fields.optionalOctets('precursorDigest')),
    ...present(
      'applyPeriod',
      fields.optionalStructure('applyPeriod', (period) => ({
        validFrom: period.whole('validFrom'),
        validTo: period.whole('validTo'),
      })),
    ),
    applyImmediately: fields.flag('applyImmediately'),
    ...present('priority', fields.optionalCount('priority', Number.MIN_SAFE_INTEGER)),
    encryptionMode: fields.enumeratedOrIdentifier('encryptionMode'),
    aliases: fields.list('aliases', (alias) => ({ hash: alias.octets('hash'), uri: alias.utf8('uri') })),
    dependencies: fields.list('dependencies', resourceReference),
    ...present('payload', fields.optionalStructure('payload', payloadDescription)),
  };
}

function resource(fields: FieldReader, idSize: number | undefined): ResourceV1 {
  return {
    ...present('uri', fields.optionalUtf8('uri')),
    resourceType: fields.enumerated('resourceType'),
    resource:
      fields.peek() === der.tags.octetString
        ? fields.octets('resource.payload')
        : fields.structure('resource.manifest', (inner) => manifest(inner, idSize)),
  };
}

function signatureBlock(fields: FieldReader): SignatureBlock {
  return {
    signature: fields.octets('signature'),
    certificates: fields.list('certificates', certificateReference),
  };
}

function macBlock(fields: FieldReader): MacBlock {
  return {
    pskId: fields.octets('pskID'),
    keyTableVersion: fields.count('keyTableVersion', Number.MIN_SAFE_INTEGER),
    ...present('keyTableIv', fields.optionalOctets('keyTableIV')),
    ...present('keyTableRef', fields.optionalUtf8('keyTableRef')),
    keyTableIndexSize: fields.count('keyTableIndexSize'),
    keyTableRecordSize: fields.count('keyTableRecordSize'),
  };
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
  const decoded = reader.structure('', (fields) => {
    const start = fields.offset;
    const whole = fields.structure('resource', (inner) => resource(inner, idSize));
    const resourceTlv = fields.since(start);
    const value: SignedResourceV1 = {
      resource: whole,
      signature: fields.structure('signature', (signature) => ({
        hash: signature.octets('hash'),
        signatures: signature.list('signatures', signatureBlock),
        ...present('macs', signature.peek() === der.tags.sequence ? signature.list('macs', macBlock) : undefined),
      })),
    };
    return { value, resourceTlv };
  });
  return { ...decoded, rest: restAfter(input, reader.offset, reading) };
}
