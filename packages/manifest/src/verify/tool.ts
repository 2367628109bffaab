import { parseCertificate } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import { sniff } from '../decode.ts';
import { sha256, verifies } from '../signing/signer.ts';
import { decodeV1 } from '../v1/decode.ts';
import {
  encryptionModes,
  type ManifestV1,
  manifestOf,
  payloadFormatsV1,
  type ResourceSignatureV1,
} from '../v1/schema.ts';
import { asctime } from './asctime.ts';
import type { Check, Verdict } from './verdict.ts';

export interface ToolOptions {
  /** Ids to compare with, 16 bytes each; without one the id of the manifest is not looked at. */
  vendorId?: Uint8Array;
  classId?: Uint8Array;
  deviceId?: Uint8Array;
  /** DER of the certificate with this SHA-256 (hex); taken as it is, since the tool trusts a file by its name. */
  findCertificate: (fingerprint: string) => Uint8Array | undefined;
  now: Date;
  /** Which release judges: 1.4.8 does not know the fields that 1.5 added. */
  release?: '1.4.8' | '1.5';
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function dashed(id: Uint8Array): string {
  const text = hex(id);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}

/** Manifests began on 22 November 2016, says the tool. */
const earliest = 1_479_772_800n;
const idSize = 16;

class Refused extends Error {}

class Log {
  readonly checks: Check[] = [];

  info(name: string, detail: string): void {
    this.checks.push({ name, ok: true, detail, level: 'info' });
  }

  warning(name: string, detail: string): void {
    this.checks.push({ name, ok: true, detail, level: 'warning' });
  }

  /** Said loudly, and without consequence. */
  critical(name: string, detail: string): void {
    this.checks.push({ name, ok: true, detail, level: 'critical' });
  }

  refuse(name: string, detail: string): never {
    this.checks.push({ name, ok: false, detail, level: 'critical' });
    throw new Refused(detail);
  }
}

/** 1.4.8 cannot read a manifest with these. */
const hasLaterFields = (manifest: ManifestV1): boolean =>
  manifest.precursorDigest !== undefined ||
  manifest.priority !== undefined ||
  manifest.payload?.installedSize !== undefined ||
  manifest.payload?.installedDigest !== undefined;

function checkIds(manifest: ManifestV1, options: ToolOptions, log: Log): void {
  for (const name of ['vendorId', 'classId', 'deviceId'] as const) {
    const found = manifest[name];
    if (found.length === 0) continue;
    if (found.length !== idSize) log.refuse(name, `UUIDs (${name}) must be 0 or 128 bits`);
    const expected = options[name];
    if (!expected) log.warning(name, `UUID ${name} not specified; ignoring`);
    else if (hex(expected) === hex(found)) log.info(name, `UUID ${name}: OK`);
    else log.refuse(name, `UUID mismatch for ${name}\nExpected: ${dashed(expected)}\nActual:   ${dashed(found)}`);
  }
}

function checkSignatures(signature: ResourceSignatureV1, signed: Uint8Array, options: ToolOptions, log: Log): void {
  for (const block of signature.signatures) {
    if (block.signature.length === 0) log.refuse('signature', 'A signature is empty');
    const [first] = block.certificates;
    if (!first) log.refuse('signature', 'A certificate reference is mandatory in a signature');
    const fingerprints = block.certificates.map(({ fingerprint }) => hex(fingerprint));
    let certificate: Uint8Array | undefined;
    for (const fingerprint of fingerprints) {
      if (fingerprint === '') log.refuse('signature', 'A fingerprint is mandatory in a certificate');
      certificate ??= options.findCertificate(fingerprint);
    }
    if (!certificate) log.refuse('certificate', `Could not find certificate chain matching ${fingerprints[0]}`);
    if (!verifies(parseCertificate(certificate).publicKey, signed, block.signature)) {
      log.refuse('signature', 'Signature verification failed');
    }
    log.info('signature', `Signature by ${fingerprints[0]}: OK`);
  }
}

function checkPayload(manifest: ManifestV1, release: '1.4.8' | '1.5', log: Log): void {
  const { payload, dependencies } = manifest;
  if (!payload) {
    if (dependencies.length === 0) log.refuse('payload', 'Manifest must contain either a dependency or a payload');
    return;
  }
  const { format } = payload;
  if (typeof format === 'string') log.warning('format', 'Cannot verify Object ID payload format');
  else {
    const name = payloadFormatsV1[format];
    if (!name || format === 0 || (format === 5 && release === '1.4.8')) {
      log.refuse('format', 'Payload format not recognized');
    }
    log.info('format', `Payload format ${name}: OK`);
  }
  if (payload.storageIdentifier === '') log.refuse('payload', 'storageIdentifier must be provided');
  if (payload.reference.hash.length === 0) log.refuse('payload', 'A resource hash is mandatory in a payload reference');
  if (payload.reference.size === 0) log.refuse('payload', 'Zero-size resources are not permitted');
}

function checkTimes({ timestamp, applyPeriod }: ManifestV1, now: bigint, log: Log): void {
  const actual = `Actual timestamp:    ${timestamp} (${asctime(timestamp)})`;
  if (timestamp < earliest) {
    const expected = `Expected timestamp > ${earliest} (${asctime(earliest)})`;
    log.critical('timestamp', `Manifests MUST not be timestamped before 2017.\n${expected}\n${actual}`);
  }
  if (timestamp > now) {
    const expected = `Expected timestamp < ${now} (${asctime(now)})`;
    log.critical('timestamp', `Manifests MUST not be timestamped in the future.\n${expected}\n${actual}`);
  }
  log.info('timestamp', `Timestamp ${earliest} < ${timestamp} < ${now}: OK`);
  if (!applyPeriod) return;
  const { validFrom, validTo } = applyPeriod;
  if (validTo >= now) log.refuse('applyPeriod', `The apply period ${validFrom} to ${validTo} has not ended yet`);
  log.info('applyPeriod', `Apply period ${validFrom} to ${validTo} OK`);
}

function judge(bytes: Uint8Array, options: ToolOptions, log: Log): void {
  const { release = '1.4.8' } = options;
  if (sniff(bytes) !== 'v1') log.refuse('form', 'No recognized manifest format found.');
  const { value, resourceTlv } = decodeV1(bytes, { reading: 'tool' });
  const manifest = manifestOf(value.resource);
  if (!manifest || value.resource.resourceType !== 0) {
    log.refuse('resource type', 'The supplied file does not contain a manifest');
  }
  if (release === '1.4.8' && hasLaterFields(manifest)) {
    log.refuse('form', 'The manifest has fields that release 1.4.8 does not know');
  }
  if (manifest.manifestVersion !== 1) log.refuse('version', 'Unsupported manifest version: None');
  log.info('version', 'Manifest version v1: OK');
  const mode = manifest.encryptionMode;
  if (typeof mode === 'string') log.refuse('encryption mode', 'No encryptionMode specified');
  const modeName = encryptionModes[mode];
  if (!modeName || mode === 0) log.refuse('encryption mode', `Encryption mode ${modeName ?? 'None'} not supported`);
  log.info('encryption mode', `Encryption mode ${modeName}: OK`);
  checkIds(manifest, options, log);
  const { signature } = value;
  const hash = sha256(resourceTlv);
  if (hex(hash) !== hex(signature.hash)) {
    log.refuse('hash', `Hash mismatch\nExpected: b'${hex(signature.hash)}'\nActual:   b'${hex(hash)}'`);
  }
  log.info('hash', 'Maninfest hash: OK');
  if (mode <= 2) {
    if (signature.signatures.length === 0) {
      log.refuse('signature', `Signature missing, but encryption mode ${modeName} requires a signature`);
    }
    checkSignatures(signature, resourceTlv, options, log);
  }
  const { nonce } = manifest;
  if (nonce.length === 0) log.refuse('nonce', 'A nonce is required in the manifest');
  if (nonce.length !== 16) log.refuse('nonce', `Nonce must be 128 bits. Got ${nonce.length * 8}: b'${hex(nonce)}'`);
  log.info('nonce', `nonce: ${hex(nonce)} OK`);
  checkPayload(manifest, release, log);
  checkTimes(manifest, BigInt(Math.floor(options.now.getTime() / 1000)), log);
}

/**
 * The verdict that `manifest-tool verify` of the 1.x line gives, for scripts that depend on it, with its lines as
 * `detail`. Its weak spots are kept, since they are what a script got: times that it calls critical and accepts, bytes
 * after the end, modes without any check of the signature, certificates whose dates do not matter.
 */
export function judgeAsTool(bytes: Uint8Array, options: ToolOptions): Verdict {
  const log = new Log();
  try {
    judge(bytes, options, log);
    return { ok: true, checks: log.checks };
  } catch (error) {
    if (isMooringError(error)) log.checks.push({ name: 'form', ok: false, detail: error.message, level: 'critical' });
    else if (!(error instanceof Refused)) throw error;
    return { ok: false, checks: log.checks };
  }
}
