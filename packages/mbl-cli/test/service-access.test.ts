import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { exportPrivateKey, fingerprint, generateKeyPair, issueCertificate, pemOf } from '@mooring/pki';
import { accessOf } from '../src/cloud/access.ts';
import { certificatesIn } from '../src/cloud/ca-file.ts';
import { fakeService, goodKey } from './fake-service.ts';
import { world } from './world.ts';

test('key and service: what was saved together, else the settings of the SDKs', async (t) => {
  const { home } = await world(t);
  const around = (env: Record<string, string> = {}) => ({ env, cwd: home, home });
  const sdk = { MBED_CLOUD_SDK_HOST: 'https://sdk.example', MBED_CLOUD_SDK_API_KEY: 'sdk key' };
  const saved = { apiKey: 'saved key', service: { url: 'https://dm.example', ca: 'PEM' } };
  const pick = async (...args: Parameters<typeof accessOf>) => {
    const { url, urlFrom, ca, apiKey } = await accessOf(...args);
    return [apiKey, url, urlFrom, ca];
  };
  assert.deepEqual(await pick(saved, around(sdk), undefined), [
    'saved key',
    'https://dm.example',
    'the User Store',
    'PEM',
  ]);
  // A CA is trusted for the service it was given for, and no other.
  assert.deepEqual(await pick(saved, around(), 'https://o.example'), [
    'saved key',
    'https://o.example',
    '--service',
    undefined,
  ]);
  assert.deepEqual(await pick(saved, around(), 'https://dm.example/'), [
    'saved key',
    'https://dm.example/',
    '--service',
    'PEM',
  ]);
  assert.deepEqual(await pick({ apiKey: 'k' }, around(sdk), undefined), [
    'k',
    'https://sdk.example',
    'MBED_CLOUD_SDK_HOST',
    undefined,
  ]);
  assert.equal((await pick(undefined, around(sdk), undefined))[0], 'sdk key');
  await assert.rejects(accessOf(undefined, around(), 'https://dm.example'), { code: 'cloud.key.missing' });
  await assert.rejects(accessOf({ apiKey: 'k' }, around(), undefined), { code: 'cloud.service.unknown' });
});

/** A CA and a certificate of it for 127.0.0.1. */
function authority() {
  const [ca, server] = [generateKeyPair(), generateKeyPair()];
  const validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2120-01-01') };
  const root = issueCertificate({
    subject: { commonName: 'Test HTTPS CA' },
    subjectKey: ca.publicKey,
    key: ca.privateKey,
    profile: 'authority',
    ...validity,
  });
  const leaf = issueCertificate({
    subject: { commonName: 'dm' },
    subjectKey: server.publicKey,
    issuer: { certificate: root, key: ca.privateKey },
    profile: 'server',
    ipAddresses: ['127.0.0.1'],
    ...validity,
  });
  const rootPem = pemOf('CERTIFICATE', root);
  return {
    rootPem,
    fingerprint: fingerprint(root),
    key: exportPrivateKey(server.privateKey, 'pkcs8', 'pem'),
    cert: pemOf('CERTIFICATE', leaf) + rootPem,
  };
}

test('a service with a CA of its own: refused, then trusted by fingerprint or file and kept with the key', async (t) => {
  const made = authority();
  const { url } = await fakeService(t, made);
  for (const trust of [
    ['--ca-fingerprint', made.fingerprint],
    ['--ca-fingerprint', made.fingerprint.toUpperCase().replace(/..(?!$)/g, '$&:')],
    ['--ca-file', 'ca.pem'],
  ]) {
    const { run, home } = await world(t);
    const untrusted = await run(['save-api-key', goodKey, '--service', url]);
    assert.equal(untrusted.status, 255);
    assert.match(untrusted.stderr, /The certificate of \S+ is not trusted[\s\S]*--ca-fingerprint/);
    await writeFile(join(home, 'ca.pem'), made.rootPem);
    const saved = await run(['save-api-key', goodKey, '--service', url, ...trust]);
    assert.deepEqual(saved, { status: 0, stdout: '', stderr: '' });
    assert.equal((await run(['list-certificates'])).status, 0);
    // The next key for the same service needs no word about the CA.
    assert.equal((await run(['save-api-key', goodKey])).status, 0);
  }
  const { run } = await world(t);
  const wrong = await run(['save-api-key', goodKey, '--service', url, '--ca-fingerprint', '0'.repeat(64)]);
  assert.equal(wrong.status, 255);
  assert.match(wrong.stderr, /shows no certificate with the fingerprint 0000/);
});

test('of a CA file only the certificates are taken', () => {
  const { rootPem, key } = authority();
  assert.equal(certificatesIn(`# note\n${key}${rootPem}`, 'ca.pem').trim(), rootPem.trim());
  for (const text of ['', key, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) {
    assert.throws(() => certificatesIn(text, 'ca.pem'), { code: 'cloud.ca.invalid' });
  }
});
