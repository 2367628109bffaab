import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import {
  decodeManifest,
  encodeEncryptionKey,
  encodeV1,
  encodeV3,
  type FieldedDevice,
  type ManifestV1,
  type ManifestV3,
  signV1,
  signV3,
  verifyManifest,
} from '../src/index.ts';
import { bytes, classId, identity, manifestV1, manifestV3, now, patchV1, patchV3, vendorId } from './sample.ts';
import { manifestPaths, vector } from './vectors.ts';

const own = identity();

const corpus: Uint8Array[] = [
  await signV1(manifestV1(), own.signer, own.certificate),
  await signV1(
    { ...patchV1(), description: 'text', applyPeriod: { validFrom: 1n, validTo: 2n } },
    own.signer,
    own.certificate,
  ),
  await signV3(manifestV3(), own.signer),
  await signV3({ ...patchV3(), vendorData: bytes(9, 1) }, own.signer),
  ...manifestPaths().map(vector),
];

/** Runs of one property; a longer search takes MOORING_FUZZ_RUNS. */
const numRuns = Number(process.env.MOORING_FUZZ_RUNS ?? 20_000);

interface Edit {
  kind: 'flip' | 'set' | 'cut' | 'insert' | 'copy' | 'end';
  at: number;
  value: number;
  size: number;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('flip', 'set', 'cut', 'insert', 'copy', 'end'),
  at: fc.nat(1000),
  // Tags and lengths are what hurts.
  value: fc.oneof(fc.nat(255), fc.constantFrom(0x02, 0x04, 0x06, 0x0a, 0x0c, 0x30, 0x80, 0x81, 0x82, 0x84, 0x85, 0xff)),
  size: fc.integer({ min: 1, max: 40 }),
});

function edited(input: Uint8Array, { kind, at: anywhere, value, size }: Edit): Uint8Array {
  const at = input.length === 0 ? 0 : anywhere % input.length;
  const [head, tail] = [input.subarray(0, at), input.subarray(at)];
  switch (kind) {
    case 'flip':
      return Buffer.concat([head, Uint8Array.of((tail[0] ?? 0) ^ (1 << (value & 7))), tail.subarray(1)]);
    case 'set':
      return Buffer.concat([head, Uint8Array.of(value), tail.subarray(1)]);
    case 'cut':
      return Buffer.concat([head, tail.subarray(size)]);
    case 'insert':
      return Buffer.concat([head, bytes(size, value), tail]);
    case 'copy':
      return Buffer.concat([head, tail.subarray(0, size), tail]);
    case 'end':
      return head;
  }
}

const mutated: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.nat(corpus.length - 1), fc.array(edit, { minLength: 1, maxLength: 4 }))
  .map(([index, edits]) => edits.reduce(edited, corpus[index] as Uint8Array));

const input = fc.oneof({ weight: 9, arbitrary: mutated }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) });

test('decoders: only their own errors, and what they accept is written again byte for byte', () => {
  let accepted = 0;
  fc.assert(
    fc.property(input, (bytes) => {
      let decoded: ReturnType<typeof decodeManifest>;
      try {
        decoded = decodeManifest(bytes);
      } catch (error) {
        assert.ok(isMooringError(error), `${error}`);
        assert.match(error.code, /^manifest\./);
        const offset = error.data?.offset;
        assert.ok(offset === undefined || (Number(offset) >= 0 && Number(offset) <= bytes.length));
        return;
      }
      accepted++;
      const again =
        decoded.schema === 'v1'
          ? encodeV1(decoded.value)
          : Buffer.concat([
              encodeV3(decoded.value),
              ...(decoded.encryptionKey ? [encodeEncryptionKey(decoded.encryptionKey)] : []),
            ]);
      assert.ok(Buffer.compare(again, bytes) === 0, Buffer.from(bytes).toString('hex'));
    }),
    { numRuns },
  );
  assert.ok(accepted > 0);
});

const device: FieldedDevice = {
  vendorId,
  classId,
  certificates: [own.der],
  components: { MAIN: { version: 0n } },
  build: { vendorDataSize: 100, combined: true, encryption: true },
};

test('every judge says something to everything, and nobody takes for signed what is not', () => {
  fc.assert(
    fc.property(input, (bytes) => {
      for (const client of ['hub', 'fota-v1', 'fota-v3'] as const) {
        const verdict = verifyManifest(bytes, { mode: 'device', client, device });
        assert.equal(verdict.ok, verdict.status === 0);
      }
      verifyManifest(bytes, { mode: 'tool', now, findCertificate: () => own.der });
      const strict = verifyManifest(bytes, { mode: 'strict', certificates: [own.der], vendorId, classId });
      if (strict.ok)
        assert.ok(
          corpus.some((one) => Buffer.compare(one, bytes) === 0),
          Buffer.from(bytes).toString('hex'),
        );
    }),
    { numRuns: Math.ceil(numRuns / 4) },
  );
});

const octets = (maxLength = 40) => fc.uint8Array({ maxLength });
const id = fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ minLength: 16, maxLength: 16 }));
const text = fc.string({ unit: 'binary', maxLength: 200 });
const number = fc.maxSafeNat();
const choice = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.constantFrom('1.2.840.10045', '2.999.3', '0.0'),
);
const options = { noNullPrototype: true };

const anyManifestV1 = fc.record(
  {
    manifestVersion: fc.nat(300),
    description: text,
    timestamp: fc.bigInt(),
    vendorId: id,
    classId: id,
    deviceId: id,
    nonce: octets(),
    vendorInfo: octets(300),
    precursorDigest: octets(),
    applyPeriod: fc.record({ validFrom: fc.bigInt(), validTo: fc.bigInt() }, options),
    applyImmediately: fc.boolean(),
    priority: fc.maxSafeInteger(),
    encryptionMode: choice,
    aliases: fc.array(fc.record({ hash: octets(), uri: text }, options), { maxLength: 3 }),
    dependencies: fc.array(
      fc.record({ hash: octets(), uri: text, size: number }, { ...options, requiredKeys: ['hash', 'size'] }),
      { maxLength: 3 },
    ),
    payload: fc.record(
      {
        format: choice,
        storageIdentifier: text,
        reference: fc.record(
          { hash: octets(), uri: text, size: number },
          { ...options, requiredKeys: ['hash', 'size'] },
        ),
        installedSize: number,
        installedDigest: octets(),
        version: text,
      },
      { ...options, requiredKeys: ['format', 'storageIdentifier', 'reference'] },
    ),
  },
  {
    ...options,
    requiredKeys: [
      'manifestVersion',
      'timestamp',
      'vendorId',
      'classId',
      'deviceId',
      'nonce',
      'vendorInfo',
      'applyImmediately',
      'encryptionMode',
      'aliases',
      'dependencies',
    ],
  },
) as fc.Arbitrary<ManifestV1>;

const anyManifestV3 = fc.record(
  {
    vendorId: id,
    classId: id,
    updatePriority: fc.maxSafeInteger(),
    componentName: text,
    payloadVersion: text,
    payloadDigest: octets(),
    payloadSize: number,
    payloadUri: text,
    payloadFormat: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    installedSignature: octets(100),
    payloadMetadata: fc.record(
      { installedSize: number, installedDigest: octets(), precursorDigest: octets() },
      { ...options, requiredKeys: ['installedSize', 'installedDigest'] },
    ),
    vendorData: octets(300),
  },
  {
    ...options,
    requiredKeys: [
      'vendorId',
      'classId',
      'updatePriority',
      'componentName',
      'payloadVersion',
      'payloadDigest',
      'payloadSize',
      'payloadUri',
      'payloadFormat',
      'installedSignature',
    ],
  },
) as fc.Arbitrary<ManifestV3>;

test('whatever a manifest says, it reads back', () => {
  fc.assert(
    fc.property(anyManifestV1, octets(), (manifest, hash) => {
      const value = { resource: { resourceType: 0, resource: manifest }, signature: { hash, signatures: [] } };
      const decoded = decodeManifest(encodeV1(value));
      assert.deepEqual(decoded.value, value);
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(anyManifestV3, octets(), (manifest, signature) => {
      const value = { manifestVersion: 3, manifest, signature };
      assert.deepEqual(decodeManifest(encodeV3(value)).value, value);
    }),
    { numRuns: 500 },
  );
});
