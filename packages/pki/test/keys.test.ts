import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, test } from 'node:test';
import { derOf, exportPrivateKey, generateKeyPair, importPrivateKey, isPair, keyTypeOf, spkiOf } from '@mooring/pki';
import fc from 'fast-check';
import { fixture, fixtureText } from './fixture.ts';

const bare = (name: string) => fixture(name);

describe('a P-256 key is read in every form and written in the usual one', () => {
  for (const name of [
    'p256.sec1.pem',
    'p256.sec1.der',
    'p256.pkcs8.pem',
    'p256.pkcs8.der',
    'p256.with-parameters.pem',
    'p256.compressed.pem',
    'p256.no-public.pem',
  ]) {
    test(name, () => {
      // ecparam made a key of its own; all others are one key.
      const own = name === 'p256.with-parameters.pem' ? derOf(fixtureText(name), 'EC PRIVATE KEY') : undefined;
      const key = importPrivateKey(bare(name));
      assert.equal(keyTypeOf(key), 'P-256');
      assert.deepEqual(exportPrivateKey(key, 'sec1', 'der'), own ?? new Uint8Array(fixture('p256.sec1.der')));
      assert.deepEqual(exportPrivateKey(key, 'pkcs8', 'der').length, 138);
      if (!own) assert.equal(exportPrivateKey(key, 'pkcs8', 'pem'), fixtureText('p256.pkcs8.pem'));
      if (!own) assert.equal(exportPrivateKey(key, 'sec1', 'pem'), fixtureText('p256.sec1.pem'));
    });
  }
});

describe('other kinds of keys', () => {
  for (const [name, type] of [
    ['rsa.key.pem', 'RSA-2048'],
    ['rsa.pkcs1.pem', 'RSA-2048'],
    ['p384.key.pem', 'P-384'],
    ['ed25519.key.pem', 'Ed25519'],
  ] as const) {
    test(name, () => {
      const key = importPrivateKey(fixtureText(name));
      assert.equal(keyTypeOf(key), type);
      assert.ok(isPair(key, createPublicKey(key)));
      assert.ok(!isPair(key, generateKeyPair().publicKey));
      assert.equal(keyTypeOf(importPrivateKey(exportPrivateKey(key, 'pkcs8', 'der'))), type);
    });
  }

  test('cannot all be written as SEC1', () => {
    assert.throws(() => exportPrivateKey(importPrivateKey(fixtureText('rsa.key.pem')), 'sec1', 'pem'), {
      code: 'pki.key.unsupported',
    });
    assert.throws(() => exportPrivateKey(generateKeyPair().publicKey, 'pkcs8', 'der'), { code: 'pki.key.unsupported' });
  });
});

describe('what is no usable private key is refused', () => {
  const cases: [string, Uint8Array | string, string][] = [
    ['a SEC1 key with a password', fixtureText('p256.encrypted-sec1.pem'), 'pki.key.encrypted'],
    ['a PKCS#8 key with a password', fixtureText('p256.encrypted-pkcs8.pem'), 'pki.key.encrypted'],
    ['the same as DER', fixture('p256.encrypted-pkcs8.der'), 'pki.key.encrypted'],
    ['a certificate', fixtureText('rsa.cert.pem'), 'pki.key.malformed'],
    ['a certificate as DER', derOf(fixtureText('rsa.cert.pem')), 'pki.key.malformed'],
    ['a public key', spkiOf(generateKeyPair().publicKey), 'pki.key.malformed'],
    ['a key cut off', fixture('p256.pkcs8.der').subarray(0, 100), 'pki.der.malformed'],
    ['a key with a byte too many', Buffer.concat([fixture('p256.sec1.der'), Buffer.of(0)]), 'pki.der.malformed'],
    ['nothing', '', 'pki.key.malformed'],
    ['no bytes', new Uint8Array(), 'pki.der.malformed'],
    ['zeros', new Uint8Array(64), 'pki.der.malformed'],
  ];
  for (const [name, input, code] of cases) test(name, () => assert.throws(() => importPrivateKey(input), { code }));
});

test('a private key that carries the public half of another is no pair with it', () => {
  const other = generateKeyPair();
  const forged = new Uint8Array(fixture('p256.sec1.der'));
  forged.set(other.spki.subarray(-65), forged.length - 65);
  let key: ReturnType<typeof importPrivateKey>;
  try {
    key = importPrivateKey(forged);
  } catch (error) {
    // Newer versions of OpenSSL see it themselves.
    assert.equal((error as { code: string }).code, 'pki.key.malformed');
    return;
  }
  assert.ok(!isPair(key, other.publicKey));
});

test('changed keys are read, or refused with an error of our own', () => {
  for (const source of [fixture('p256.sec1.der'), fixture('p256.pkcs8.der'), derOf(fixtureText('rsa.pkcs1.pem'))]) {
    fc.assert(
      fc.property(fc.nat(source.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
        const changed = new Uint8Array(source);
        changed[at] = value;
        try {
          importPrivateKey(cut ? changed.subarray(0, at) : changed);
        } catch (error) {
          assert.match((error as { code: string }).code, /^pki\./);
        }
      }),
      { numRuns: 300 },
    );
  }
});
