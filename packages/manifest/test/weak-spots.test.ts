import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeManifestV3,
  encodeResourceV1,
  encodeSignedV1,
  encodeSignedV3,
  type ManifestV1,
  rawSignature,
  signImage,
  signV1,
  signV3,
  verifyManifest,
} from '../src/index.ts';
import { sha256 } from '../src/signing/signer.ts';
import { bytes, classId, digestOf, identity, manifestV1, manifestV3, now, vendorId } from './sample.ts';

const own = identity();
const other = identity();
const signed = (changes: Partial<ManifestV1> = {}) => signV1(manifestV1(changes), own.signer, own.certificate);

const byTool = (input: Uint8Array) =>
  verifyManifest(input, { mode: 'tool', vendorId, classId, now, findCertificate: () => own.der }).ok;

const strictly = (input: Uint8Array, at = now) =>
  verifyManifest(input, {
    mode: 'strict',
    certificates: [own.der],
    vendorId,
    classId,
    time: { at, source: 'the test' },
  });

const refusal = (input: Uint8Array, at?: Date): string[] =>
  strictly(input, at)
    .checks.filter(({ ok }) => !ok)
    .map(({ name }) => name);

test('weak spots of `verify` 1.4.8: it accepts, we refuse', async (t) => {
  const resource = encodeResourceV1(manifestV1({ encryptionMode: 3 }));
  const unsigned = { hash: sha256(resource), signatures: [] };
  const cases: [string, Uint8Array, string[]][] = [
    [
      'a timestamp in the future is called critical and then OK',
      await signed({ timestamp: 2_100_000_000n }),
      ['timestamp'],
    ],
    ['an apply period has to be over', await signed({ applyPeriod: { validFrom: 1n, validTo: 2n } }), ['apply period']],
    ['mode 3 skips the signature', encodeSignedV1(resource, unsigned), ['encryption mode', 'signature']],
    [
      'mode 5 skips the signature',
      await signV1(manifestV1({ encryptionMode: 5 }), other.signer, other.certificate),
      ['encryption mode', 'fingerprint'],
    ],
    ['an empty vendor id passes', await signed({ vendorId: new Uint8Array() }), ['ids']],
    ['bytes after the end are ignored', Buffer.concat([await signed(), bytes(4, 0)]), ['form']],
  ];
  for (const [name, input, expected] of cases) {
    await t.test(name, () => {
      assert.ok(byTool(input));
      assert.deepEqual(refusal(input), expected);
    });
  }
  await t.test('a certificate is trusted by the name of its file', async () => {
    const tlv = encodeResourceV1(manifestV1());
    const block = {
      signature: await own.signer.sign(tlv),
      certificates: [{ fingerprint: digestOf('a name'), uri: '' }],
    };
    const input = encodeSignedV1(tlv, { hash: sha256(tlv), signatures: [block] });
    assert.ok(byTool(input));
    assert.deepEqual(refusal(input), ['fingerprint']);
  });
  await t.test('the dates of the certificate are not looked at', async () => {
    const late = new Date('2030-01-01T00:00:00Z');
    const input = await signed();
    assert.ok(verifyManifest(input, { mode: 'tool', vendorId, classId, now: late, findCertificate: () => own.der }).ok);
    assert.deepEqual(refusal(input, late), ['certificate validity']);
  });
  await t.test('the payload hash is not compared with a file', async () => {
    const payload = { sha256: digestOf('another image'), size: 5 };
    const verdict = verifyManifest(await signed(), { mode: 'strict', certificates: [own.der], payload });
    assert.ok(!verdict.ok);
  });
  await t.test('what cannot be read ends in a stack trace', () => {
    for (const mode of ['tool', 'strict'] as const) {
      const verdict = verifyManifest(bytes(1, 0x30), { mode, now, findCertificate: () => undefined });
      assert.equal(verdict.ok, false);
    }
  });
});

test('weak spots of `verify` 1.4.8: it refuses, we accept', async (t) => {
  await t.test('an apply period must not have ended', async () => {
    const input = await signed({ applyPeriod: { validFrom: 1n, validTo: 2n ** 40n } });
    assert.ok(!byTool(input));
    assert.deepEqual(refusal(input), []);
  });
  await t.test('a manifest of 2.x has no nonce', async () => {
    const input = await signed({ nonce: new Uint8Array() });
    assert.ok(!byTool(input));
    assert.deepEqual(refusal(input), []);
  });
});

test('weak spots of `parse -k` 2.6.2', async (t) => {
  await t.test('the hash field of schema v1 is never compared', async () => {
    const tlv = encodeResourceV1(manifestV1());
    const block = { signature: await own.signer.sign(tlv), certificates: [{ fingerprint: sha256(own.der), uri: '' }] };
    assert.deepEqual(refusal(encodeSignedV1(tlv, { hash: digestOf('x'), signatures: [block] })), ['hash']);
  });
  await t.test('version 4 and unknown formats pass', async () => {
    const tlv = encodeManifestV3(manifestV3());
    const signature = rawSignature(await own.signer.sign(tlv));
    assert.deepEqual(refusal(encodeSignedV3(tlv, signature, 4)), ['schema version']);
    const unknown = await signV3(manifestV3({ payloadFormat: 99 }), own.signer);
    assert.ok(refusal(unknown).includes('payload format'));
  });
  await t.test('the image signature of an encrypted payload is checked against the wrong digest', async () => {
    const image = Buffer.from('the image');
    const manifest = manifestV3({
      payloadFormat: 257,
      installedSignature: await signImage(image, own.signer),
      payloadMetadata: { installedSize: image.length, installedDigest: sha256(image) },
    });
    assert.deepEqual(refusal(await signV3(manifest, own.signer)), []);
  });
});
