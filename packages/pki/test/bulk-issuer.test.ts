import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import {
  BulkIssuer,
  exportPrivateKey,
  generateKeyPair,
  generateRawKeyPair,
  issueCertificate,
  noClockValidity,
  parseCertificate,
  verifySignedBy,
} from '../src/index.ts';

const authorityKeys = generateKeyPair();
const authority = issueCertificate({
  subject: { commonName: 'LwM2M CA' },
  subjectKey: authorityKeys.publicKey,
  key: authorityKeys.privateKey,
  profile: 'authority',
  ...noClockValidity,
});
const issuer = { certificate: authority, key: authorityKeys.privateKey };
const subject = { commonName: 'lamp-1', locality: '01a21fb0045595c72f1bdf0e00000001', organizationalUnit: 'account' };

test('a key pair as bytes is what OpenSSL reads and writes, also when the secret begins with zeros', () => {
  for (let round = 0; round < 600; round++) {
    const { spki, sec1 } = generateRawKeyPair();
    const key = createPrivateKey({ key: Buffer.from(sec1), format: 'der', type: 'sec1' });
    assert.deepEqual(
      new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' })),
      new Uint8Array(spki),
    );
    assert.equal(sec1.length, 121);
    if (round < 5) assert.deepEqual(new Uint8Array(exportPrivateKey(key, 'sec1', 'der')), new Uint8Array(sec1));
  }
});

test('a certificate in bulk is the one that is issued alone, but for its serial and signature', () => {
  const { spki } = generateRawKeyPair();
  const { certificate, serial } = new BulkIssuer(issuer, noClockValidity).issue(subject, spki);
  const parsed = parseCertificate(certificate);
  assert.ok(verifySignedBy(parsed, parseCertificate(authority)));
  const alone = parseCertificate(
    issueCertificate({
      subject,
      subjectKey: parsed.publicKey,
      issuer,
      profile: 'developer',
      serial,
      ...noClockValidity,
    }),
  );
  const { der: _, pem: __, fingerprint: ___, publicKey: ____, ...bulk } = parsed;
  const { der: _a, pem: _b, fingerprint: _c, publicKey: _d, ...single } = alone;
  assert.deepEqual(bulk, single);
});

test('a subject that makes the certificate too large for devices is refused', () => {
  const { spki } = generateRawKeyPair();
  const bulk = new BulkIssuer(issuer, noClockValidity);
  assert.throws(() => bulk.issue({ ...subject, organization: 'x'.repeat(64), country: 'GBR' }, spki), /pki|country/i);
});
