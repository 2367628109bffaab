import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  derOf,
  importPrivateKey,
  matches,
  parseCertificate,
  parseCertificates,
  pemOf,
  verifySignedBy,
} from '@mooring/pki';
import { fixture, fixtureText, vector } from './fixture.ts';

const names = ['rsa', 'p384', 'ed25519', 'rsa-pss', 'v1', 'name', 'many'] as const;
const read = (name: string) => parseCertificate(fixtureText(`${name}.cert.pem`));

describe('certificates of all kinds say what OpenSSL reads in them', () => {
  for (const name of names) {
    test(name, () => {
      const certificate = read(name);
      const judge = new X509Certificate(fixture(`${name}.cert.pem`));
      assert.equal(
        Buffer.from(certificate.serial).toString('hex').replace(/^0/, ''),
        judge.serialNumber.toLowerCase().replace(/^0/, ''),
      );
      assert.equal(certificate.fingerprint, judge.fingerprint256.replaceAll(':', '').toLowerCase());
      assert.deepEqual(certificate.notBefore, new Date(judge.validFrom));
      assert.deepEqual(certificate.notAfter, new Date(judge.validTo));
      assert.equal(certificate.isAuthority, judge.ca);
      assert.ok(certificate.publicKey.equals(judge.publicKey));
      assert.equal(certificate.selfSigned, true);
      assert.deepEqual(certificate.der, new Uint8Array(judge.raw));
      assert.equal(certificate.pem, pemOf('CERTIFICATE', judge.raw));
      assert.deepEqual(parseCertificate(certificate.der), certificate);
    });
  }
});

test('keys and signatures have the names that people know', () => {
  const kinds = names.map((name) => `${read(name).keyType} ${read(name).signatureAlgorithm}`);
  assert.deepEqual(kinds, [
    'RSA-2048 sha256WithRSAEncryption',
    'P-384 ecdsa-with-SHA384',
    'Ed25519 Ed25519',
    'RSA-2048 rsassaPss',
    'P-256 ecdsa-with-SHA256',
    'P-256 ecdsa-with-SHA256',
    'P-256 ecdsa-with-SHA256',
  ]);
});

test('names keep the order of the certificate and are escaped as in RFC 4514', () => {
  assert.equal(read('rsa').subjectText, 'C=DE,O=Beispiel GmbH,CN=rsa');
  const { subject, subjectText } = read('name');
  assert.equal(subjectText, 'C=SE,OU=\\ #1+O=Åkerö\\, \\"Bolag\\",CN=a/b+UID=7,emailAddress=a@b.example');
  assert.deepEqual(subject, {
    country: 'SE',
    organization: 'Åkerö, "Bolag"',
    organizationalUnit: ' #1',
    commonName: 'a/b',
  });
});

test('of an attribute that is there twice, the first counts', () => {
  const twice = withBytes(read('rsa').der, '0603550403', '060355040a');
  assert.equal(parseCertificate(twice).issuer.organization, 'Beispiel GmbH');
});

test('extensions', () => {
  const many = read('many');
  assert.deepEqual(many.keyUsage, ['digitalSignature', 'keyEncipherment']);
  assert.deepEqual(many.extendedKeyUsage, ['serverAuth', 'clientAuth', '1.2.3.4']);
  assert.deepEqual(many.dnsNames, ['a.example', '*.b.example']);
  assert.deepEqual(many.ipAddresses, ['192.0.2.7', '2001:db8::1']);
  assert.equal(many.subjectKeyIdentifier?.length, 20);
  assert.deepEqual(many.authorityKeyIdentifier, many.subjectKeyIdentifier);
  const first = read('v1');
  assert.deepEqual(first.extensions, []);
  assert.ok(!('extendedKeyUsage' in first) && !('subjectKeyIdentifier' in first));
});

test('of a bundle, the first certificate or all of them', () => {
  const bundle = fixtureText('bundle.pem');
  assert.equal(parseCertificate(bundle).subjectText, 'CN=p384');
  assert.deepEqual(
    parseCertificates(bundle).map(({ subject }) => subject.commonName),
    ['p384', 'rsa', 'ed25519'],
  );
  assert.equal(parseCertificates(read('rsa').der).length, 1);
});

test('a key belongs to its own certificate and to no other', () => {
  const pairs = { rsa: 'rsa.key.pem', p384: 'p384.key.pem', ed25519: 'ed25519.key.pem', name: 'p256.sec1.pem' };
  for (const [certificate, own] of Object.entries(pairs)) {
    for (const key of Object.values(pairs)) {
      assert.equal(
        matches(importPrivateKey(fixtureText(key)), read(certificate)),
        key === own,
        `${certificate} ${key}`,
      );
    }
  }
});

test('signatures of certificates of other names or keys do not count', () => {
  for (const one of names) {
    for (const other of names)
      assert.equal(verifySignedBy(read(one), read(other)), one === other, `${one} by ${other}`);
  }
});

test('a signature that was changed is not one of its own', () => {
  const changed = new Uint8Array(read('name').der);
  changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
  assert.equal(parseCertificate(changed).selfSigned, false);
  assert.ok(!verifySignedBy(parseCertificate(changed), read('name')));
});

describe('what is not a certificate is refused', () => {
  const good = read('p384').der;
  const cases: [string, Uint8Array | string, string][] = [
    ['no bytes', new Uint8Array(), 'pki.der.malformed'],
    ['no text', '', 'pki.pem.malformed'],
    ['text', Buffer.from('hello'), 'pki.der.malformed'],
    ['a key', fixtureText('p256.sec1.pem'), 'pki.pem.malformed'],
    ['a key as DER', fixture('p256.sec1.der'), 'pki.der.malformed'],
    ['a request', derOf(fixtureText('request.pem')), 'pki.der.malformed'],
    ['a certificate cut off', good.subarray(0, -1), 'pki.der.malformed'],
    ['a certificate and a byte more', Buffer.concat([good, Buffer.of(0)]), 'pki.der.malformed'],
    ['two certificates in one', Buffer.concat([good, good]), 'pki.der.malformed'],
    ['an unknown curve', withBytes(good, '2b81040022', '2b8104007f'), 'pki.key.unsupported'],
    ['the same extension twice', withBytes(read('rsa').der, '0603551d23', '0603551d0e'), 'pki.der.malformed'],
    ['two algorithms', withBytes(good, '2a8648ce3d040303', '2a8648ce3d040302'), 'pki.der.malformed'],
  ];
  for (const [name, input, code] of cases) {
    test(name, () =>
      assert.throws(
        () => parseCertificate(input),
        (error: { code: string; next: string }) => error.code === code && error.next.length > 10,
      ),
    );
  }
});

function withBytes(source: Uint8Array, from: string, to: string): Uint8Array {
  return new Uint8Array(Buffer.from(Buffer.from(source).toString('hex').replace(from, to), 'hex'));
}

test('the certificate of the original manifest-tool', (context) => {
  const file = vector('v1-init/00-identity/out/update.der');
  if (!file) return context.skip();
  const certificate = parseCertificate(file);
  assert.equal(certificate.subjectText, 'C=UK,ST=Cambridgeshire,L=Cambridge,O=Arm,CN=arm.com');
  assert.equal(certificate.fingerprint, '39ec28b183029ec9106f4315fed5cbb2030b1a3dc406240c58e584784431ebdd');
  assert.deepEqual(certificate.extendedKeyUsage, ['codeSigning']);
  assert.equal(certificate.isAuthority, false);
  assert.equal(certificate.selfSigned, true);
});
