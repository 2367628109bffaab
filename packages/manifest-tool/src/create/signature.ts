import { createHash } from 'node:crypto';
import {
  encodeResourceV1,
  encodeSignedV1,
  type ManifestV1,
  type SignatureBlock,
  type Signer,
  verifies,
} from '@mooring/manifest';
import type { NamedCertificate } from './certificates.ts';
import { createErrors } from './errors.ts';
import { hex, objects, text } from './fields.ts';
import type { ManifestInputs } from './inputs.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

/** Signatures that the input brings along: it may have been made for exactly this content only. */
function broughtAlong(inputs: ManifestInputs, hash: Uint8Array): SignatureBlock[] {
  const blocks = objects('signature.signatures', inputs.top('signature.signatures')).filter(
    (block) => 'signature' in block,
  );
  if (blocks.length === 0) return [];
  const expected = hex('signature.hash', inputs.top('signature.hash'));
  if (!expected || Buffer.compare(expected, hash) !== 0) {
    throw createErrors('create.hash.mismatch', {
      message: `Manifest hash provided in input file does not match hashed output\nExpected: ${Buffer.from(expected ?? []).toString('hex')}\nActual:   ${Buffer.from(hash).toString('hex')}`,
      next: 'The signatures in the input belong to another manifest: nonce and timestamp have to be given as well.',
    });
  }
  return blocks.map((block, index) => ({
    signature: hex(`signatures[${index}].signature`, block.signature) ?? new Uint8Array(),
    certificates: objects(`signatures[${index}].certificates`, block.certificates).map((entry) => ({
      fingerprint: hex('fingerprint', entry.fingerprint, 32) ?? new Uint8Array(),
      uri: text('uri', entry.uri) ?? '',
    })),
  }));
}

/**
 * The signed manifest. The key has to be that of the first certificate: devices look the certificate up by its
 * fingerprint and would refuse the update.
 *
 * @throws MooringError `create.key.mismatch`, `create.hash.mismatch`
 */
export async function signedManifest(
  inputs: ManifestInputs,
  manifest: ManifestV1,
  signer: Signer,
  certificates: readonly NamedCertificate[],
): Promise<Uint8Array> {
  const resource = encodeResourceV1(manifest);
  const hash = sha256(resource);
  const before = broughtAlong(inputs, hash);
  const signature = await signer.sign(resource);
  const first = certificates[0];
  if (first && !verifies(first.certificate.publicKey, resource, signature)) {
    throw createErrors('create.key.mismatch', {
      message: `What ${signer.description} signed does not verify with the certificate in ${first.name}: devices would refuse this update.`,
      next: 'Give the key that belongs to this certificate; the first certificate has to be that of the key.',
      data: { certificate: first.name },
    });
  }
  const references = certificates.map(({ reference }) => reference);
  return encodeSignedV1(resource, { hash, signatures: [...before, { signature, certificates: references }] });
}
