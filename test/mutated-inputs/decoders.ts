// Whatever of manifest-tool, its siblings and the device reads from outside, each with whole inputs to start from.
import {
  parseCSource,
  readDeveloperCredentials,
  readUpdateResources,
  writeDeveloperCredentials,
  writeUpdateResources,
} from '@mooring/credentials';
import {
  applyDelta,
  applyDeltaStream,
  createDelta,
  decodeKeyTable,
  decodeManifest,
  encodeKeyTable,
  lz4Bound,
  lz4Decode,
  lz4Encode,
  openPackage,
  openRecord,
  readPackage,
  sealRecord,
  signV1,
  signV3,
  verifyManifest,
  writePackage,
} from '@mooring/manifest';
import {
  createRequest,
  exportPrivateKey,
  generateKeyPair,
  importPrivateKey,
  parseCertificate,
  parseCertificates,
  parseRequest,
} from '@mooring/pki';
import { inMemory } from '@mooring/platform';
import { developerFields, updateCertificate } from '../../packages/credentials/test/identity.ts';
import {
  classId,
  identity,
  manifestV1,
  manifestV3,
  now,
  patchV1,
  patchV3,
  vendorId,
} from '../../packages/manifest/test/sample.ts';
import { recognise } from '../../packages/manifest-tool/src/inspect/recognise.ts';
import { deviceFindings } from '../../packages/manifest-tool/src/inspect/relations/devices.ts';
import { identityFindings } from '../../packages/manifest-tool/src/inspect/relations/identities.ts';
import { pairFindings } from '../../packages/manifest-tool/src/inspect/relations/pairs.ts';
import { signerFindings } from '../../packages/manifest-tool/src/inspect/relations/signers.ts';

export interface Decoder {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** Takes the input, or refuses it with a MooringError; anything else that is thrown is a fault. */
  read(input: Uint8Array): unknown;
}

const own = identity();
const { privateKey } = generateKeyPair();
const text = (value: string): Uint8Array => Buffer.from(value);

const v1 = [
  await signV1(manifestV1(), own.signer, own.certificate),
  await signV1(
    { ...patchV1(), description: 'text', priority: 3, applyPeriod: { validFrom: 1n, validTo: 2n } },
    own.signer,
  ),
];
const v3 = [
  await signV3(manifestV3(), own.signer),
  await signV3({ ...patchV3(), vendorData: text('data') }, own.signer),
];

const device = {
  vendorId,
  classId,
  certificates: [own.der],
  components: { MAIN: { version: 0n } },
  build: { vendorDataSize: 100, combined: true, encryption: true },
};

/** All that can be made of a manifest: the decoding, and the verdict of each judge. */
function judge(input: Uint8Array): void {
  for (const client of ['hub', 'fota-v1', 'fota-v3'] as const) {
    verifyManifest(input, { mode: 'device', client, device });
  }
  verifyManifest(input, { mode: 'tool', now, findCertificate: () => own.der });
  verifyManifest(input, { mode: 'strict', certificates: [own.certificate], vendorId, classId });
  decodeManifest(input);
}

const old = Buffer.from('the quick brown fox jumps over the lazy dog; '.repeat(60));
const image = Buffer.concat([old.subarray(0, 1500), text('a new part'), old.subarray(1400)]);
const deltas = [createDelta(old, image).delta, createDelta(old, image, { blockSize: 128 }).delta];
/** As a small device has them: memory is bounded by what it says, not by what the delta says. */
const limits = { maxSize: 1 << 20, maxFrame: 1 << 16 };

async function applyBothWays(delta: Uint8Array): Promise<void> {
  for await (const _ of applyDeltaStream(inMemory(old), [delta], limits));
  applyDelta(old, delta);
}

function block(): Uint8Array {
  const out = new Uint8Array(lz4Bound(image.length));
  return out.slice(0, lz4Encode(image, 0, image.length, out).written);
}

const images = [
  { name: 'main', vendorData: text('one'), data: image },
  { name: 'sub-1', vendorData: text('two'), data: old },
];
const packages = [writePackage(images), writePackage(images, { alignment: 512 })];

async function readBothWays(bytes: Uint8Array): Promise<void> {
  await openPackage(inMemory(bytes));
  readPackage(bytes);
}

const update = text(writeUpdateResources({ vendorId, classId, certificate: updateCertificate }));
const developer = text(writeDeveloperCredentials(developerFields));

const request = createRequest({ subject: { commonName: 'device' }, key: privateKey });
const certificates = [
  own.der,
  text(own.certificate.pem),
  text(own.certificate.pem.repeat(2)),
  developerFields.deviceCertificate,
];
const keys = (['sec1', 'pkcs8'] as const).flatMap((form) => [
  exportPrivateKey(privateKey, form, 'der'),
  text(exportPrivateKey(privateKey, form, 'pem')),
]);

const psk = Buffer.alloc(16, 7);
const iv = Buffer.alloc(13, 9);
const record = sealRecord(psk, iv, { hash: Buffer.alloc(32, 1) });
const table = encodeKeyTable([
  { urn: 'urn:dev:one', opaque: record },
  { urn: 'urn:dev:two', opaque: record },
]);

const settings = text(JSON.stringify({ classId: 'x', vendorId: 'y', 'default-certificates': [{ file: 'a.der' }] }));
const config = text('certificate: a.der\nclass-id: 0123\nkey_file: b.pem\nvendor-id: 4567\n');

/** What `inspect` says to a file, whatever it is. */
async function inspect(head: Uint8Array): Promise<void> {
  const source = {
    file: 'x',
    head,
    size: head.length,
    sha256: '',
    path: undefined,
    deltaVersion: undefined,
    mode: 0o600,
  };
  const item = { ...(await recognise(source, now)), size: head.length, sha256: '', path: undefined };
  for (const findings of [signerFindings, pairFindings, identityFindings]) findings([item]);
  deviceFindings([item], now);
}

const decoded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

export const decoders: readonly Decoder[] = [
  { name: 'manifest v1', seeds: v1, read: judge },
  { name: 'manifest v3', seeds: v3, read: judge },
  { name: 'update resources in C', seeds: [update], read: (input) => readUpdateResources(decoded(input), 'x.c') },
  {
    name: 'developer credentials in C',
    seeds: [developer],
    read: (input) => [readDeveloperCredentials(decoded(input), 'x.c'), parseCSource(decoded(input), 'x.c')],
  },
  { name: 'delta', seeds: deltas, read: applyBothWays },
  { name: 'LZ4 block', seeds: [block()], read: (input) => lz4Decode(input, new Uint8Array(image.length + 100)) },
  { name: 'combined package', seeds: packages, read: readBothWays },
  { name: 'certificate', seeds: certificates, read: (input) => [parseCertificate(input), parseCertificates(input)] },
  { name: 'certificate request', seeds: [request], read: parseRequest },
  { name: 'private key', seeds: keys, read: importPrivateKey },
  { name: 'key table', seeds: [table], read: decodeKeyTable },
  { name: 'key table record', seeds: [record], read: (input) => openRecord(psk, iv, input) },
  {
    name: 'inspect',
    seeds: [...v1, ...v3, update, developer, ...deltas, ...packages, ...certificates, ...keys, settings, config],
    read: inspect,
  },
];
