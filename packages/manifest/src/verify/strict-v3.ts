import { verifiesDigest } from '../signing/digest-signature.ts';
import { verifiesRaw } from '../signing/signer.ts';
import type { DecodedV3 } from '../v3/decode.ts';
import { type ManifestV3, payloadFormatNameV3, payloadFormatsV3 } from '../v3/schema.ts';
import { isVersion, versionNumber } from '../version.ts';
import {
  checkDownload,
  checkId,
  checkRunning,
  checkSigner,
  inTime,
  type StrictOptions,
  type Trusted,
} from './trust.ts';
import type { Checks } from './verdict.ts';

const digestSize = 32;
const signatureSize = 64;
/** What a client has room for, less a final zero. */
const maxComponentName = 8;

function checkMetadata(manifest: ManifestV3, checks: Checks): void {
  const { payloadMetadata: metadata, payloadFormat } = manifest;
  const format = payloadFormatNameV3(payloadFormat);
  checks.add('payload format', format !== undefined, format ?? `${payloadFormat}`);
  if (format === 'raw-binary') {
    if (metadata) checks.add('payload metadata', false, 'not for raw images');
    return;
  }
  const complete =
    metadata !== undefined && metadata.installedSize > 0 && metadata.installedDigest.length === digestSize;
  const isPatch = format === 'arm-patch-stream';
  const precursor = metadata?.precursorDigest;
  const precursorFits = isPatch ? precursor?.length === digestSize : precursor === undefined;
  checks.add(
    'payload metadata',
    complete && precursorFits,
    complete && precursorFits ? 'complete' : 'not what the format needs',
  );
}

function checkFields(manifest: ManifestV3, checks: Checks): void {
  const name = manifest.componentName;
  checks.add('component', name !== '' && Buffer.byteLength(name) <= maxComponentName && !name.includes('\0'), name);
  checks.add('payload version', isVersion(manifest.payloadVersion), manifest.payloadVersion);
  checks.add('payload hash', manifest.payloadDigest.length === digestSize, `${manifest.payloadDigest.length} bytes`);
  checks.add('payload size', manifest.payloadSize > 0, `${manifest.payloadSize} bytes`);
  checks.add('payload uri', manifest.payloadUri !== '', manifest.payloadUri || 'there is none');
  checks.add('priority', manifest.updatePriority >= 0, `${manifest.updatePriority}`);
}

/** Of the image that will run: a raw payload is that image. */
const installedDigest = ({ payloadFormat, payloadMetadata, payloadDigest }: ManifestV3): Uint8Array =>
  payloadFormat === payloadFormatsV3['raw-binary']
    ? payloadDigest
    : (payloadMetadata?.installedDigest ?? payloadDigest);

export function judgeStrictlyV3(
  { value, manifestTlv }: DecodedV3,
  trusted: readonly Trusted[],
  options: StrictOptions,
  checks: Checks,
): void {
  const { manifest, signature } = value;
  checks.add('schema version', value.manifestVersion === 3, `${value.manifestVersion}`);
  const verifying =
    signature.length === signatureSize
      ? trusted.find(({ key }) => verifiesRaw(key, manifestTlv, signature))
      : undefined;
  const signer = verifying && inTime(verifying, trusted, options.time);
  checks.add('signature', signer !== undefined, signer ? `made by ${signer.name}` : 'not made by a trusted key');
  if (signer) checkSigner(signer, options.time, checks);
  for (const [name, found, own] of [
    ['vendor id', manifest.vendorId, options.vendorId],
    ['class id', manifest.classId, options.classId],
  ] as const) {
    if (found.length === 0) checks.add(name, false, 'there is none');
    else checkId(name, found, own, checks);
  }
  checkFields(manifest, checks);
  checkMetadata(manifest, checks);
  const image = manifest.installedSignature;
  if (image.length > 0 && signer) {
    const digest = installedDigest(manifest);
    const good = verifiesDigest(signer.key, digest, image);
    checks.add('image signature', good, good ? `made by ${signer.name}` : 'not made by the key of the manifest');
  }
  checkDownload({ hash: manifest.payloadDigest, size: manifest.payloadSize }, options.payload, checks);
  if (isVersion(manifest.payloadVersion)) {
    const version = versionNumber(manifest.payloadVersion);
    checkRunning(version, manifest.payloadMetadata?.precursorDigest, options, checks);
  }
}
