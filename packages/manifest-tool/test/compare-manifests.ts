import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { decodeV1, decodeV3, encodeManifestV3, encodeResourceV1, type ManifestV1, sniff } from '@mooring/manifest';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function sameV1(ours: Uint8Array, theirs: Uint8Array): void {
  const [mine, old] = [decodeV1(ours), decodeV1(theirs)];
  const manifest = old.value.resource.resource as ManifestV1;
  const made = mine.value.resource.resource as ManifestV1;
  // Where no nonce was given it is random; everything else of the signed part is the same, byte for byte.
  assert.equal(made.nonce.length, manifest.nonce.length);
  assert.equal(hex(encodeResourceV1({ ...made, nonce: manifest.nonce })), hex(old.resourceTlv));
  assert.equal(hex(mine.value.signature.hash), createHash('sha256').update(mine.resourceTlv).digest('hex'));
  assert.deepEqual(
    mine.value.signature.signatures.map(({ certificates }) => certificates),
    old.value.signature.signatures.map(({ certificates }) => certificates),
  );
}

function sameV3(ours: Uint8Array, theirs: Uint8Array): void {
  const [mine, old] = [decodeV3(ours).value.manifest, decodeV3(theirs)];
  assert.equal(mine.installedSignature.length, old.value.manifest.installedSignature.length);
  const signed = encodeManifestV3({ ...mine, installedSignature: old.value.manifest.installedSignature });
  assert.equal(hex(signed), hex(old.manifestTlv));
}

/** The same manifest but for what is random: nonce and ECDSA signatures. */
export function sameManifest(ours: Uint8Array, theirs: Uint8Array): void {
  assert.equal(sniff(ours), sniff(theirs));
  if (sniff(ours) === 'v3') sameV3(ours, theirs);
  else sameV1(ours, theirs);
}
