import { type Certificate, type Der, spkiOf } from '@mooring/pki';
import { manifestErrors } from '../errors.ts';
import { decodeV1 } from '../v1/decode.ts';
import { encodeResourceV1, encodeSignedV1 } from '../v1/encode.ts';
import type { CertificateReference, ManifestV1, ResourceV1, SignatureBlock } from '../v1/schema.ts';
import { encodeManifestV3, encodeSignedV3 } from '../v3/encode.ts';
import type { ManifestV3 } from '../v3/schema.ts';
import { rawSignature } from './ecdsa-value.ts';
import { assertP256, type Signer, sha256, signsInProcess, verifies } from './signer.ts';

// Whoever signs many manifests signs them for one certificate.
const knownReferences = new WeakMap<object, CertificateReference>();

/** The reference that stands beside a signature: SHA-256 of the certificate, and an empty URI as the tools write it. */
export function certificateReference(certificate: { der: Uint8Array; fingerprint?: string }): CertificateReference {
  const known = knownReferences.get(certificate);
  if (known) return known;
  const { der, fingerprint } = certificate;
  const reference = {
    fingerprint: fingerprint ? new Uint8Array(Buffer.from(fingerprint, 'hex')) : sha256(der),
    uri: '',
  };
  knownReferences.set(certificate, reference);
  return reference;
}

const mismatch = (signer: Signer, holder: string) =>
  manifestErrors('manifest.signature.mismatch', {
    message: `What ${signer.description} signs does not verify with ${holder}: they do not belong together.`,
    next: 'Give the key and the certificate that were made together.',
  });

/** Signs, and checks what came back: an external signer may hold another key, or answer with an empty file. */
async function checkedSignature(
  toBeSigned: Uint8Array,
  signer: Signer,
  certificate: Pick<Certificate, 'publicKey'> | undefined,
): Promise<Uint8Array> {
  const { publicKey } = signer;
  const certified = certificate?.publicKey;
  if (certified) {
    assertP256(certified, 'that of the certificate');
    if (publicKey && Buffer.compare(spkiOf(certified), spkiOf(publicKey)) !== 0)
      throw mismatch(signer, 'the certificate');
  }
  const signature = await signer.sign(toBeSigned);
  if (signsInProcess(signer)) return signature;
  rawSignature(signature);
  const expected = certified ?? publicKey;
  if (expected && !verifies(expected, toBeSigned, signature)) {
    throw mismatch(signer, certified ? 'the certificate' : 'its own public key');
  }
  return signature;
}

/**
 * A signed manifest of schema v1.
 *
 * @param certificate the one that devices will check with; without it the list of references stays empty
 * @param more references that stand after that of the certificate
 * @throws MooringError `manifest.signature.mismatch`, `manifest.key.unsupported`
 */
export async function signV1(
  resource: ManifestV1 | ResourceV1,
  signer: Signer,
  certificate?: Pick<Certificate, 'publicKey' | 'der'> & { fingerprint?: string },
  more: readonly CertificateReference[] = [],
): Promise<Der> {
  const resourceTlv = encodeResourceV1(resource);
  const signature = await checkedSignature(resourceTlv, signer, certificate);
  const certificates = [...(certificate ? [certificateReference(certificate)] : []), ...more];
  return encodeSignedV1(resourceTlv, { hash: sha256(resourceTlv), signatures: [{ signature, certificates }] });
}

/**
 * The same manifest with one more signature; everything else stays, byte for byte. Devices of the FOTA generation
 * refuse more than one.
 *
 * @throws MooringError `manifest.malformed`, `manifest.signature.mismatch`
 */
export async function addSignatureV1(
  bytes: Uint8Array,
  signer: Signer,
  certificate: Pick<Certificate, 'publicKey' | 'der'> & { fingerprint?: string },
): Promise<Der> {
  const { value, resourceTlv } = decodeV1(bytes, { reading: 'tool' });
  const signature = await checkedSignature(resourceTlv, signer, certificate);
  const block: SignatureBlock = { signature, certificates: [certificateReference(certificate)] };
  const signatures = [...value.signature.signatures, block];
  return encodeSignedV1(resourceTlv, { ...value.signature, hash: sha256(resourceTlv), signatures });
}

/** A signed manifest of schema v3. @throws MooringError `manifest.signature.mismatch`, `manifest.key.unsupported` */
export async function signV3(
  manifest: ManifestV3,
  signer: Signer,
  certificate?: Pick<Certificate, 'publicKey'>,
): Promise<Der> {
  const manifestTlv = encodeManifestV3(manifest);
  return encodeSignedV3(manifestTlv, rawSignature(await checkedSignature(manifestTlv, signer, certificate)));
}

/** The raw signature over an installed image that goes into `installedSignature` of schema v3. */
export const signImage = async (image: Uint8Array, signer: Signer): Promise<Uint8Array> =>
  rawSignature(await checkedSignature(image, signer, undefined));
