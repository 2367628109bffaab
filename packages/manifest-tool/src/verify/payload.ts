import { type ManifestV1, type PayloadDescription, payloadFormatsV1 } from '@mooring/manifest';
import type { Log } from '../log.ts';
import { refuse } from './check.ts';

export function checkNonce({ nonce }: ManifestV1, log: Log): void {
  const hex = Buffer.from(nonce).toString('hex');
  if (nonce.length === 0) {
    throw refuse(
      'nonce',
      'A nonce is required in the manifest',
      'Manifests that manifest-tool 2.x makes with create-v1 have none; clients of that generation do not ask for it.',
    );
  }
  if (nonce.length !== 16) {
    throw refuse('nonce', `Nonce must be 128 bits. Got ${nonce.length * 8}: b'${hex}'`, 'Make the manifest anew.');
  }
  log.info(`nonce: ${hex} OK`);
}

const bsdiffStream = 5;

function checkFormat({ precursorDigest }: ManifestV1, payload: PayloadDescription, log: Log): void {
  const { format, installedDigest, installedSize } = payload;
  if (typeof format === 'string') {
    log.warning('Cannot verify Object ID payload format');
    return;
  }
  const name = payloadFormatsV1[format];
  if (format === 0 || name === undefined) {
    throw refuse('format', 'Payload format not recognized', `Its number is ${format}.`);
  }
  if (format === bsdiffStream && !(precursorDigest && installedDigest && installedSize !== undefined)) {
    throw refuse(
      'format',
      'Payload format not recognized',
      'A delta (bsdiff-stream) names the digest of the old image, and digest and size of the new one; this one does not.',
    );
  }
  log.info(`Payload format ${name}: OK`);
}

/** @throws MooringError `verify.refused` */
export function checkPayload(manifest: ManifestV1, log: Log): void {
  const { payload, dependencies } = manifest;
  if (!payload) {
    if (dependencies.length > 0) return;
    throw refuse(
      'payload',
      'Manifest must contain either a dependency or a payload',
      'It says nothing to be installed.',
    );
  }
  checkFormat(manifest, payload, log);
  if (payload.storageIdentifier === '') {
    throw refuse('payload', 'storageIdentifier must be provided', 'The usual one is "default".');
  }
  if (payload.reference.hash.length === 0) {
    throw refuse('payload', 'A resource hash is mandatory in a payload reference', 'Nothing protects the image.');
  }
  if (payload.reference.size === 0) {
    throw refuse('payload', 'Zero-size resources are not permitted', 'The image is empty.');
  }
}
