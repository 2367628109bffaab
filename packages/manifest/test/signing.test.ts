import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { importPrivateKey } from '@mooring/pki';
import fc from 'fast-check';
import {
  addSignatureV1,
  decodeV1,
  decodeV3,
  derSignature,
  encodeResourceV1,
  keySigner,
  rawSignature,
  type Signer,
  signImage,
  signV1,
  signV3,
  verifies,
  verifiesDigest,
  verifiesRaw,
} from '../src/index.ts';
import { sha256 } from '../src/signing/signer.ts';
import { bytes, digestOf, identity, manifestV1, manifestV3 } from './sample.ts';
import { manifestPaths, vector, withoutVectors } from './vectors.ts';

const own = identity();
const other = identity();

test('a signed manifest carries hash, signature and fingerprint', async () => {
  const manifest = manifestV1();
  const { value, resourceTlv } = decodeV1(await signV1(manifest, own.signer, own.certificate));
  assert.deepEqual(resourceTlv, encodeResourceV1(manifest));
  const [block] = value.signature.signatures;
  assert.ok(block && verifies(own.publicKey, resourceTlv, block.signature));
  assert.deepEqual(block.certificates, [{ fingerprint: sha256(own.der), uri: '' }]);
  assert.equal(Buffer.from(sha256(own.der)).toString('hex'), own.certificate.fingerprint);
});

test('without a certificate the list of references is empty', async () => {
  const { value } = decodeV1(await signV1(manifestV1(), own.signer));
  assert.deepEqual(value.signature.signatures[0]?.certificates, []);
});

test('schema v3 carries the raw form', async () => {
  const { value, manifestTlv } = decodeV3(await signV3(manifestV3(), own.signer));
  assert.equal(value.signature.length, 64);
  assert.ok(verifiesRaw(own.publicKey, manifestTlv, value.signature));
});

test('a second signature leaves the rest as it was', async () => {
  const one = await signV1(manifestV1(), own.signer, own.certificate);
  const two = decodeV1(await addSignatureV1(one, other.signer, other.certificate));
  const first = decodeV1(one);
  assert.deepEqual(two.resourceTlv, first.resourceTlv);
  assert.deepEqual(two.value.signature.signatures[0], first.value.signature.signatures[0]);
  assert.equal(two.value.signature.signatures.length, 2);
});

test('a certificate that does not belong to the key is refused', async () => {
  const refused = { code: 'manifest.signature.mismatch', message: /the test key .* the certificate/ };
  await assert.rejects(signV1(manifestV1(), own.signer, other.certificate), refused);
  await assert.rejects(signV3(manifestV3(), own.signer, other.certificate), refused);
  await assert.rejects(addSignatureV1(await signV1(manifestV1(), own.signer), own.signer, other.certificate), refused);
});

test('an external signer that answers with something else is refused', async () => {
  const answers: [string, Uint8Array, string][] = [
    ['an empty file', new Uint8Array(), 'manifest.signature.malformed'],
    [
      'raw r and s',
      sign('sha256', bytes(1, 1), { key: own.privateKey, dsaEncoding: 'ieee-p1363' }),
      'manifest.signature.malformed',
    ],
    ['a signature of something else', sign('sha256', bytes(1, 1), own.privateKey), 'manifest.signature.mismatch'],
    [
      'one byte more',
      Buffer.concat([sign('sha256', bytes(1, 1), own.privateKey), bytes(1, 0)]),
      'manifest.signature.malformed',
    ],
  ];
  for (const [name, answer, code] of answers) {
    const signer: Signer = { sign: async () => answer, description: 'the tool' };
    await assert.rejects(signV1(manifestV1(), signer, own.certificate), { code }, name);
  }
});

test('keys on other curves are refused, since devices have only P-256', () => {
  for (const namedCurve of ['secp384r1', 'secp256k1']) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve });
    assert.throws(() => keySigner(privateKey), { code: 'manifest.key.unsupported' });
  }
  assert.throws(() => keySigner(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey), {
    code: 'manifest.key.unsupported',
  });
});

test('both forms of a signature turn into each other', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (raw) => {
      assert.deepEqual(new Uint8Array(rawSignature(derSignature(raw))), raw);
    }),
  );
  assert.throws(() => derSignature(bytes(63, 1)), { code: 'manifest.signature.malformed' });
});

test('no bytes make the reading of a signature fail otherwise than with its error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (input) => {
      try {
        rawSignature(input);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'manifest.signature.malformed');
      }
    }),
  );
});

test('an image signature verifies over the digest alone', async () => {
  const image = Buffer.from('image');
  const raw = await signImage(image, own.signer);
  assert.ok(verifiesDigest(own.publicKey, digestOf('image'), raw));
  assert.ok(!verifiesDigest(own.publicKey, digestOf('other image'), raw));
  assert.ok(!verifiesDigest(other.publicKey, digestOf('image'), raw));
});

test('verification over a digest agrees with OpenSSL, on good and on damaged signatures', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(511), fc.boolean(), (message, bit, damaged) => {
      const raw = new Uint8Array(sign('sha256', message, { key: own.privateKey, dsaEncoding: 'ieee-p1363' }));
      if (damaged) raw[bit >> 3] = (raw[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.equal(verifiesDigest(own.publicKey, sha256(message), raw), !damaged);
    }),
    { numRuns: 25 },
  );
});

test('degenerate values do not verify', () => {
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
  const one = Buffer.concat([bytes(31, 0), bytes(1, 1)]);
  const zero = bytes(32, 0);
  for (const [r, s] of [
    [zero, one],
    [one, zero],
    [order, one],
    [one, order],
    [one, one],
  ] as const) {
    const raw = Buffer.concat([r, s]);
    assert.ok(!verifiesDigest(own.publicKey, digestOf('x'), raw));
    assert.ok(!verifiesRaw(own.publicKey, bytes(1, 1), raw));
  }
  assert.ok(!verifiesDigest(own.publicKey, digestOf('x'), bytes(63, 1)));
});

test('signatures of the original 2.6.2, image signatures included, verify', { skip: withoutVectors }, () => {
  const key = (path: string) => createPublicKey(importPrivateKey(vector(path.replace(/out\/[^/]+$/, 'in/key.pem'))));
  const paths = manifestPaths().filter((path) => /^v2-create\/0[1-8]/.test(path));
  let images = 0;
  for (const path of paths) {
    const input = vector(path);
    if (input[input[1] === 0x82 ? 4 : 3] === 0x30) continue;
    const { value, manifestTlv } = decodeV3(input);
    assert.ok(verifiesRaw(key(path), manifestTlv, value.signature), path);
    const { installedSignature, payloadMetadata, payloadDigest } = value.manifest;
    if (installedSignature.length === 0) continue;
    images++;
    assert.ok(verifiesDigest(key(path), payloadMetadata?.installedDigest ?? payloadDigest, installedSignature), path);
  }
  assert.ok(images >= 2);
});
