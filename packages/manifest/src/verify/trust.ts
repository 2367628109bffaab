import type { KeyObject } from 'node:crypto';
import { type Certificate, keyTypeOf, parseCertificate, spkiOf } from '@mooring/pki';
import { isP256 } from '../signing/signer.ts';
import { sameBytes } from './device/device.ts';
import type { Checks } from './verdict.ts';

/** The best time known, and how well. */
export interface KnownTime {
  at: Date;
  /** Where it is from, for the report: `the clock`, `the service's answer`. */
  source: string;
  /** It may be later than `at` by any amount: then nothing is called too early. */
  atLeast?: boolean;
}

export interface StrictOptions {
  /** Certificates that may sign, DER; whoever checks many manifests gives them parsed. */
  certificates?: readonly (Uint8Array | Certificate)[];
  /** Schema v3 names no certificate: bare keys will do there. */
  publicKeys?: readonly KeyObject[];
  /** For manifests with MACs: the device's key and its record of the key table. */
  preSharedKey?: { id: Uint8Array; key: Uint8Array; record: Uint8Array };
  vendorId?: Uint8Array;
  classId?: Uint8Array;
  deviceId?: Uint8Array;
  time?: KnownTime;
  /** What runs now; the manifest has to be above it. */
  runningVersion?: bigint;
  /** SHA-256 of what runs now; patches have to be for it. */
  runningDigest?: Uint8Array;
  /** What was downloaded. */
  payload?: { sha256: Uint8Array; size: number };
}

/** A certificate or key that may sign. */
export interface Trusted {
  key: KeyObject;
  name: string;
  fingerprint?: Uint8Array;
  certificate?: Certificate;
}

const knownCertificates = new WeakMap<Certificate, Trusted>();

function trustedCertificate(certificate: Certificate): Trusted {
  let trusted = knownCertificates.get(certificate);
  if (!trusted) {
    const { fingerprint, publicKey } = certificate;
    const name = `certificate ${fingerprint}`;
    trusted = { key: publicKey, name, fingerprint: Buffer.from(fingerprint, 'hex'), certificate };
    knownCertificates.set(certificate, trusted);
  }
  return trusted;
}

export function trustedOf({ certificates = [], publicKeys = [] }: StrictOptions): Trusted[] {
  return [
    ...certificates.map((one) => trustedCertificate(one instanceof Uint8Array ? parseCertificate(one) : one)),
    ...publicKeys.map((key): Trusted => ({ key, name: 'the given public key' })),
  ];
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

const knownDates = new WeakMap<Certificate, string>();

function datesOf(certificate: Certificate): string {
  const known = knownDates.get(certificate);
  if (known !== undefined) return known;
  const dates = `valid from ${day(certificate.notBefore)} to ${day(certificate.notAfter)}`;
  knownDates.set(certificate, dates);
  return dates;
}

/** Whether the dates of a certificate speak against it; a bare key has none, and without a time nothing is judged. */
function isInTime({ certificate }: Trusted, time: KnownTime | undefined): boolean {
  if (!certificate || !time) return true;
  const tooEarly = time.at < certificate.notBefore && !time.atLeast;
  return !tooEarly && time.at <= certificate.notAfter;
}

/** A renewed certificate has the key of the old one: of those that verified, the one that is valid now. */
export function inTime(signer: Trusted, trusted: readonly Trusted[], time: KnownTime | undefined): Trusted {
  if (isInTime(signer, time)) return signer;
  const spki = spkiOf(signer.key);
  return trusted.find((one) => isInTime(one, time) && Buffer.compare(spkiOf(one.key), spki) === 0) ?? signer;
}

const knownTimes = new WeakMap<KnownTime, string>();

function nowOf(time: KnownTime): string {
  const known = knownTimes.get(time);
  if (known !== undefined) return known;
  const now = `now ${time.at.toISOString()} by ${time.source}`;
  knownTimes.set(time, now);
  return now;
}

/** Curve of the key and dates of the certificate with which a signature verified. */
export function checkSigner(trusted: Trusted, time: KnownTime | undefined, checks: Checks): void {
  const { key, certificate } = trusted;
  checks.add('key', isP256(key), isP256(key) ? 'P-256' : keyTypeOf(key));
  if (!certificate) return;
  const dates = datesOf(certificate);
  if (!time) {
    checks.add('certificate validity', true, `not judged, no time is known: ${dates}`);
    return;
  }
  checks.add('certificate validity', isInTime(trusted, time), `${dates}; ${nowOf(time)}`);
}

/** An id of the manifest against that of the device; not judged where the caller does not know it. */
export function checkId(name: string, found: Uint8Array, own: Uint8Array | undefined, checks: Checks): void {
  if (own && sameBytes(found, own)) checks.add(name, true, 'that of the device');
  else {
    const shown = Buffer.from(found).toString('hex');
    checks.add(name, !own, own ? `${shown} is not that of the device` : `not compared: ${shown}`);
  }
}

export function checkDownload(
  expected: { hash: Uint8Array; size: number },
  payload: { sha256: Uint8Array; size: number } | undefined,
  checks: Checks,
): void {
  if (!payload) return;
  const fits = payload.size === expected.size && sameBytes(payload.sha256, expected.hash);
  checks.add('payload', fits, fits ? 'what was downloaded' : 'size or digest is not that of what was downloaded');
}

/** Above what runs, and a patch for what runs. */
export function checkRunning(
  version: bigint,
  precursor: Uint8Array | undefined,
  { runningVersion, runningDigest }: StrictOptions,
  checks: Checks,
): void {
  if (runningVersion !== undefined) {
    checks.add('version', version > runningVersion, `${version}, running ${runningVersion}`);
  }
  if (precursor && runningDigest) {
    const fits = sameBytes(precursor, runningDigest);
    checks.add('precursor', fits, fits ? 'what runs' : 'the patch is for another image than the one that runs');
  }
}
