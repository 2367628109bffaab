import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ClientBuild,
  encodeResourceV1,
  encodeSignedV1,
  type FieldedDevice,
  type HubResultName,
  type ManifestV1,
  signV1,
  verifyManifest,
} from '../src/index.ts';
import { sha256 } from '../src/signing/signer.ts';
import { bytes, classId, digestOf, identity, manifestV1, patchV1, vendorId } from './sample.ts';
import { vector, withoutVectors } from './vectors.ts';

const own = identity();
const other = identity();

const device: FieldedDevice = {
  vendorId,
  classId,
  certificates: [own.der],
  components: { MAIN: { version: 1_700_000_000n, digest: digestOf('old image') } },
};

const judge = (input: Uint8Array, changes: Partial<FieldedDevice> = {}) =>
  verifyManifest(input, { mode: 'device', client: 'hub', device: { ...device, ...changes } });

const signed = (changes: Partial<ManifestV1> = {}) => signV1(manifestV1(changes), own.signer, own.certificate);

const reference = (certificate: Uint8Array) => ({ fingerprint: sha256(certificate), uri: '' });

test('good manifests pass, with whatever this client does not look at', async () => {
  for (const [name, input] of [
    ['plain', await signed()],
    ['patch', await signV1(patchV1(), own.signer, own.certificate)],
    ['another device', await signed({ deviceId: bytes(16, 9) })],
    ['an apply period that is over', await signed({ applyPeriod: { validFrom: 1n, validTo: 2n } })],
    [
      'aliases and dependencies',
      await signed({ aliases: [{ hash: digestOf('a'), uri: 'x' }], dependencies: [{ hash: digestOf('b'), size: 1 }] }),
    ],
    ['no class', await signed({ classId: new Uint8Array() })],
    ['a short nonce', await signed({ nonce: bytes(3, 1) })],
    ['bytes after the end', Buffer.concat([await signed(), bytes(9, 0)])],
  ] as const) {
    const verdict = judge(input);
    assert.ok(verdict.ok, `${name}: ${JSON.stringify(verdict)}`);
  }
});

test('refusals carry the result that the device reports', async () => {
  const resource = encodeResourceV1(manifestV1());
  const hash = sha256(resource);
  const signature = await own.signer.sign(resource);
  const block = { signature, certificates: [reference(own.der)] };
  const strangers = { signature: await other.signer.sign(resource), certificates: [reference(other.der)] };
  const { payload: _, ...empty } = manifestV1();
  const payload = manifestV1().payload as NonNullable<ManifestV1['payload']>;
  const withReference = (changes: object) =>
    signed({ payload: { ...payload, reference: { ...payload.reference, ...changes } } });
  const { uri: __, ...withoutUri } = payload.reference;
  const cases: [string, Uint8Array, HubResultName, number][] = [
    ['nothing', new Uint8Array(), 'MFST_ERR_DER_FORMAT', 218],
    [
      'a payload',
      encodeSignedV1(encodeResourceV1({ resourceType: 1, resource: bytes(3, 1) }), { hash, signatures: [block] }),
      'MFST_ERR_DER_FORMAT',
      218,
    ],
    ['manifest version 3', await signed({ manifestVersion: 3 }), 'MFST_ERR_VERSION', 214],
    ['manifest version 2 in a build for patches', await signed({ manifestVersion: 2 }), 'MFST_ERR_VERSION', 214],
    ['mode 0', await signed({ encryptionMode: 0 }), 'MFST_ERR_CRYPTO_MODE', 219],
    ['mode 6', await signed({ encryptionMode: 6 }), 'MFST_ERR_CRYPTO_MODE', 219],
    ['mode as object identifier', await signed({ encryptionMode: '1.2.3' }), 'MFST_ERR_DER_FORMAT', 218],
    ['the wrong hash', encodeSignedV1(resource, { hash: digestOf('x'), signatures: [block] }), 'MFST_ERR_HASH', 207],
    ['unsigned', await signed({ encryptionMode: 3 }), 'MFST_ERR_FORMAT', 218],
    ['pre-shared key', await signed({ encryptionMode: 4 }), 'MFST_ERR_FORMAT', 218],
    ['no signature', encodeSignedV1(resource, { hash, signatures: [] }), 'MFST_ERR_FORMAT', 218],
    ['no certificate', await signV1(manifestV1(), own.signer), 'MFST_ERR_FORMAT', 218],
    [
      'an unknown certificate',
      encodeSignedV1(resource, { hash, signatures: [strangers] }),
      'ARM_UC_CM_ERR_NOT_FOUND',
      208,
    ],
    [
      'a known certificate only in second place',
      encodeSignedV1(resource, {
        hash,
        signatures: [{ signature, certificates: [reference(other.der), reference(own.der)] }],
      }),
      'ARM_UC_CM_ERR_NOT_FOUND',
      208,
    ],
    [
      'a second signature by a stranger',
      encodeSignedV1(resource, { hash, signatures: [block, strangers] }),
      'ARM_UC_CM_ERR_NOT_FOUND',
      208,
    ],
    [
      'the signature of a stranger',
      encodeSignedV1(resource, { hash, signatures: [{ ...block, signature: strangers.signature }] }),
      'MFST_ERR_INVALID_SIGNATURE',
      210,
    ],
    ['another vendor', await signed({ vendorId: bytes(16, 9), classId: bytes(16, 9) }), 'MFST_ERR_GUID_VENDOR', 215],
    ['another class', await signed({ classId: bytes(16, 9) }), 'MFST_ERR_GUID_DEVCLASS', 216],
    ['no vendor', await signed({ vendorId: new Uint8Array() }), 'MFST_ERR_NULL_PTR', 200],
    ['a patch without its fields', await signed({ payload: { ...payload, format: 5 } }), 'MFST_ERR_DER_FORMAT', 218],
    ['an unknown format', await signed({ payload: { ...payload, format: 4 } }), 'MFST_ERR_FORMAT', 218],
    ['no payload', await signV1(empty, own.signer, own.certificate), 'MFST_ERR_DER_FORMAT', 218],
    ['an empty payload', await withReference({ size: 0 }), 'MFST_ERR_FIRMWARE_SIZE', 200],
    ['no URI', await signed({ payload: { ...payload, reference: withoutUri } }), 'MFST_ERR_DER_FORMAT', 218],
    ['a URI without a path', await withReference({ uri: 'http://host' }), 'SOMA_ERR_INVALID_URI', 307],
    ['a scheme that it does not know', await withReference({ uri: 'https://host/path' }), 'SOMA_ERR_INVALID_URI', 307],
    ['the timestamp that runs', await signed({ timestamp: 1_700_000_000n }), 'HUB_ERR_ROLLBACK_PROTECTION', 221],
    [
      'a patch for another image',
      await signV1({ ...patchV1(), precursorDigest: digestOf('x') }, own.signer, own.certificate),
      'HUB_ERR_PRECURSOR_MISMATCH',
      229,
    ],
  ];
  for (const [name, input, code, status] of cases) {
    const verdict = judge(input);
    assert.deepEqual(
      { ok: verdict.ok, code: verdict.code, status: verdict.status },
      { ok: false, code, status },
      `${name}: ${JSON.stringify(verdict.checks)}`,
    );
  }
});

test('a second signature without a certificate counts as none, which this client forgives', async () => {
  const resource = encodeResourceV1(manifestV1());
  const block = { signature: await own.signer.sign(resource), certificates: [reference(own.der)] };
  const nameless = { signature: bytes(3, 1), certificates: [] };
  assert.ok(judge(encodeSignedV1(resource, { hash: sha256(resource), signatures: [block, nameless] })).ok);
});

test('builds without patches do not know the fields of 1.5, and take manifest version 2', async () => {
  const build: ClientBuild = { delta: false };
  assert.equal(judge(await signV1(patchV1(), own.signer, own.certificate), { build }).code, 'MFST_ERR_DER_FORMAT');
  assert.ok(judge(await signed({ manifestVersion: 2 }), { build }).ok);
});

test('what the device runs may be unknown', async () => {
  const { components: _, ...stateless } = device;
  const verdict = verifyManifest(await signed({ timestamp: 0n }), { mode: 'device', client: 'hub', device: stateless });
  assert.ok(verdict.ok);
  assert.match(verdict.checks.find(({ name }) => name === 'timestamp')?.detail ?? '', /not judged/);
});

/** By reading the client's source, not by running it. */
const ofVectors: Record<string, HubResultName | 'accepted'> = {
  good: 'accepted',
  'boolean-01': 'accepted',
  'device-id': 'accepted',
  'long-form-length': 'accepted',
  'nonce-8': 'accepted',
  'payload-hash-empty': 'accepted',
  'priority-field': 'accepted',
  'timestamp-future': 'accepted',
  trailing: 'accepted',
  certificate: 'MFST_ERR_DER_FORMAT',
  'fingerprint-bitflip': 'ARM_UC_CM_ERR_NOT_FOUND',
  'fingerprint-empty': 'ARM_UC_CM_ERR_NOT_FOUND',
  'hash-wrong': 'MFST_ERR_HASH',
  'uri-changed': 'MFST_ERR_HASH',
  'uri-changed-hash-fixed': 'MFST_ERR_INVALID_SIGNATURE',
  'indefinite-length': 'MFST_ERR_DER_FORMAT',
  'mode-9': 'MFST_ERR_CRYPTO_MODE',
  'no-certificates': 'MFST_ERR_FORMAT',
  'no-signatures': 'MFST_ERR_FORMAT',
  'payload-format-oid': 'MFST_ERR_DER_FORMAT',
  'payload-size-0': 'MFST_ERR_FIRMWARE_SIZE',
  'resource-type-payload': 'MFST_ERR_DER_FORMAT',
  'sig-raw-64': 'MFST_ERR_INVALID_SIGNATURE',
  'timestamp-old': 'HUB_ERR_ROLLBACK_PROTECTION',
  'truncated-half': 'MFST_ERR_DER_FORMAT',
  'vendor-15-bytes': 'MFST_ERR_GUID_VENDOR',
  'version-2': 'MFST_ERR_VERSION',
};

test('the damaged manifests of the vectors', { skip: withoutVectors }, () => {
  for (const [name, expected] of Object.entries(ofVectors)) {
    const verdict = judge(vector(`v1-negative/all/out/${name}.manifest`), {
      vendorId: Buffer.from('fa6b4a53d5ad5fdfbe9de663e4d41ffe', 'hex'),
      classId: Buffer.from('4d131344feab5a2e84a20dccdd905f35', 'hex'),
      certificates: [vector('v1-negative/all/in/update.der')],
      components: { MAIN: { version: 1_500_000_000n } },
    });
    assert.equal(verdict.code ?? 'accepted', expected, `${name}: ${JSON.stringify(verdict.checks)}`);
  }
});
