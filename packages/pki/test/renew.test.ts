import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { test } from 'node:test';
import {
  type Certificate,
  generateKeyPair,
  issueCertificate,
  type KeyPair,
  parseCertificate,
  signedCertificate,
  successorBody,
  verifySignedBy,
} from '@mooring/pki';
import { fixtureText } from './fixture.ts';

const dates = { notBefore: new Date('2030-01-01T00:00:00Z'), notAfter: new Date('2060-06-01T12:00:00Z') };

function selfSigned(): { pair: KeyPair; certificate: Certificate } {
  const pair = generateKeyPair();
  const der = issueCertificate({
    subject: { country: 'DE', organization: 'Ünits & Co', commonName: 'updates' },
    subjectKey: pair.publicKey,
    key: pair.privateKey,
    notBefore: new Date('2020-01-01T00:00:00Z'),
    notAfter: new Date('2030-02-01T00:00:00Z'),
    profile: 'update',
  });
  return { pair, certificate: parseCertificate(der) };
}

const made = (certificate: Certificate, pair: KeyPair, publicKey = pair.publicKey): Certificate => {
  const body = successorBody(certificate, { ...dates, publicKey });
  return parseCertificate(signedCertificate(body, sign('sha256', body, pair.privateKey)));
};

test('with the same key all but the dates and the serial number stay', () => {
  const { pair, certificate } = selfSigned();
  const successor = made(certificate, pair);
  assert.ok(successor.selfSigned);
  assert.deepEqual([successor.notBefore, successor.notAfter], [dates.notBefore, dates.notAfter]);
  assert.deepEqual(successor.spki, certificate.spki);
  assert.deepEqual(successor.extensions, certificate.extensions);
  assert.equal(successor.subjectText, certificate.subjectText);
  assert.notDeepEqual(successor.serial, certificate.serial);
  assert.ok(verifySignedBy(successor, certificate), 'the old certificate verifies the new one');
});

test('with another key the extensions that name the key follow it', () => {
  const { certificate } = selfSigned();
  const pair = generateKeyPair();
  const successor = made(certificate, pair);
  assert.ok(successor.selfSigned);
  assert.deepEqual(successor.spki, pair.spki);
  assert.notDeepEqual(successor.subjectKeyIdentifier, certificate.subjectKeyIdentifier);
  assert.deepEqual(
    successor.extensions.map(({ type, critical }) => [type, critical]),
    certificate.extensions.map(({ type, critical }) => [type, critical]),
  );
});

test('names and extensions that this program never writes are taken over as they are', () => {
  // Of OpenSSL: attributes and an authority key identifier that `Name` and the profiles do not have.
  const old = parseCertificate(fixtureText('name.cert.pem'));
  const pair = generateKeyPair();
  const successor = made({ ...old, selfSigned: true }, pair);
  assert.equal(successor.subjectText, old.subjectText);
  assert.equal(successor.extensions.length, old.extensions.length);
});

test('what an authority issued has no successor from its own key', () => {
  const authority = selfSigned();
  const pair = generateKeyPair();
  const leaf = parseCertificate(
    issueCertificate({
      subject: { commonName: 'leaf' },
      subjectKey: pair.publicKey,
      issuer: { certificate: authority.certificate.der, key: authority.pair.privateKey },
      ...dates,
      profile: 'developer',
    }),
  );
  assert.throws(() => successorBody(leaf, dates), {
    code: 'pki.not.self.signed',
    message: /CN=leaf.*issued by.*CN=updates/,
  });
});

test('dates the wrong way round and keys that devices cannot use are refused', () => {
  const { certificate } = selfSigned();
  const [notBefore, notAfter] = [dates.notAfter, dates.notBefore];
  assert.throws(() => successorBody(certificate, { notBefore, notAfter }), { code: 'pki.validity.invalid' });
  const rsa = parseCertificate(fixtureText('rsa.cert.pem'));
  assert.throws(() => successorBody({ ...rsa, selfSigned: true }, dates), { code: 'pki.key.unsupported' });
});
