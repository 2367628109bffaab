import { type Der, der } from '@mooring/pki';
import type { ManifestV3, SignedResourceV3 } from './schema.ts';

const { sequence, octetString, utf8String, integer, enumerated } = der;

/** The TLV that is signed. */
export function encodeManifestV3(manifest: ManifestV3): Der {
  const metadata = manifest.payloadMetadata;
  return sequence(
    octetString(manifest.vendorId),
    octetString(manifest.classId),
    integer(manifest.updatePriority),
    utf8String(manifest.componentName),
    utf8String(manifest.payloadVersion),
    octetString(manifest.payloadDigest),
    integer(manifest.payloadSize),
    utf8String(manifest.payloadUri),
    enumerated(manifest.payloadFormat),
    octetString(manifest.installedSignature),
    ...(metadata
      ? [
          sequence(
            integer(metadata.installedSize),
            octetString(metadata.installedDigest),
            ...(metadata.precursorDigest ? [octetString(metadata.precursorDigest)] : []),
          ),
        ]
      : []),
    ...(manifest.vendorData ? [octetString(manifest.vendorData)] : []),
  );
}

/**
 * @param manifest the TLV that was signed, byte for byte
 * @param signature raw r‖s
 */
export const encodeSignedV3 = (manifest: Uint8Array, signature: Uint8Array, manifestVersion = 3): Der =>
  sequence(enumerated(manifestVersion), manifest, octetString(signature));

export const encodeV3 = ({ manifestVersion, manifest, signature }: SignedResourceV3): Der =>
  encodeSignedV3(encodeManifestV3(manifest), signature, manifestVersion);

/** What the service puts after the manifest of an encrypted payload: `[1] IMPLICIT OCTET STRING`, AES-128. */
export const encodeEncryptionKey = (key: Uint8Array): Der => der.encode(der.contextTag(1, false), key);
