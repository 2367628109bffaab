import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { importPrivateKey, parseCertificate, signedCertificate, successorBody } from '@mooring/pki';
import {
  encodeEncryptionKey,
  encodeManifestV3,
  encodeResourceV1,
  encodeSignedV1,
  encodeSignedV3,
  type ManifestV1,
  type ManifestV3,
  rawSignature,
  type StrictOptions,
  signImage,
  signV1,
  signV3,
  type Verdict,
  verifyManifest,
} from '../src/index.ts';
import { sha256 } from '../src/signing/signer.ts';
import {
  bytes,
  classId,
  deviceId,
  digestOf,
  identity,
  manifestV1,
  manifestV3,
  now,
  patchV1,
  patchV3,
  vendorId,
} from './sample.ts';
import { vector, withoutVectors } from './vectors.ts';

const own = identity();
const other = identity();

const options: StrictOptions = {
  certificates: [own.der],
  vendorId,
  classId,
  deviceId,
  time: { at: now, source: 'the clock of the test' },
};

const judge = (input: Uint8Array, changes: Partial<StrictOptions> = {}): Verdict =>
  verifyManifest(input, { mode: 'strict', ...options, ...changes });

const failures = (verdict: Verdict): string[] => verdict.checks.filter(({ ok }) => !ok).map(({ name }) => name);

const signedV1 = (changes: Partial<ManifestV1> = {}) => signV1(manifestV1(changes), own.signer, own.certificate);
const signedV3 = (changes: Partial<ManifestV3> = {}) => signV3(manifestV3(changes), own.signer);

test('good manifests are accepted', async () => {
  const image = await signImage(Buffer.from('image'), own.signer);
  const coded = 36029896530722819n;
  for (const [name, input] of [
    ['v1', await signedV1()],
    ['v1 without a nonce, as 2.x writes it', await signedV1({ nonce: new Uint8Array() })],
    ['v1 with a version for a timestamp', await signedV1({ timestamp: coded })],
    ['v1 patch', await signV1(patchV1(), own.signer, own.certificate)],
    ['v1 for this device alone', await signedV1({ vendorId: new Uint8Array(), classId: new Uint8Array(), deviceId })],
    ['v3', await signedV3()],
    ['v3 patch', await signV3(patchV3(), own.signer)],
    ['v3 with a signed image', await signedV3({ installedSignature: image })],
  ] as const) {
    assert.deepEqual(failures(judge(input)), [], name);
  }
});

/** Every manifest with one bit changed, and every part of it from its start. */
function* damaged(input: Uint8Array): Generator<[string, Uint8Array]> {
  for (let bit = 0; bit < input.length * 8; bit++) {
    const flipped = new Uint8Array(input);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    yield [`bit ${bit & 7} of byte ${bit >> 3}`, flipped];
  }
  for (let end = 0; end < input.length; end++) yield [`cut off at byte ${end}`, input.subarray(0, end)];
}

test('every changed bit and every truncation is refused', async () => {
  for (const input of [
    await signV1(patchV1(), own.signer, own.certificate),
    await signedV3({ installedSignature: await signImage(Buffer.from('image'), own.signer) }),
  ]) {
    for (const [name, bad] of damaged(input)) assert.ok(!judge(bad).ok, name);
  }
});

test('what is wrong is named', async () => {
  const resource = encodeResourceV1(manifestV1());
  const signature = await own.signer.sign(resource);
  const block = { signature, certificates: [{ fingerprint: sha256(own.der), uri: '' }] };
  const signed = (changes: object) =>
    encodeSignedV1(resource, { hash: sha256(resource), signatures: [block], ...changes });
  const cases: [string, Uint8Array, string[]][] = [
    ['bytes after the end', Buffer.concat([await signedV1(), bytes(1, 0)]), ['form']],
    ['the wrong hash', signed({ hash: digestOf('x') }), ['hash']],
    ['no signature', signed({ signatures: [] }), ['signature']],
    ['an unknown certificate', await signV1(manifestV1(), other.signer, other.certificate), ['fingerprint']],
    [
      'a stranger signs under our fingerprint',
      signed({ signatures: [{ ...block, signature: await other.signer.sign(resource) }] }),
      ['signature'],
    ],
    [
      'a second signature by a stranger',
      signed({
        signatures: [
          block,
          { signature: await other.signer.sign(resource), certificates: [{ fingerprint: sha256(other.der), uri: '' }] },
        ],
      }),
      ['fingerprint'],
    ],
    [
      'an unknown certificate behind ours',
      signed({
        signatures: [{ ...block, certificates: [...block.certificates, { fingerprint: digestOf('x'), uri: '' }] }],
      }),
      ['fingerprint'],
    ],
    [
      'a URI that nothing protects',
      signed({ signatures: [{ ...block, certificates: [{ fingerprint: sha256(own.der), uri: 'http://x' }] }] }),
      ['unprotected fields'],
    ],
    ['MACs that nothing protects', signed({ macs: [] }), ['unprotected fields']],
    ['schema version 2', await signedV1({ manifestVersion: 2 }), ['schema version']],
    ['no signature needed, it says', await signedV1({ encryptionMode: 3 }), ['encryption mode']],
    ['an object identifier for a mode', await signedV1({ encryptionMode: '1.2.3' }), ['encryption mode']],
    ['another vendor', await signedV1({ vendorId: bytes(16, 9) }), ['vendor id']],
    ['another class', await signedV1({ classId: bytes(16, 9) }), ['class id']],
    ['another device', await signedV1({ deviceId: bytes(16, 9) }), ['device id']],
    ['no vendor', await signedV1({ vendorId: new Uint8Array() }), ['ids']],
    ['a short nonce', await signedV1({ nonce: bytes(8, 1) }), ['nonce']],
    ['a timestamp in the future', await signedV1({ timestamp: 2_100_000_000n }), ['timestamp']],
    ['a negative timestamp', await signedV1({ timestamp: -1n }), ['timestamp']],
    ['an apply period that is over', await signedV1({ applyPeriod: { validFrom: 1n, validTo: 2n } }), ['apply period']],
    [
      'an apply period to come',
      await signedV1({ applyPeriod: { validFrom: 2n ** 40n, validTo: 2n ** 41n } }),
      ['apply period'],
    ],
    [
      'a patch without a precursor',
      await signV1({ ...patchV1(), precursorDigest: digestOf('x').subarray(1) }, own.signer, own.certificate),
      ['patch'],
    ],
    ['v3 by a stranger', await signV3(manifestV3(), other.signer), ['signature']],
    [
      'v3 called version 4',
      encodeSignedV3(
        encodeManifestV3(manifestV3()),
        rawSignature(await own.signer.sign(encodeManifestV3(manifestV3()))),
        4,
      ),
      ['schema version'],
    ],
    [
      'an appended key that no payload needs',
      Buffer.concat([await signedV3(), encodeEncryptionKey(bytes(16, 1))]),
      ['form'],
    ],
    ['v3 of another vendor', await signedV3({ vendorId: bytes(16, 9) }), ['vendor id']],
    ['a component name of nine bytes', await signedV3({ componentName: 'NINEBYTES' }), ['component']],
    ['a version that is none', await signedV3({ payloadVersion: '1.2' }), ['payload version']],
    ['an unknown format', await signedV3({ payloadFormat: 99 }), ['payload format', 'payload metadata']],
    [
      'metadata of a raw image',
      await signedV3({ payloadMetadata: { installedSize: 1, installedDigest: digestOf('x') } }),
      ['payload metadata'],
    ],
    [
      'an image signature for another image',
      await signedV3({ installedSignature: await signImage(Buffer.from('x'), own.signer) }),
      ['image signature'],
    ],
    ['a short image signature', await signedV3({ installedSignature: bytes(10, 1) }), ['image signature']],
    ['an empty payload', await signedV3({ payloadSize: 0 }), ['payload size']],
  ];
  for (const [name, input, expected] of cases) assert.deepEqual(failures(judge(input)), expected, name);
});

test('no payload, nothing to install', async () => {
  const { payload: _, ...empty } = manifestV1();
  assert.deepEqual(failures(judge(await signV1(empty, own.signer, own.certificate))), ['payload']);
});

test('a device that was given the successor, with the same key, takes updates after the old certificate has ended', async () => {
  const time = { at: new Date('2026-06-01T00:00:00Z'), source: 'the test' };
  const body = successorBody(own.certificate, { notBefore: now, notAfter: new Date('2046-01-01T00:00:00Z') });
  const successor = signedCertificate(body, await own.signer.sign(body));
  const input = await signedV3();
  assert.deepEqual(failures(judge(input, { time })), ['certificate validity']);
  for (const certificates of [[own.der, successor], [successor, own.der], [successor]]) {
    assert.deepEqual(failures(judge(input, { time, certificates })), []);
  }
  const named = await signV1(manifestV1(), own.signer, parseCertificate(successor));
  assert.deepEqual(failures(judge(named, { time, certificates: [own.der, successor] })), []);
  assert.deepEqual(failures(judge(await signedV1(), { time, certificates: [own.der, successor] })), [
    'certificate validity',
  ]);
});

test('the certificate is judged by the best time known', async () => {
  const input = await signedV1({ timestamp: 1n });
  const early = new Date('2023-06-01T00:00:00Z');
  const late = new Date('2026-06-01T00:00:00Z');
  const source = 'the test';
  const cases: [string, StrictOptions['time'] | undefined, string[]][] = [
    ['within', { at: now, source }, []],
    ['before', { at: early, source }, ['certificate validity']],
    ['after', { at: late, source }, ['certificate validity']],
    ['at least a time before: it may be later', { at: early, source, atLeast: true }, []],
    ['at least a time after', { at: late, source, atLeast: true }, ['certificate validity']],
  ];
  for (const [name, time, expected] of cases) {
    assert.deepEqual(failures(judge(input, time ? { time } : {})), expected, name);
  }
  const { time: _, ...timeless } = options;
  const verdict = verifyManifest(input, { mode: 'strict', ...timeless });
  assert.ok(verdict.ok);
  assert.match(verdict.checks.find(({ name }) => name === 'certificate validity')?.detail ?? '', /no time is known/);
});

test('what runs and what was downloaded', async () => {
  const v1 = await signV1(patchV1(), own.signer, own.certificate);
  const v3 = await signV3(patchV3(), own.signer);
  const runningDigest = digestOf('old image');
  for (const input of [v1, v3]) {
    assert.deepEqual(failures(judge(input, { runningVersion: 0n, runningDigest })), []);
    assert.deepEqual(failures(judge(input, { runningVersion: 2n ** 60n })), ['version']);
    assert.deepEqual(failures(judge(input, { runningDigest: digestOf('x') })), ['precursor']);
  }
  const image = { sha256: digestOf('image'), size: 5 };
  for (const input of [await signedV1(), await signedV3()]) {
    assert.deepEqual(failures(judge(input, { payload: image })), []);
    assert.deepEqual(failures(judge(input, { payload: { ...image, size: 6 } })), ['payload']);
    assert.deepEqual(failures(judge(input, { payload: { ...image, sha256: digestOf('x') } })), ['payload']);
  }
  // The version that runs is not one to install again.
  assert.deepEqual(failures(judge(await signedV1({ timestamp: 7n }), { runningVersion: 7n })), ['version']);
});

/** What our verdict says to the damaged manifests of the vectors; those accepted by it are not damaged in truth. */
const expectedV1: Record<string, string[]> = {
  good: [],
  'priority-field': [],
  'nonce-empty': [],
  'device-id': [],
  'timestamp-old': [],
  'boolean-01': ['form'],
  certificate: ['form'],
  'indefinite-length': ['form'],
  'long-form-length': ['form'],
  text: ['form'],
  trailing: ['form'],
  'truncated-1': ['form'],
  'truncated-half': ['form'],
  'truncated-last': ['form'],
  'utf8-broken': ['form'],
  'vendor-15-bytes': ['form'],
  'uri-changed': ['hash', 'signature'],
  'uri-changed-hash-fixed': ['signature'],
  'hash-wrong': ['hash'],
  'sig-r-bitflip': ['signature'],
  'sig-s-bitflip': ['signature'],
  'sig-der-broken': ['signature'],
  'sig-raw-64': ['signature'],
  'sig-empty': ['signature'],
  'sig-other-key': ['signature'],
  'sig-other-key-other-fp': ['fingerprint'],
  'fingerprint-bitflip': ['fingerprint'],
  'fingerprint-empty': ['fingerprint'],
  'two-fingerprints': ['fingerprint'],
  'no-certificates': ['fingerprint'],
  'no-signatures': ['signature'],
  'resource-type-payload': ['resource type'],
  'version-2': ['schema version'],
  'timestamp-future': ['timestamp'],
  'timestamp-negative': ['timestamp'],
  'vendor-other': ['vendor id'],
  'class-other': ['class id'],
  'vendor-empty': ['ids'],
  'nonce-8': ['nonce'],
  'mode-invalid': ['encryption mode'],
  'mode-9': ['encryption mode'],
  'mode-oid': ['encryption mode'],
  'no-payload': ['payload'],
  'payload-size-0': ['payload size'],
  'payload-format-undefined': ['payload format'],
  'payload-format-oid': ['payload format'],
  'payload-format-5': ['patch'],
  'payload-hash-empty': ['payload hash'],
  'storage-empty': ['storage identifier'],
};

test('the damaged manifests of schema v1', { skip: withoutVectors }, async (t) => {
  const folder = 'v1-negative/all';
  for (const [name, expected] of Object.entries(expectedV1)) {
    await t.test(name, () => {
      const verdict = verifyManifest(vector(`${folder}/out/${name}.manifest`), {
        mode: 'strict',
        certificates: [vector(`${folder}/in/update.der`)],
        vendorId: Buffer.from('fa6b4a53d5ad5fdfbe9de663e4d41ffe', 'hex'),
        classId: Buffer.from('4d131344feab5a2e84a20dccdd905f35', 'hex'),
        time: { at: new Date('2019-09-30T10:56:04Z'), source: 'the vectors' },
      });
      assert.deepEqual(failures(verdict), expected, JSON.stringify(verdict.checks));
    });
  }
});

const expectedV3: Record<string, string[]> = {
  good: [],
  good1: [],
  'image-sig-empty': [],
  certificate: ['form'],
  'extra-field': ['form'],
  'no-installed-signature': ['form'],
  text: ['form'],
  trailing: ['form'],
  'trailing-key': ['form'],
  'truncated-half': ['form'],
  'truncated-last': ['form'],
  'v1-trailing': ['form'],
  'v1-truncated': ['form'],
  'vendor-15': ['form'],
  'digest-changed-resigned': ['image signature'],
  'image-sig-10-bytes': ['image signature'],
  'image-sig-bitflip-resigned': ['image signature'],
  'format-99': ['payload format', 'payload metadata'],
  'unexpected-metadata': ['payload metadata'],
  'priority-changed-old-sig': ['signature'],
  'sig-63': ['signature'],
  'sig-bitflip': ['signature'],
  'sig-der-form': ['signature'],
  'sig-empty': ['signature'],
  'version-4': ['schema version'],
  'v1-hash-wrong': ['hash'],
  'v1-sig-bitflip': ['signature'],
};

test('the damaged manifests of schema v3', { skip: withoutVectors }, async (t) => {
  const folder = 'v2-negative/all';
  const certificate = vector(`${folder}/in/cert.der`);
  const publicKey = createPublicKey(importPrivateKey(vector(`${folder}/in/key.pem`)));
  for (const [name, expected] of Object.entries(expectedV3)) {
    await t.test(name, () => {
      const verdict = verifyManifest(vector(`${folder}/out/${name}.manifest`), {
        mode: 'strict',
        certificates: [certificate],
        publicKeys: [publicKey],
        time: { at: parseCertificate(certificate).notBefore, source: 'the certificate' },
      });
      assert.deepEqual(failures(verdict), expected, JSON.stringify(verdict.checks));
    });
  }
});
