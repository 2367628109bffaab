import {
  type DecodedManifest,
  decodeManifest,
  type KnownTime,
  type ManifestV1,
  type ManifestV3,
  manifestOf,
  payloadFormatsV3,
  verifyManifest,
  versionNumber,
} from '@mooring/manifest';
import { type Certificate, parseCertificate } from '@mooring/pki';
import type { Software } from '../software.ts';
import { readPermission } from './permission.ts';
import { ofChecks, type ResultCode } from './result-codes.ts';

/** What a device knows when it judges a manifest. */
export interface JudgedBy {
  /** The certificate of the secure storage, DER. */
  readonly certificate: Uint8Array;
  readonly vendorId: Uint8Array | undefined;
  readonly classId: Uint8Array | undefined;
  readonly deviceId: Uint8Array | undefined;
  /** Undefined where the device has no idea of the time: then dates are not judged. */
  readonly time: KnownTime | undefined;
  readonly running: Software | undefined;
}

/** What a manifest that was accepted orders. */
export interface Order {
  readonly schema: 'v1' | 'v3';
  readonly purpose: 'software' | 'successor';
  readonly uri: string;
  /** Of what is downloaded. */
  readonly size: number;
  /** SHA-256 of what is downloaded, hex. */
  readonly digest: string;
  readonly format: 'raw' | 'delta' | 'combined';
  /** Of deltas: what comes out, and what goes in. */
  readonly installed?: { readonly size: number; readonly digest: string; readonly precursor: string };
  /** What the device runs afterwards. */
  readonly software: Software;
}

export type OrderVerdict =
  /** `already`: it is what runs; the service did not hear of that. */
  | { readonly ok: true; readonly order: Order; readonly already: boolean }
  | {
      readonly ok: false;
      readonly schema: 'v1' | 'v3';
      readonly code: ResultCode;
      readonly reasons: readonly string[];
    };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/**
 * Judges a manifest strictly. Two things that would be refused are allowed where the signer says so in what is signed: an
 * older version, and, signed with a certificate that has expired, the one certificate that follows it.
 */
export function judgeOrder(bytes: Uint8Array, by: JudgedBy): OrderVerdict {
  const verdict = verifyManifest(bytes, {
    mode: 'strict',
    certificates: [by.certificate],
    ...(by.vendorId ? { vendorId: by.vendorId } : {}),
    ...(by.classId ? { classId: by.classId } : {}),
    ...(by.deviceId ? { deviceId: by.deviceId } : {}),
    ...(by.time ? { time: by.time } : {}),
    ...(by.running ? { runningVersion: by.running.version, runningDigest: Buffer.from(by.running.digest, 'hex') } : {}),
  });
  const failed = verdict.checks.filter(({ ok }) => !ok);
  const decoded = failed.some(({ name }) => name === 'form') ? undefined : decodeManifest(bytes);
  const schema = decoded?.schema ?? (bytes[4] === 0x0a || bytes[3] === 0x0a || bytes[2] === 0x0a ? 'v3' : 'v1');
  const refuse = (names: readonly string[], reasons: readonly string[]): OrderVerdict => ({
    ok: false,
    schema,
    code: ofChecks(names),
    reasons,
  });
  const described = decoded && describe(decoded);
  if (!described) {
    return refuse(
      failed.map(({ name }) => name),
      failed.length > 0
        ? failed.map(({ name, detail }) => `${name}: ${detail}`)
        : ['it is not a manifest of a payload'],
    );
  }
  const { order, vendorData, component } = described;
  const permission = readPermission(vendorData);
  if (permission?.kind === 'unknown') {
    return refuse([], [`it grants what is not known here: ${JSON.stringify(permission.text)}`]);
  }
  const isSuccessor = permission?.kind === 'successor';
  const mayGoBack =
    permission?.kind === 'downgrade' && by.running !== undefined && by.running.version <= permission.upTo;
  const { software } = order;
  const already = by.running?.version === software.version && by.running.digest === software.digest;
  const standing = failed.filter(({ name }) => {
    if (isSuccessor && (name === 'certificate validity' || name === 'version')) return false;
    if (already && (name === 'version' || name === 'precursor')) return false;
    return !(name === 'version' && mayGoBack);
  });
  // A delta goes by way of what runs; to go back, or for a certificate, there is none.
  if (isSuccessor && order.format !== 'raw') return refuse(['payload format'], ['a certificate comes as it is']);
  if (component !== mainComponent)
    return refuse(['component'], [`this device has no component ${JSON.stringify(component)}`]);
  if (standing.length > 0) {
    return refuse(
      standing.map(({ name }) => name),
      standing.map(({ name, detail }) => `${name}: ${detail}`),
    );
  }
  return {
    ok: true,
    order: { ...order, purpose: isSuccessor ? 'successor' : 'software' },
    already: already && !isSuccessor,
  };
}

/** The whole payload is one component here. */
const mainComponent = 'MAIN';

interface Described {
  readonly order: Omit<Order, 'purpose'>;
  readonly vendorData: Uint8Array | undefined;
  readonly component: string;
}

function describe(decoded: DecodedManifest): Described | undefined {
  if (decoded.schema === 'v3') return describeV3(decoded.value.manifest);
  const manifest = manifestOf(decoded.value.resource);
  return manifest && describeV1(manifest);
}

function describeV1(manifest: ManifestV1): Described | undefined {
  const { payload, timestamp, precursorDigest, vendorInfo } = manifest;
  if (!payload) return undefined;
  const { reference, format, installedDigest, installedSize } = payload;
  const isDelta = format === 5;
  const digest = hex(reference.hash);
  const installed =
    isDelta && installedDigest && installedSize !== undefined && precursorDigest
      ? { size: installedSize, digest: hex(installedDigest), precursor: hex(precursorDigest) }
      : undefined;
  return {
    vendorData: vendorInfo,
    component: mainComponent,
    order: {
      schema: 'v1',
      uri: reference.uri ?? '',
      size: reference.size,
      digest,
      format: isDelta ? 'delta' : 'raw',
      ...(installed ? { installed } : {}),
      software: { version: timestamp, digest: installed?.digest ?? digest, size: installed?.size ?? reference.size },
    },
  };
}

function describeV3(manifest: ManifestV3): Described | undefined {
  const { payloadFormat, payloadMetadata: metadata, vendorData } = manifest;
  const format = formats.get(payloadFormat);
  if (format === undefined) return undefined;
  const digest = hex(manifest.payloadDigest);
  const installed =
    format === 'delta' && metadata?.precursorDigest
      ? {
          size: metadata.installedSize,
          digest: hex(metadata.installedDigest),
          precursor: hex(metadata.precursorDigest),
        }
      : undefined;
  return {
    vendorData,
    component: manifest.componentName,
    order: {
      schema: 'v3',
      uri: manifest.payloadUri,
      size: manifest.payloadSize,
      digest,
      format,
      ...(installed ? { installed } : {}),
      software: {
        version: versionNumberOr(manifest.payloadVersion),
        digest: installed?.digest ?? digest,
        size: installed?.size ?? manifest.payloadSize,
      },
    },
  };
}

const formats: ReadonlyMap<number, Order['format']> = new Map([
  [payloadFormatsV3['raw-binary'], 'raw'],
  [payloadFormatsV3['arm-patch-stream'], 'delta'],
  [payloadFormatsV3.combined, 'combined'],
]);

/** What is no version was refused before this is used. */
function versionNumberOr(text: string): bigint {
  try {
    return versionNumber(text);
  } catch {
    return 0n;
  }
}

/**
 * The certificate that is to take the place of the current one.
 *
 * @returns a sentence where it cannot
 */
export function judgeSuccessor(data: Uint8Array, current: Uint8Array, time: Date | undefined): Certificate | string {
  let next: Certificate;
  try {
    next = parseCertificate(data);
  } catch (error) {
    return `the payload is not a certificate: ${(error as Error).message}`;
  }
  const before = parseCertificate(current);
  const { asymmetricKeyType, asymmetricKeyDetails } = next.publicKey;
  if (asymmetricKeyType !== 'ec' || asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    return 'its key is not of the curve P-256';
  if (next.notAfter <= before.notAfter) return 'it does not end later than the certificate before it';
  if (time && next.notAfter <= time) return 'it has expired itself';
  return next;
}
