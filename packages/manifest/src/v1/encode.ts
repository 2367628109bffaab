import type { Der } from '@mooring/pki';
import { type FieldWriter, written } from '../field-writer.ts';
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

function reference(writer: FieldWriter, { hash, uri, size }: ResourceReference): void {
  writer.octets(hash);
  if (uri !== undefined) writer.text(uri);
  writer.integer(size);
}

function certificateReference(writer: FieldWriter, { fingerprint, uri }: CertificateReference): void {
  writer.octets(fingerprint);
  writer.text(uri);
}

function encryptionInfo(writer: FieldWriter, { initVector, id, key }: EncryptionInfo): void {
  writer.octets(initVector);
  if ('key' in id) writer.octets(id.key);
  else writer.sequence(() => certificateReference(writer, id.certificate));
  if (!key) return;
  if ('keyTable' in key) writer.text(key.keyTable);
  else writer.octets(key.cipherKey);
}

function payloadDescription(writer: FieldWriter, payload: PayloadDescription): void {
  const { encryptionInfo: encryption, installedSize, installedDigest, version } = payload;
  writer.enumerated(payload.format);
  if (encryption) writer.sequence(() => encryptionInfo(writer, encryption));
  writer.text(payload.storageIdentifier);
  writer.sequence(() => reference(writer, payload.reference));
  if (installedSize !== undefined) writer.integer(installedSize);
  if (installedDigest) writer.octets(installedDigest);
  if (version !== undefined) writer.text(version);
}

function writeManifest(writer: FieldWriter, manifest: ManifestV1): void {
  const { description, precursorDigest, applyPeriod, priority, payload } = manifest;
  writer.enumerated(manifest.manifestVersion);
  if (description !== undefined) writer.text(description);
  writer.integer(manifest.timestamp);
  writer.octets(manifest.vendorId);
  writer.octets(manifest.classId);
  writer.octets(manifest.deviceId);
  writer.octets(manifest.nonce);
  writer.octets(manifest.vendorInfo);
  if (precursorDigest) writer.octets(precursorDigest);
  if (applyPeriod) {
    writer.sequence(() => {
      writer.integer(applyPeriod.validFrom);
      writer.integer(applyPeriod.validTo);
    });
  }
  writer.flag(manifest.applyImmediately);
  if (priority !== undefined) writer.integer(priority);
  writer.enumerated(manifest.encryptionMode);
  writer.list(manifest.aliases, ({ hash, uri }) => {
    writer.octets(hash);
    writer.text(uri);
  });
  writer.list(manifest.dependencies, (dependency) => reference(writer, dependency));
  if (payload) writer.sequence(() => payloadDescription(writer, payload));
}

function writeResource(writer: FieldWriter, { uri, resourceType, resource }: ResourceV1): void {
  writer.sequence(() => {
    if (uri !== undefined) writer.text(uri);
    writer.enumerated(resourceType);
    if (resource instanceof Uint8Array) writer.octets(resource);
    else writer.sequence(() => writeManifest(writer, resource));
  });
}

/** The TLV that is hashed and signed. */
export const encodeResourceV1 = (resource: ManifestV1 | ResourceV1): Der =>
  written((writer) =>
    writeResource(writer, 'resourceType' in resource ? resource : { resourceType: resourceTypes.manifest, resource }),
  );

function signatureBlock(writer: FieldWriter, { signature, certificates }: SignatureBlock): void {
  writer.octets(signature);
  writer.list(certificates, (certificate) => certificateReference(writer, certificate));
}

function macBlock(writer: FieldWriter, mac: MacBlock): void {
  writer.octets(mac.pskId);
  writer.integer(mac.keyTableVersion);
  if (mac.keyTableIv) writer.octets(mac.keyTableIv);
  if (mac.keyTableRef !== undefined) writer.text(mac.keyTableRef);
  writer.integer(mac.keyTableIndexSize);
  writer.integer(mac.keyTableRecordSize);
}

/** @param resource the TLV that was signed, byte for byte */
export const encodeSignedV1 = (resource: Uint8Array, { hash, signatures, macs }: ResourceSignatureV1): Der =>
  written((writer) =>
    writer.sequence(() => {
      writer.encoded(resource);
      writer.sequence(() => {
        writer.octets(hash);
        writer.list(signatures, (block) => signatureBlock(writer, block));
        if (macs) writer.list(macs, (mac) => macBlock(writer, mac));
      });
    }),
  );

export const encodeV1 = ({ resource, signature }: SignedResourceV1): Der =>
  encodeSignedV1(encodeResourceV1(resource), signature);
