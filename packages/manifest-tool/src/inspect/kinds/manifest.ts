import { formatUuid } from '@mooring/credentials';
import {
  type DecodedManifest,
  type DecodedV1,
  type DecodedV3,
  encryptionModes,
  hexOutput,
  type ManifestV1,
  manifestOf,
  payloadFormatNameV3,
  payloadFormatsV1,
  signedMode,
  verifyManifest,
  versionText,
} from '@mooring/manifest';
import { plainOf, treeOf } from '../../schema-3/dump.ts';
import { utc } from '../../validity/remaining.ts';
import { visible } from '../../visible.ts';
import type { Finding } from '../finding.ts';
import type { Fact, Item } from '../item.ts';

const id = (bytes: Uint8Array, none: string): string =>
  bytes.length === 16 ? formatUuid(bytes) : bytes.length === 0 ? none : `${hexOutput(bytes)}, which is no id`;

/** Bytes for people: as text where they are one, else as hex. */
function shown(bytes: Uint8Array): string {
  try {
    return JSON.stringify(visible(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    return hexOutput(bytes);
  }
}

const given = (label: string, text: string | undefined): Fact[] => (text === undefined ? [] : [[label, text]]);

/** A date where there can be one: a timestamp may be any number. */
function timeText(seconds: bigint): string {
  const date = new Date(Number(seconds) * 1000);
  const inReach = seconds > 0n && seconds < 253_402_300_800n;
  return inReach ? `${seconds}, as a time ${utc(date)}` : `${seconds}`;
}

function versionOf({ timestamp }: ManifestV1): string {
  const version = versionText(timestamp);
  return version === undefined ? timeText(timestamp) : `${version} (${timestamp})`;
}

function payloadFacts({ payload, precursorDigest }: ManifestV1): Fact[] {
  if (!payload) return [['payload', 'none']];
  const { format, reference, storageIdentifier, installedSize, installedDigest } = payload;
  const name = typeof format === 'number' ? (payloadFormatsV1[format] ?? `unknown format ${format}`) : format;
  return [
    ['payload', `${name}, ${reference.size} bytes`],
    ['', `SHA-256 ${hexOutput(reference.hash)}`],
    ['from', reference.uri === undefined ? 'not said' : visible(reference.uri)],
    ...given('stored as', storageIdentifier === 'default' ? undefined : visible(storageIdentifier)),
    ...given('made for', precursorDigest && `SHA-256 ${hexOutput(precursorDigest)}`),
    ...given('makes', installedDigest && `${installedSize} bytes, SHA-256 ${hexOutput(installedDigest)}`),
  ];
}

function signatureFacts({ value }: DecodedV1): Fact[] {
  const { signatures, macs = [] } = value.signature;
  return [
    ...signatures.map(({ certificates }): Fact => {
      const names = certificates.map(({ fingerprint }) => hexOutput(fingerprint));
      return ['signed for', names.length > 0 ? `certificate ${names.join(', then ')}` : 'no certificate that it names'];
    }),
    ...macs.map(
      ({ pskId, keyTableRef }): Fact => [
        'authenticated',
        `with pre-shared keys of the master key ${hexOutput(pskId)}, table at ${visible(keyTableRef ?? '?')}`,
      ],
    ),
    ...(signatures.length + macs.length === 0 ? [['signed', 'NOT AT ALL'] as const] : []),
  ];
}

function factsOfV1(decoded: DecodedV1): Fact[] {
  const manifest = manifestOf(decoded.value.resource);
  if (!manifest) return [['holds', 'a payload in place of a manifest']];
  const { encryptionMode: mode, vendorInfo, applyPeriod, aliases, dependencies } = manifest;
  const modeName = typeof mode === 'number' ? (encryptionModes[mode] ?? `unknown mode ${mode}`) : mode;
  return [
    ['vendor id', id(manifest.vendorId, 'any')],
    ['class id', id(manifest.classId, 'any')],
    ...(manifest.deviceId.length > 0 ? [['device id', id(manifest.deviceId, '')] as const] : []),
    ['version', versionOf(manifest)],
    ...payloadFacts(manifest),
    ...given('priority', manifest.priority?.toString()),
    ...given('description', manifest.description && visible(manifest.description)),
    ...given('vendor info', vendorInfo.length > 0 ? shown(vendorInfo) : undefined),
    ...given('apply', applyPeriod && `from ${timeText(applyPeriod.validFrom)} to ${timeText(applyPeriod.validTo)}`),
    ...given('aliases', aliases.length > 0 ? `${aliases.length}` : undefined),
    ...given('depends on', dependencies.length > 0 ? `${dependencies.length} other resources` : undefined),
    ...given('mode', mode === signedMode ? undefined : modeName),
    ...signatureFacts(decoded),
  ];
}

function factsOfV3({ value, encryptionKey }: DecodedV3): Fact[] {
  const { manifest } = value;
  const { payloadMetadata: metadata, installedSignature, vendorData } = manifest;
  const format = payloadFormatNameV3(manifest.payloadFormat) ?? `unknown format ${manifest.payloadFormat}`;
  return [
    ['vendor id', id(manifest.vendorId, 'none')],
    ['class id', id(manifest.classId, 'none')],
    ['component', visible(manifest.componentName)],
    ['version', visible(manifest.payloadVersion)],
    ['payload', `${format}, ${manifest.payloadSize} bytes`],
    ['', `SHA-256 ${hexOutput(manifest.payloadDigest)}`],
    ['from', visible(manifest.payloadUri)],
    ...given('made for', metadata?.precursorDigest && `SHA-256 ${hexOutput(metadata.precursorDigest)}`),
    ...given('makes', metadata && `${metadata.installedSize} bytes, SHA-256 ${hexOutput(metadata.installedDigest)}`),
    ['priority', `${manifest.updatePriority}`],
    ...given('custom data', vendorData && shown(vendorData)),
    ...given('image', installedSignature.length > 0 ? 'signed as well, for boot loaders that check it' : undefined),
    ...given('key', encryptionKey && 'of the encrypted payload, added by the service (not shown)'),
    ['signed', 'by a key that it does not name'],
  ];
}

/** Checks that need somebody to trust, or ids of a device; relations have those. */
const ofOthers = new Set(['fingerprint', 'signature', 'key', 'certificate validity', 'image signature', 'mac']);

function ownFindings(file: string, bytes: Uint8Array, now: Date): Finding[] {
  const time = { at: now, source: 'the clock of this machine' };
  return verifyManifest(bytes, { mode: 'strict', time })
    .checks.filter(({ name, ok }) => !ok && !ofOthers.has(name))
    .map(({ name, detail }) => ({
      weight: 'problem',
      code: 'manifest.check',
      files: [file],
      text: `${name}: ${visible(detail).replace(/\.$/, '')}`,
      data: { check: name },
    }));
}

/**
 * @param form `DER`, `hex`, `C array`
 * @param bytes the manifest itself, in DER
 */
export function manifestItem(file: string, form: string, bytes: Uint8Array, decoded: DecodedManifest, now: Date): Item {
  const [mac] = decoded.schema === 'v1' ? (decoded.value.signature.macs ?? []) : [];
  return {
    file,
    kind: 'manifest',
    title: `update manifest of schema ${decoded.schema}${form === 'DER' ? '' : `, as ${form}`}`,
    facts: decoded.schema === 'v1' ? factsOfV1(decoded) : factsOfV3(decoded),
    details: { schema: decoded.schema, form, content: plainOf(treeOf(decoded)) },
    findings: ownFindings(file, bytes, now),
    manifest: { decoded, bytes },
    ...(mac ? { pskId: mac.pskId } : {}),
  };
}
