import { type Der, der } from '@mooring/pki';
import type { NumberOrIdentifier } from '../field-reader.ts';
import {
  type CertificateReference,
  type EncryptionInfo,
  type MacBlock,
  type ManifestV1,
  type PayloadDescription,
  type ResourceReference,
  type ResourceSignatureV1,
  type ResourceV1,
  resourceTypes,
  type SignatureBlock,
  type SignedResourceV1,
} from './schema.ts';

const { sequence, octetString, utf8String, integer, enumerated, boolean } = der;

const optional = <T>(value: T | undefined, write: (value: T) => Der): Der[] =>
  value === undefined ? [] : [write(value)];

const numberOrIdentifier = (value: NumberOrIdentifier): Der =>
  typeof value === 'number' ? enumerated(value) : der.objectIdentifier(value);

const reference = ({ hash, uri, size }: ResourceReference): Der =>
  sequence(octetString(hash), ...optional(uri, utf8String), integer(size));

const certificateReference = ({ fingerprint, uri }: CertificateReference): Der =>
  sequence(octetString(fingerprint), utf8String(uri));

const encryptionInfo = ({ initVector, id, key }: EncryptionInfo): Der =>
  sequence(
    octetString(initVector),
    'key' in id ? octetString(id.key) : certificateReference(id.certificate),
    ...optional(key, (one) => ('keyTable' in one ? utf8String(one.keyTable) : octetString(one.cipherKey))),
  );

const payloadDescription = (payload: PayloadDescription): Der =>
  sequence(
    numberOrIdentifier(payload.format),
    ...optional(payload.encryptionInfo, encryptionInfo),
    utf8String(payload.storageIdentifier),
    reference(payload.reference),
    ...optional(payload.installedSize, integer),
    ...optional(payload.installedDigest, octetString),
    ...optional(payload.version, utf8String),
  );

const manifestDer = (manifest: ManifestV1): Der =>
  sequence(
    enumerated(manifest.manifestVersion),
    ...optional(manifest.description, utf8String),
    integer(manifest.timestamp),
    octetString(manifest.vendorId),
    octetString(manifest.classId),
    octetString(manifest.deviceId),
    octetString(manifest.nonce),
    octetString(manifest.vendorInfo),
    ...optional(manifest.precursorDigest, octetString),
    ...optional(manifest.applyPeriod, ({ validFrom, validTo }) => sequence(integer(validFrom), integer(validTo))),
    boolean(manifest.applyImmediately),
    ...optional(manifest.priority, integer),
    numberOrIdentifier(manifest.encryptionMode),
    sequence(...manifest.aliases.map(({ hash, uri }) => sequence(octetString(hash), utf8String(uri)))),
    sequence(...manifest.dependencies.map(reference)),
    ...optional(manifest.payload, payloadDescription),
  );

/** The TLV that is hashed and signed. */
export function encodeResourceV1(resource: ManifestV1 | ResourceV1): Der {
  const whole = 'resourceType' in resource ? resource : { resourceType: resourceTypes.manifest, resource };
  return sequence(
    ...optional(whole.uri, utf8String),
    enumerated(whole.resourceType),
    whole.resource instanceof Uint8Array ? octetString(whole.resource) : manifestDer(whole.resource),
  );
}

const signatureBlock = ({ signature, certificates }: SignatureBlock): Der =>
  sequence(octetString(signature), sequence(...certificates.map(certificateReference)));

const macBlock = (mac: MacBlock): Der =>
  sequence(
    octetString(mac.pskId),
    integer(mac.keyTableVersion),
    ...optional(mac.keyTableIv, octetString),
    ...optional(mac.keyTableRef, utf8String),
    integer(mac.keyTableIndexSize),
    integer(mac.keyTableRecordSize),
  );

/** @param resource the TLV that was signed, byte for byte */
export const encodeSignedV1 = (resource: Uint8Array, { hash, signatures, macs }: ResourceSignatureV1): Der =>
  sequence(
    resource,
    sequence(
      octetString(hash),
      sequence(...signatures.map(signatureBlock)),
      ...optional(macs, (blocks) => sequence(...blocks.map(macBlock))),
    ),
  );

export const encodeV1 = ({ resource, signature }: SignedResourceV1): Der =>
  encodeSignedV1(encodeResourceV1(resource), signature);
