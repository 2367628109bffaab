import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CertificateTemplate,
  der,
  generateKeyPair,
  importPrivateKey,
  issueCertificate,
  noClockValidity,
  type Profile,
  parseCertificate,
  verifySignedBy,
} from '@mooring/pki';
import fc from 'fast-check';
import { fixtureText } from './fixture.ts';

const authority = generateKeyPair();
const subject = generateKeyPair();
const root = issueCertificate({
  subject: { country: 'GB', state: 'Cambridgeshire', locality: 'Cambridge', organization: 'Example', commonName: 'CA' },
  subjectKey: authority.publicKey,
  key: authority.privateKey,
  profile: 'authority',
  ...noClockValidity,
});
const issuer = { certificate: root, key: authority.privateKey };

const issue = (changes: Partial<CertificateTemplate> = {}) =>
  issueCertificate({
    subject: { commonName: 'endpoint' },
    subjectKey: subject.publicKey,
    issuer,
    profile: 'developer',
    ...noClockValidity,
    ...changes,
  });

const selfSigned = (changes: Partial<CertificateTemplate> = {}) =>
  issueCertificate({
    subject: { commonName: 'endpoint' },
    subjectKey: subject.publicKey,
    key: subject.privateKey,
    profile: 'update',
    ...noClockValidity,
    ...changes,
  });

const extensionNames: Record<string, string> = {
  '2.5.29.14': 'SKI',
  '2.5.29.15': 'keyUsage',
  '2.5.29.17': 'SAN',
  '2.5.29.19': 'basicConstraints',
  '2.5.29.35': 'AKI',
  '2.5.29.37': 'EKU',
};

describe('each profile has its own extensions, in order', () => {
  const cases: [string, Uint8Array, string, string[] | undefined, string[] | undefined, boolean][] = [
    ['authority', root, 'basicConstraints! keyUsage! SKI', ['keyCertSign', 'cRLSign'], undefined, true],
    ['developer', issue(), 'basicConstraints! keyUsage! EKU SKI AKI', ['digitalSignature'], ['clientAuth'], false],
    [
      'server',
      issue({ profile: 'server', dnsNames: ['a.example'], ipAddresses: ['::1', '127.0.0.1'] }),
      'basicConstraints! keyUsage! EKU SAN SKI AKI',
      ['digitalSignature'],
      ['serverAuth'],
      false,
    ],
    ['update', selfSigned(), 'keyUsage SAN EKU SKI', ['digitalSignature'], ['codeSigning'], false],
  ];
  for (const [name, bytes, extensions, keyUsage, extendedKeyUsage, isAuthority] of cases) {
    test(name, () => {
      const certificate = parseCertificate(bytes);
      const found = certificate.extensions.map(({ type, critical }) => extensionNames[type] + (critical ? '!' : ''));
      assert.equal(found.join(' '), extensions);
      assert.deepEqual(certificate.keyUsage, keyUsage);
      assert.deepEqual(certificate.extendedKeyUsage, extendedKeyUsage);
      assert.equal(certificate.isAuthority, isAuthority);
      assert.equal(certificate.keyType, 'P-256');
      assert.equal(certificate.signatureAlgorithm, 'ecdsa-with-SHA256');
      const authorityId = certificate.authorityKeyIdentifier;
      if (authorityId) assert.deepEqual(authorityId, parseCertificate(root).subjectKeyIdentifier);
    });
  }
});

test('an authority may sign leaves only', () => {
  const { extensions } = parseCertificate(root);
  const constraints = extensions.find(({ type }) => extensionNames[type] === 'basicConstraints');
  assert.deepEqual(constraints?.value, new Uint8Array(der.sequence(der.boolean(true), der.integer(0))));
});

test('a leaf is signed by its issuer and carries its name byte for byte', () => {
  const leaf = parseCertificate(issue());
  assert.ok(verifySignedBy(leaf, parseCertificate(root)));
  assert.equal(leaf.issuerText, 'C=GB,ST=Cambridgeshire,L=Cambridge,O=Example,CN=CA');
  assert.equal(leaf.selfSigned, false);
});

test('an issuer made by somebody else keeps the encoding of its name', () => {
  // OpenSSL wrote this one: several values in one set, e-mail address, no extension of ours.
  const foreign = parseCertificate(fixtureText('name.cert.pem'));
  const key = importPrivateKey(fixtureText('p256.sec1.pem'));
  const leaf = parseCertificate(issue({ issuer: { certificate: foreign.der, key } }));
  assert.equal(leaf.issuerText, foreign.subjectText);
  assert.ok(verifySignedBy(leaf, foreign));
});

describe('serial numbers', () => {
  const serialLength: [Profile, number][] = [
    ['authority', 16],
    ['developer', 16],
    ['server', 16],
    ['update', 20],
  ];
  for (const [profile, length] of serialLength) {
    test(`${profile}: ${length} random bytes, positive`, () => {
      const serials = Array.from({ length: 8 }, () => parseCertificate(selfSigned({ profile })).serial);
      for (const serial of serials) {
        assert.equal(serial.length, length);
        assert.ok((serial[0] as number) < 0x80);
      }
      assert.equal(new Set(serials.map((serial) => Buffer.from(serial).toString('hex'))).size, 8);
    });
  }

  test('a given one is used', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 19 }), (serial) => {
        fc.pre(serial[0] !== 0);
        assert.deepEqual(parseCertificate(selfSigned({ serial })).serial, serial);
      }),
      { numRuns: 20 },
    );
  });

  test('zero and more than 20 bytes are refused', () => {
    for (const serial of [
      new Uint8Array(),
      new Uint8Array(4),
      new Uint8Array(20).fill(0xff),
      new Uint8Array(21).fill(1),
    ]) {
      assert.throws(() => selfSigned({ serial }), { code: 'pki.serial.invalid' });
    }
  });
});

test('dates up to the end of time', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: noClockValidity.notAfter, noInvalidDate: true }),
      fc.date({ min: new Date(0), max: noClockValidity.notAfter, noInvalidDate: true }),
      (one, other) => {
        const seconds = [one, other].map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000));
        const [notBefore, notAfter] = seconds.sort((a, b) => a.getTime() - b.getTime()) as [Date, Date];
        const certificate = parseCertificate(selfSigned({ notBefore, notAfter }));
        assert.deepEqual([certificate.notBefore, certificate.notAfter], [notBefore, notAfter]);
      },
    ),
    { numRuns: 30 },
  );
});

test('names of any letters read back', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((value) => !value.includes('\0'));
  fc.assert(
    fc.property(text, text, text, (state, organization, commonName) => {
      const name = { country: 'GB', state, organization, commonName };
      assert.deepEqual(parseCertificate(selfSigned({ subject: name })).subject, name);
    }),
    { numRuns: 30 },
  );
});

test('empty answers are left out, and an update certificate without any is for localhost', () => {
  assert.equal(parseCertificate(selfSigned({ subject: {} })).subjectText, 'CN=localhost');
  assert.equal(parseCertificate(selfSigned({ subject: { country: '', commonName: '' } })).subjectText, 'CN=localhost');
  assert.equal(parseCertificate(selfSigned({ subject: { country: 'UK', state: '' } })).subjectText, 'C=UK');
});

test('an update certificate may have a common name of any length, as manifest-tool allows', () => {
  const commonName = `${'a'.repeat(100)}.example`;
  assert.equal(parseCertificate(selfSigned({ subject: { commonName } })).subject.commonName, commonName);
});

test('the largest certificate that devices can store is issued, one byte more is not', () => {
  const length = (size: number) => selfSigned({ subject: { commonName: 'a'.repeat(size) } }).length;
  let size = 100;
  assert.throws(
    () => {
      for (; ; size++) length(size);
    },
    { code: 'pki.certificate.too.large' },
  );
  assert.ok(length(size - 1) >= 1017 && length(size - 1) <= 1023, `${length(size - 1)}`);
});

test('a server, which no device stores, may have a larger one', () => {
  const dnsNames = Array.from({ length: 40 }, (_, index) => `server-${index}.long-domain-name.example`);
  const certificate = issue({ profile: 'server', dnsNames });
  assert.ok(certificate.length > 1024);
  assert.deepEqual(parseCertificate(certificate).dnsNames, dnsNames);
});

test('the largest names that are allowed fit', () => {
  const leaf = issue({
    subject: { organizationalUnit: 'o'.repeat(64), locality: 'l'.repeat(63), commonName: 'n'.repeat(64) },
  });
  assert.ok(leaf.length < 1024);
});

describe('what makes no sense is refused', () => {
  const rsa = importPrivateKey(fixtureText('rsa.key.pem'));
  const other = generateKeyPair();
  const cases: [string, () => unknown, string][] = [
    ['a country of three letters', () => issue({ subject: { country: 'GBR' } }), 'pki.name.invalid'],
    ['a country of one sign', () => selfSigned({ subject: { country: '1' } }), 'pki.name.invalid'],
    ['a NUL in a name', () => issue({ subject: { commonName: 'a\0b' } }), 'pki.name.invalid'],
    ['half a character', () => issue({ subject: { commonName: '\ud800' } }), 'pki.name.invalid'],
    ['a common name of 65', () => issue({ subject: { commonName: 'a'.repeat(65) } }), 'pki.name.invalid'],
    ['no name', () => issue({ subject: {} }), 'pki.name.invalid'],
    [
      'an end before the start',
      () => issue({ notBefore: new Date(1000), notAfter: new Date(0) }),
      'pki.validity.invalid',
    ],
    ['no date', () => issue({ notBefore: new Date('x') }), 'pki.validity.invalid'],
    ['a year of five digits', () => issue({ notAfter: new Date(Date.UTC(10000, 1)) }), 'pki.validity.invalid'],
    ['a host name with a space', () => issue({ profile: 'server', dnsNames: ['a b'] }), 'pki.alternative.name.invalid'],
    [
      'an address as host name with a zone',
      () => issue({ ipAddresses: ['fe80::1%eth0'] }),
      'pki.alternative.name.invalid',
    ],
    ['an RSA key', () => issue({ subjectKey: rsa }), 'pki.key.unsupported'],
    ['an RSA issuer', () => issue({ issuer: { certificate: root, key: rsa } }), 'pki.key.unsupported'],
    [
      'the key of another issuer',
      () => issue({ issuer: { certificate: root, key: other.privateKey } }),
      'pki.issuer.mismatch',
    ],
    [
      'an issuer without private key',
      () => issue({ issuer: { certificate: root, key: authority.publicKey } }),
      'pki.issuer.mismatch',
    ],
    ['self-signed by another key', () => selfSigned({ key: other.privateKey }), 'pki.issuer.mismatch'],
    ['self-signed by a public key', () => selfSigned({ key: subject.publicKey }), 'pki.issuer.mismatch'],
    [
      'an issuer that is no certificate',
      () => issue({ issuer: { certificate: root.subarray(0, 9) as typeof root, key: authority.privateKey } }),
      'pki.der.malformed',
    ],
  ];
  for (const [name, make, code] of cases) test(name, () => assert.throws(make, { code }));
});

describe('addresses', () => {
  for (const address of [
    '192.0.2.1',
    '::',
    '::1',
    'fe80::1',
    '2001:db8::8:0:0',
    '1:2:3:4:5:6:7:8',
    '::ffff:c000:201',
  ]) {
    test(address, () => {
      const { ipAddresses } = parseCertificate(issue({ profile: 'server', ipAddresses: [address] }));
      assert.deepEqual(ipAddresses, [
        new URL(`http://${address.includes(':') ? `[${address}]` : address}`).hostname.replaceAll(/[[\]]/g, ''),
      ]);
    });
  }
});
