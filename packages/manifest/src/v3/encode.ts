import { type Der, der } from '@mooring/pki';
import { type FieldWriter, written } from '../field-writer.ts';
import type { ManifestV3, PayloadMetadata, SignedResourceV3 } from './schema.ts';

function payloadMetadata(writer: FieldWriter, metadata: PayloadMetadata): void {
  writer.integer(metadata.installedSize);
  writer.octets(metadata.installedDigest);
  if (metadata.precursorDigest) writer.octets(metadata.precursorDigest);
}

function writeManifest(writer: FieldWriter, manifest: ManifestV3): void {
  const { payloadMetadata: metadata, vendorData } = manifest;
  writer.octets(manifest.vendorId);
  writer.octets(manifest.classId);
  writer.integer(manifest.updatePriority);
  writer.text(manifest.componentName);
  writer.text(manifest.payloadVersion);
  writer.octets(manifest.payloadDigest);
  writer.integer(manifest.payloadSize);
  writer.text(manifest.payloadUri);
  writer.enumerated(manifest.payloadFormat);
  writer.octets(manifest.installedSignature);
  if (metadata) writer.sequence(() => payloadMetadata(writer, metadata));
  if (vendorData) writer.octets(vendorData);
}

/** The TLV that is signed. */
export const encodeManifestV3 = (manifest: ManifestV3): Der =>
  written((writer) => writer.sequence(() => writeManifest(writer, manifest)));

/**
 * @param manifest the TLV that was signed, byte for byte
 * @param signature raw r‖s
 */
export const encodeSignedV3 = (manifest: Uint8Array, signature: Uint8Array, manifestVersion = 3): Der =>
  written((writer) =>
    writer.sequence(() => {
      writer.enumerated(manifestVersion);
      writer.encoded(manifest);
      writer.octets(signature);
    }),
  );

export const encodeV3 = ({ manifestVersion, manifest, signature }: SignedResourceV3): Der =>
  encodeSignedV3(encodeManifestV3(manifest), signature, manifestVersion);

/** What the service puts after the manifest of an encrypted payload: `[1] IMPLICIT OCTET STRING`, AES-128. */
export const encodeEncryptionKey = (key: Uint8Array): Der => der.encode(der.contextTag(1, false), key);
