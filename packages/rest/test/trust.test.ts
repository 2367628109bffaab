import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportPrivateKey, fingerprint, generateKeyPair, issueCertificate, pemOf } from '@mooring/pki';
import { fetchCertificateAuthority, normalFingerprint, RestClient } from '@mooring/rest';
import { stub } from './service-stub.ts';

function chain(addresses: string[]) {
  const validity = { notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + 86_400_000) };
  const caKeys = generateKeyPair();
  const ca = issueCertificate({
    subject: { commonName: 'Test CA' },
    subjectKey: caKeys.publicKey,
    key: caKeys.privateKey,
    profile: 'authority',
    ...validity,
  });
  const keys = generateKeyPair();
  const leaf = issueCertificate({
    subject: { commonName: 'service' },
    subjectKey: keys.publicKey,
    issuer: { certificate: ca, key: caKeys.privateKey },
    profile: 'server',
    ipAddresses: addresses,
    ...validity,
  });
  return {
    ca: pemOf('CERTIFICATE', ca),
    caFingerprint: fingerprint(ca),
    leafFingerprint: fingerprint(leaf),
    key: exportPrivateKey(keys.privateKey, 'pkcs8', 'pem') as string,
    cert: `${pemOf('CERTIFICATE', leaf)}${pemOf('CERTIFICATE', ca)}`,
  };
}

const answer = () => ({ body: { id: 'x' } });

test('a service under its own CA is trusted by the CA, by its fingerprint or by that of the leaf', async (t) => {
  const tls = chain(['127.0.0.1']);
  const { url } = await stub(t, answer, tls);
  for (const trust of [
    { ca: tls.ca },
    { caFingerprint: tls.caFingerprint },
    { caFingerprint: tls.caFingerprint.toUpperCase().replace(/(..)(?=.)/g, '$1:') },
    { caFingerprint: tls.leafFingerprint },
  ]) {
    const client = new RestClient({ url, userAgent: 'test/1', ...trust });
    assert.equal((await client.account()).id, 'x', JSON.stringify(trust));
    client.close();
  }
  assert.equal((await fetchCertificateAuthority(url, tls.caFingerprint)).trim(), tls.ca.trim());
});

test('without the CA the way out is named, and nothing is sent', async (t) => {
  const service = await stub(t, answer, chain(['127.0.0.1']));
  const error = { code: 'rest.tls.untrusted', next: /--ca-fingerprint.*mooring ca export/ };
  await assert.rejects(new RestClient({ url: service.url, apiKey: 'k', userAgent: 'test/1' }).account(), error);
  assert.deepEqual(service.requests, []);
});

test('a CA of another service, or a fingerprint nobody shows, is told apart', async (t) => {
  const service = await stub(t, answer, chain(['127.0.0.1']));
  const other = chain(['127.0.0.1']);
  await assert.rejects(new RestClient({ url: service.url, ca: other.ca, userAgent: 'test/1' }).account(), {
    code: 'rest.tls.untrusted',
  });
  await assert.rejects(
    new RestClient({ url: service.url, caFingerprint: other.caFingerprint, userAgent: 'test/1' }).account(),
    { code: 'rest.tls.fingerprint', message: /shows no certificate/ },
  );
  assert.deepEqual(service.requests, []);
});

test('a certificate for another name is refused although its CA is known', async (t) => {
  const tls = chain(['192.0.2.1']);
  const { url } = await stub(t, answer, tls);
  await assert.rejects(new RestClient({ url, ca: tls.ca, userAgent: 'test/1' }).account(), {
    code: 'rest.tls.untrusted',
    message: /for another name/,
  });
});

test('https to a service that has no TLS, and the other way round', async (t) => {
  const plain = await stub(t, answer);
  await assert.rejects(new RestClient({ url: plain.url.replace('http', 'https'), userAgent: 'test/1' }).account(), {
    code: 'rest.tls.failed',
    next: /http:\/\//,
  });
  const secure = await stub(t, answer, chain(['127.0.0.1']));
  await assert.rejects(new RestClient({ url: secure.url.replace('https', 'http'), userAgent: 'test/1' }).account(), {
    code: 'rest.unreachable',
    next: /https:\/\//,
  });
});

test('fingerprints in all their spellings, and what is none', () => {
  const hex = 'ab'.repeat(32);
  for (const text of [
    hex,
    hex.toUpperCase(),
    `sha256:${hex}`,
    `SHA-256 Fingerprint=${hex}`,
    ` ${hex.slice(0, 32)} ${hex.slice(32)} `,
  ]) {
    assert.equal(normalFingerprint(text), hex);
  }
  for (const text of ['', 'ab', `${hex}00`, 'zz'.repeat(32)]) {
    assert.throws(() => normalFingerprint(text), { code: 'rest.tls.fingerprint' });
  }
});
