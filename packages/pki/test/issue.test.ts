import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  exportPrivateKey,
  generateKeyPair,
  importPrivateKey,
  issueCertificate,
  issueRevocationList,
  matches,
  noClockValidity,
  parseCertificate,
  verifySignedBy,
} from '@mooring/pki';

test('a developer certificate says what was asked for, and its authority signed it', () => {
  const authority = generateKeyPair();
  const device = generateKeyPair();
  const root = issueCertificate({
    subject: { country: 'GB', organization: 'Example Ltd', commonName: 'Example developer CA' },
    subjectKey: authority.publicKey,
    key: authority.privateKey,
    profile: 'authority',
    ...noClockValidity,
  });
  const issuer = { certificate: root, key: authority.privateKey };
  const leaf = parseCertificate(
    issueCertificate({
      subject: { organizationalUnit: 'account', commonName: 'endpoint' },
      subjectKey: device.publicKey,
      issuer,
      profile: 'developer',
      ...noClockValidity,
    }),
  );
  const parsedRoot = parseCertificate(root);
  assert.equal(leaf.subjectText, 'OU=account,CN=endpoint');
  assert.equal(leaf.issuerText, 'C=GB,O=Example Ltd,CN=Example developer CA');
  assert.deepEqual(leaf.extendedKeyUsage, ['clientAuth']);
  assert.equal(leaf.isAuthority, false);
  assert.equal(parsedRoot.isAuthority, true);
  assert.equal(parsedRoot.selfSigned, true);
  assert.deepEqual(leaf.notBefore, noClockValidity.notBefore);
  assert.deepEqual(leaf.notAfter, noClockValidity.notAfter);
  assert.ok(verifySignedBy(leaf, parsedRoot));
  assert.ok(!verifySignedBy(parsedRoot, leaf));
  assert.ok(matches(device.privateKey, leaf));
  assert.ok(!matches(authority.privateKey, leaf));
  assert.equal(leaf.serial.length, 16);
  issueRevocationList({
    issuer,
    revoked: [{ serial: leaf.serial, at: new Date() }],
    number: 1,
    thisUpdate: new Date(),
    nextUpdate: noClockValidity.notAfter,
  });
  assert.equal(exportPrivateKey(device.privateKey, 'sec1', 'der').length, 121);
  assert.equal(exportPrivateKey(device.privateKey, 'pkcs8', 'der').length, 138);
  assert.ok(matches(importPrivateKey(exportPrivateKey(device.privateKey, 'sec1', 'pem')), leaf));
});
