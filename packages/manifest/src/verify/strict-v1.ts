import { isMooringError } from '@mooring/platform';
import { openRecord } from '../pre-shared-key/record.ts';
import { isP256, sha256, verifies } from '../signing/signer.ts';
import type { DecodedV1 } from '../v1/decode.ts';
import {
  encryptionModes,
  type ManifestV1,
  manifestOf,
  payloadFormatsV1,
  preSharedKeyMode,
  resourceTypes,
  type SignatureBlock,
  signedMode,
} from '../v1/schema.ts';
import { sameBytes } from './device/device.ts';
import { checkDownload, checkId, checkRunning, checkSigner, type StrictOptions, type Trusted } from './trust.ts';
import type { Checks } from './verdict.ts';

const digestSize = 32;
const idSize = 16;
const rawFormat = 1;
const patchFormat = 5;
/** From here on a timestamp is a version number: bit 55 marks those (`create-v1 --fw-migrate-ver`). */
const firstCodedVersion = 1n << 55n;

function checkBlock(
  block: SignatureBlock,
  signed: Uint8Array,
  trusted: readonly Trusted[],
  options: StrictOptions,
  checks: Checks,
) {
  const [first, ...more] = block.certificates;
  const known = (fingerprint: Uint8Array) =>
    trusted.find((one) => one.fingerprint && sameBytes(one.fingerprint, fingerprint));
  const signer = first && known(first.fingerprint);
  const shown = () => (first && Buffer.from(first.fingerprint).toString('hex')) || 'an empty fingerprint';
  const name = signer?.certificate?.fingerprint ?? (first ? shown() : 'no certificate');
  const strangers = more.filter(({ fingerprint }) => !known(fingerprint)).length;
  const stranger = signer ? `${strangers} more that are not trusted` : `${name} is not that of a trusted certificate`;
  const isKnown = signer !== undefined && strangers === 0;
  checks.add('fingerprint', isKnown, isKnown ? name : stranger);
  if (block.certificates.some(({ uri }) => uri !== '')) {
    checks.add('unprotected fields', false, 'a certificate has a URI, which no signature protects');
  }
  if (!signer) return;
  const good = isP256(signer.key) && verifies(signer.key, signed, block.signature);
  checks.add('signature', good, `${good ? 'made' : 'not made'} by ${signer.name}`);
  checkSigner(signer, options.time, checks);
}

function checkSignatures(
  { value, resourceTlv }: DecodedV1,
  trusted: readonly Trusted[],
  options: StrictOptions,
  checks: Checks,
) {
  const { signatures, macs } = value.signature;
  if (macs) checks.add('unprotected fields', false, 'MACs beside signatures, which no signature protects');
  if (signatures.length === 0) checks.add('signature', false, 'there is none');
  for (const block of signatures) checkBlock(block, resourceTlv, trusted, options, checks);
}

function checkMac({ value }: DecodedV1, { preSharedKey }: StrictOptions, checks: Checks): void {
  const { signatures, macs = [], hash } = value.signature;
  const [mac] = macs;
  if (signatures.length > 0 || macs.length !== 1 || !mac) {
    checks.add('mac', false, 'exactly one MAC and no signature expected');
    return;
  }
  if (!preSharedKey) {
    checks.add('mac', false, 'cannot be checked without the pre-shared key of the device');
    return;
  }
  checks.add('pre-shared key', sameBytes(mac.pskId, preSharedKey.id), Buffer.from(mac.pskId).toString('hex'));
  const { record } = preSharedKey;
  checks.add(
    'key table',
    mac.keyTableVersion === 0 && mac.keyTableRecordSize >= record.length,
    'version and record size',
  );
  try {
    const opened = openRecord(preSharedKey.key, mac.keyTableIv ?? new Uint8Array(), record);
    const fits = opened.hash !== undefined && sameBytes(opened.hash, hash);
    checks.add('mac', fits, fits ? 'made with the pre-shared key' : 'is for another manifest');
  } catch (error) {
    if (!isMooringError(error)) throw error;
    checks.add('mac', false, error.message);
  }
}

function checkIds(manifest: ManifestV1, options: StrictOptions, checks: Checks): void {
  const { vendorId, classId, deviceId } = manifest;
  const addressed = deviceId.length > 0 || (vendorId.length > 0 && classId.length > 0);
  if (!addressed) checks.add('ids', false, 'neither a device id nor both vendor and class id');
  if (vendorId.length > 0) checkId('vendor id', vendorId, options.vendorId, checks);
  if (classId.length > 0) checkId('class id', classId, options.classId, checks);
  if (deviceId.length > 0) checkId('device id', deviceId, options.deviceId, checks);
}

function checkPayload(manifest: ManifestV1, options: StrictOptions, checks: Checks): void {
  const { payload, precursorDigest } = manifest;
  if (!payload) {
    checks.add('payload', false, 'there is none');
    return;
  }
  const { format, reference } = payload;
  const isPatch = format === patchFormat;
  const formatName = typeof format === 'number' ? (payloadFormatsV1[format] ?? `${format}`) : format;
  checks.add('payload format', format === rawFormat || isPatch, formatName);
  checks.add('payload hash', reference.hash.length === digestSize, `${reference.hash.length} bytes`);
  checks.add('payload size', reference.size > 0, `${reference.size} bytes`);
  checks.add('storage identifier', payload.storageIdentifier !== '', payload.storageIdentifier || 'there is none');
  if (payload.encryptionInfo) checks.add('payload encryption', false, 'not supported in schema v1');
  if (isPatch) {
    const complete =
      precursorDigest?.length === digestSize &&
      payload.installedDigest?.length === digestSize &&
      (payload.installedSize ?? 0) > 0;
    checks.add('patch', complete, complete ? 'complete' : 'precursor, installed digest or installed size is missing');
  }
  checkDownload(reference, options.payload, checks);
}

function checkTimes({ timestamp, applyPeriod }: ManifestV1, { time }: StrictOptions, checks: Checks): void {
  const coded = timestamp >= firstCodedVersion;
  const now = time && BigInt(Math.floor(time.at.getTime() / 1000));
  const future = !coded && now !== undefined && !time?.atLeast && timestamp > now;
  checks.add('timestamp', timestamp >= 0n && !future, future ? `${timestamp} lies in the future` : `${timestamp}`);
  if (!applyPeriod) return;
  const { validFrom, validTo } = applyPeriod;
  const early = now !== undefined && !time?.atLeast && now < validFrom;
  const late = now !== undefined && now > validTo;
  const detail = `${validFrom} to ${validTo}${early ? ' has not begun' : late ? ' is over' : ''}`;
  checks.add('apply period', !early && !late && validFrom <= validTo, detail);
}

export function judgeStrictlyV1(
  decoded: DecodedV1,
  trusted: readonly Trusted[],
  options: StrictOptions,
  checks: Checks,
): void {
  const { value, resourceTlv } = decoded;
  const manifest = manifestOf(value.resource);
  if (!manifest || value.resource.resourceType !== resourceTypes.manifest) {
    checks.add('resource type', false, 'not a manifest');
    return;
  }
  checks.add('schema version', manifest.manifestVersion === 1, `${manifest.manifestVersion}`);
  const fits = sameBytes(sha256(resourceTlv), value.signature.hash);
  checks.add('hash', fits, fits ? 'that of the resource' : 'not that of the resource');
  const mode = manifest.encryptionMode;
  const modeName = typeof mode === 'number' ? (encryptionModes[mode] ?? `${mode}`) : mode;
  checks.add('encryption mode', mode === signedMode || mode === preSharedKeyMode, modeName);
  if (mode === preSharedKeyMode) checkMac(decoded, options, checks);
  else checkSignatures(decoded, trusted, options, checks);
  checkIds(manifest, options, checks);
  // 2.x writes none.
  checks.add(
    'nonce',
    manifest.nonce.length === 0 || manifest.nonce.length === idSize,
    `${manifest.nonce.length} bytes`,
  );
  checkPayload(manifest, options, checks);
  checkTimes(manifest, options, checks);
  checkRunning(manifest.timestamp, manifest.precursorDigest, options, checks);
}
