import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRequest, derOf, generateKeyPair, importPrivateKey, parseRequest } from '@mooring/pki';
import { fixture, fixtureText } from './fixture.ts';

test('a request says who asks, and that they have the key', () => {
  const { privateKey, spki } = generateKeyPair();
  const request = parseRequest(
    createRequest({ subject: { organization: 'Example', commonName: 'device' }, key: privateKey }),
  );
  assert.equal(request.subjectText, 'O=Example,CN=device');
  assert.deepEqual(request.spki, spki);
  assert.equal(request.keyType, 'P-256');
});

test('requests of OpenSSL are read', () => {
  assert.equal(parseRequest(fixtureText('request.pem')).subjectText, 'CN=request,O=Example');
  assert.equal(parseRequest(fixture('rsa-request.der')).keyType, 'RSA-2048');
});

describe('a request is refused', () => {
  const good = derOf(fixtureText('request.pem'));
  const replaced = (from: string, to: string) =>
    new Uint8Array(Buffer.from(Buffer.from(good).toString('hex').replace(from, to), 'hex'));
  const changed = replaced(Buffer.from('Example').toString('hex'), Buffer.from('Bxample').toString('hex'));
  const sha1 = replaced('06082a8648ce3d040302', '06082a8648ce3d040301');
  const cases: [string, Uint8Array | string, string][] = [
    ['when it was changed', changed, 'pki.request.malformed'],
    ['when its algorithm is not one of today', sha1, 'pki.request.malformed'],
    ['when it is cut off', good.subarray(0, 80), 'pki.der.malformed'],
    ['when it is a certificate', fixtureText('rsa.cert.pem'), 'pki.pem.malformed'],
    ['when it is a certificate in DER', derOf(fixtureText('rsa.cert.pem')), 'pki.der.malformed'],
  ];
  for (const [name, input, code] of cases) test(name, () => assert.throws(() => parseRequest(input), { code }));
  test('when the key cannot be used', () => {
    const key = importPrivateKey(fixtureText('rsa.key.pem'));
    assert.throws(() => createRequest({ subject: { commonName: 'a' }, key }), { code: 'pki.key.unsupported' });
  });
});
