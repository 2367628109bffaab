import assert from 'node:assert/strict';
import { test } from 'node:test';
import { der } from '@mooring/pki';
import {
  type ClientBuild,
  encodeManifestV3,
  encodeResourceV1,
  encodeSignedV1,
  encodeSignedV3,
  type FieldedDevice,
  type FotaStatusName,
  fotaStatus,
  type ManifestV3,
  rawSignature,
  signV1,
  signV3,
  verifyManifest,
  versionNumber,
} from '../src/index.ts';
import { sha256 } from '../src/signing/signer.ts';
import { bytes, classId, digestOf, identity, manifestV1, manifestV3, patchV1, patchV3, vendorId } from './sample.ts';

const own = identity();

const device: FieldedDevice = {
  vendorId,
  classId,
  certificates: [own.der],
  components: { MAIN: { version: 5n, digest: digestOf('old image') } },
};

const judge = (client: 'fota-v1' | 'fota-v3', input: Uint8Array, changes: Partial<FieldedDevice> = {}) =>
  verifyManifest(input, { mode: 'device', client, device: { ...device, ...changes } });

const signedV3 = (changes: Partial<ManifestV3> = {}) => signV3(manifestV3(changes), own.signer);
const signedV1 = (changes = {}) => signV1(manifestV1(changes), own.signer, own.certificate);

const metadata = { installedSize: 1, installedDigest: digestOf('new image') };

test('the default limits of the client', async () => {
  const cases: [string, Uint8Array, ClientBuild, FotaStatusName | 'SUCCESS'][] = [
    ['custom data, by default', await signedV3({ vendorData: bytes(1, 1) }), {}, 'MANIFEST_CUSTOM_DATA_TOO_BIG'],
    ['custom data, with room for it', await signedV3({ vendorData: bytes(8, 1) }), { vendorDataSize: 8 }, 'SUCCESS'],
    ['a URI of 256 bytes', await signedV3({ payloadUri: 'u'.repeat(256) }), {}, 'MANIFEST_INVALID_URI'],
    ['a URI of 255 bytes', await signedV3({ payloadUri: 'u'.repeat(255) }), {}, 'SUCCESS'],
    ['a component name of nine bytes', await signedV3({ componentName: 'NINEBYTES' }), {}, 'MANIFEST_MALFORMED'],
    ['a version text of twelve bytes', await signedV3({ payloadVersion: '111.111.1111' }), {}, 'MANIFEST_MALFORMED'],
    ['a version part of four digits', await signedV3({ payloadVersion: '1.2.1000' }), {}, 'INTERNAL_ERROR'],
    ['a negative version part', await signedV3({ payloadVersion: '1.-2.3' }), {}, 'INTERNAL_ERROR'],
    ['a version of one number', await signedV3({ payloadVersion: '7' }), {}, 'SUCCESS'],
    [
      'a combined package',
      await signedV3({ payloadFormat: 6, payloadMetadata: metadata }),
      {},
      'MANIFEST_PAYLOAD_UNSUPPORTED',
    ],
    [
      'a combined package, supported',
      await signedV3({ payloadFormat: 6, payloadMetadata: metadata }),
      { combined: true },
      'SUCCESS',
    ],
    [
      'an encrypted image',
      await signedV3({ payloadFormat: 257, payloadMetadata: metadata }),
      {},
      'MANIFEST_PAYLOAD_UNSUPPORTED',
    ],
    [
      'an encrypted image, supported',
      await signedV3({ payloadFormat: 257, payloadMetadata: metadata }),
      { encryption: true },
      'SUCCESS',
    ],
    [
      'an encrypted package needs both',
      await signedV3({ payloadFormat: 262, payloadMetadata: metadata }),
      { encryption: true },
      'MANIFEST_PAYLOAD_UNSUPPORTED',
    ],
    [
      '263, as a comment has it',
      await signedV3({ payloadFormat: 263, payloadMetadata: metadata }),
      { encryption: true, combined: true },
      'MANIFEST_PAYLOAD_UNSUPPORTED',
    ],
    ['a patch without metadata', await signedV3({ payloadFormat: 5 }), {}, 'MANIFEST_MALFORMED'],
    ['a build without patches', await signV3(patchV3(), own.signer), { delta: false }, 'MANIFEST_PAYLOAD_UNSUPPORTED'],
    ['a build for signed images', await signedV3(), { signedImages: true }, 'MANIFEST_MALFORMED'],
    [
      'a build for signed images gets one',
      await signedV3({ installedSignature: bytes(64, 1) }),
      { signedImages: true },
      'SUCCESS',
    ],
    ['a size beyond 2^31', await signedV3({ payloadSize: 2 ** 31 }), {}, 'MANIFEST_MALFORMED'],
  ];
  for (const [name, input, build, expected] of cases) {
    const verdict = judge('fota-v3', input, { build });
    assert.equal(verdict.code ?? 'SUCCESS', expected, `${name}: ${JSON.stringify(verdict)}`);
    assert.equal(verdict.status, expected === 'SUCCESS' ? 0 : fotaStatus[expected], name);
  }
});

test('after reading: component, version, patch', async () => {
  const patch = await signV3(patchV3(), own.signer);
  const running = (version: bigint, more = {}) => ({ components: { MAIN: { version, ...more } } });
  const cases: [string, Uint8Array, Partial<FieldedDevice>, FotaStatusName | 'SUCCESS'][] = [
    ['an unknown component', await signedV3({ componentName: 'MODEM' }), {}, 'UNEXPECTED_COMPONENT'],
    ['a name that every object has', await signedV3({ componentName: 'valueOf' }), {}, 'UNEXPECTED_COMPONENT'],
    ['the version that runs', await signedV3(), running(versionNumber('1.2.3')), 'MANIFEST_VERSION_REJECTED'],
    ['a newer one', await signedV3(), running(versionNumber('1.2.2')), 'SUCCESS'],
    ['a patch for what runs', patch, {}, 'SUCCESS'],
    ['a patch for something else', patch, running(0n, { digest: digestOf('x') }), 'MANIFEST_PRECURSOR_MISMATCH'],
    ['a component that takes no patches', patch, running(0n, { delta: false }), 'MANIFEST_PAYLOAD_UNSUPPORTED'],
  ];
  for (const [name, input, changes, expected] of cases) {
    assert.equal(judge('fota-v3', input, changes).code ?? 'SUCCESS', expected, name);
  }
  assert.ok(judge('fota-v1', await signV1(patchV1(), own.signer, own.certificate)).ok);
  assert.equal(judge('fota-v1', await signedV1({ timestamp: 5n })).code, 'MANIFEST_VERSION_REJECTED');
});

test('a device without a readable certificate cannot check anything', async () => {
  assert.equal(judge('fota-v3', await signedV3(), { certificates: [] }).code, 'INTERNAL_CRYPTO_ERROR');
  assert.equal(judge('fota-v3', await signedV3(), { certificates: [bytes(9, 1)] }).code, 'INTERNAL_CRYPTO_ERROR');
});

test('each schema is foreign to the client of the other', async () => {
  assert.equal(judge('fota-v3', await signedV1()).code, 'MANIFEST_MALFORMED');
  assert.equal(judge('fota-v1', await signedV3()).code, 'MANIFEST_MALFORMED');
  assert.equal(judge('fota-v1', new Uint8Array()).code, 'MANIFEST_MALFORMED');
});

test('Mbed TLS takes signatures with numbers that are not minimal, and OpenSSL does not', async () => {
  const resource = encodeResourceV1(manifestV1());
  const raw = rawSignature(await own.signer.sign(resource));
  const number = (octets: Uint8Array) => der.encode(der.tags.integer, bytes(2, 0), octets);
  const signature = der.sequence(number(raw.subarray(0, 32)), number(raw.subarray(32)));
  const certificates = [{ fingerprint: sha256(own.der), uri: '' }];
  const input = encodeSignedV1(resource, { hash: sha256(resource), signatures: [{ signature, certificates }] });
  assert.ok(judge('fota-v1', input).ok);
  assert.ok(verifyManifest(input, { mode: 'device', client: 'hub', device }).ok);
  assert.ok(!verifyManifest(input, { mode: 'strict', certificates: [own.der] }).ok);
});

test('where an assertion ends the client, the verdict says so', async () => {
  const manifest = encodeManifestV3(manifestV3());
  const verdict = judge('fota-v3', encodeSignedV3(manifest, bytes(63, 1)));
  assert.deepEqual(
    { ok: verdict.ok, crash: verdict.crash, status: verdict.status },
    { ok: false, crash: 'SIGABRT', status: undefined },
  );
});
