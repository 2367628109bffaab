import { type Der, der } from '@mooring/pki';
import { FieldReader } from '../field-reader.ts';
import { type DecodeOptions, restAfter } from '../v1/decode.ts';
import { isEncryptedFormat, type ManifestV3, type PayloadMetadata, type SignedResourceV3 } from './schema.ts';

export interface DecodedV3 {
  value: SignedResourceV3;
  /** The manifest as it stood in the input, header included: what is signed. */
  manifestTlv: Der;
  /** AES-128 key that the service appended. */
  encryptionKey?: Uint8Array;
  /** What follows manifest and key; always empty in a strict reading. */
  rest: Uint8Array;
}

function payloadMetadata(fields: FieldReader): PayloadMetadata {
  const metadata: PayloadMetadata = {
    installedSize: fields.count('installed-size'),
    installedDigest: fields.octets('installed-digest'),
  };
  const precursorDigest = fields.optionalOctets('precursor-digest');
  if (precursorDigest) metadata.precursorDigest = precursorDigest;
  return metadata;
}

function manifest(fields: FieldReader, idSize: number | undefined): ManifestV3 {
  const read: ManifestV3 = {
    vendorId: fields.sizedOctets('vendor-id', idSize),
    classId: fields.sizedOctets('class-id', idSize),
    updatePriority: fields.count('update-priority', Number.MIN_SAFE_INTEGER),
    componentName: fields.utf8('component-name'),
    payloadVersion: fields.utf8('payload-version'),
    payloadDigest: fields.octets('payload-digest'),
    payloadSize: fields.count('payload-size'),
    payloadUri: fields.utf8('payload-uri'),
    payloadFormat: fields.enumerated('payload-format'),
    installedSignature: fields.octets('installed-signature'),
  };
  const metadata = fields.optionalStructure('payload-metadata', payloadMetadata);
  if (metadata) read.payloadMetadata = metadata;
  const vendorData = fields.optionalOctets('vendor-data');
  if (vendorData) read.vendorData = vendorData;
  return read;
}

const keyTag = der.contextTag(1, false);
const keySize = 16;

/** The key that the service appends, where exactly that stands there. */
function encryptionKeyAt(input: Uint8Array, at: number): Uint8Array | undefined {
  const isKey = input[at] === keyTag && input[at + 1] === keySize && at + 2 + keySize <= input.length;
  return isKey ? new Uint8Array(input.subarray(at + 2, at + 2 + keySize)) : undefined;
}

/** @throws MooringError `manifest.malformed` with field and byte offset, `manifest.trailing.data` */
export function decodeV3(input: Uint8Array, { reading = 'strict' }: DecodeOptions = {}): DecodedV3 {
  const idSize = reading === 'strict' ? 16 : undefined;
  const reader = new FieldReader(input);
  const { value, manifestTlv } = reader.structure('', (fields) => {
    const manifestVersion = fields.enumerated('manifest-version');
    const start = fields.offset;
    const signed = fields.structure('manifest', (inner) => manifest(inner, idSize));
    const manifestTlv = fields.since(start);
    const value: SignedResourceV3 = { manifestVersion, manifest: signed, signature: fields.octets('signature') };
    return { value, manifestTlv };
  });
  const encryptionKey = isEncryptedFormat(value.manifest.payloadFormat)
    ? encryptionKeyAt(input, reader.offset)
    : undefined;
  const end = reader.offset + (encryptionKey ? 2 + keySize : 0);
  const rest = restAfter(input, end, reading);
  return encryptionKey ? { value, manifestTlv, encryptionKey, rest } : { value, manifestTlv, rest };
}
