// OpenSSL's command line as judge of what we issue.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  createRequest,
  type Der,
  exportPrivateKey,
  generateKeyPair,
  issueCertificate,
  issueRevocationList,
  noClockValidity,
  parseCertificate,
  pemOf,
} from '@mooring/pki';

const present = spawnSync('openssl', ['version']).status === 0;
if (!present) process.stderr.write('\nSKIPPED: there is no openssl here, so nobody else judged what we issue.\n');

describe('OpenSSL takes what we issue', { skip: !present }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-pki-'));
  after(() => rmSync(folder, { recursive: true }));

  const put = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, name), content);
    return name;
  };
  const putCertificate = (name: string, bytes: Der) => put(`${name}.pem`, pemOf('CERTIFICATE', bytes));
  const openssl = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    return { status, output: stdout + stderr };
  };
  const accepts = (...args: string[]): string => {
    const { status, output } = openssl(...args);
    assert.equal(status, 0, `openssl ${args.join(' ')}\n${output}`);
    return output;
  };

  const authority = generateKeyPair();
  const leafKey = generateKeyPair();
  const root = issueCertificate({
    subject: { country: 'GB', organization: 'Example', commonName: 'Example CA' },
    subjectKey: authority.publicKey,
    key: authority.privateKey,
    profile: 'authority',
    ...noClockValidity,
  });
  const issuer = { certificate: root, key: authority.privateKey };
  const leaf = (profile: 'developer' | 'server', commonName: string) =>
    issueCertificate({
      subject: { organizationalUnit: 'account', commonName },
      subjectKey: leafKey.publicKey,
      issuer,
      profile,
      ...(profile === 'server' && { dnsNames: ['device.example'], ipAddresses: ['192.0.2.1', '2001:db8::1'] }),
      ...noClockValidity,
    });
  const developer = leaf('developer', 'developer');
  const server = leaf('server', 'server');
  const ca = putCertificate('ca', root);
  const developerFile = putCertificate('developer', developer);
  const serverFile = putCertificate('server', server);

  test('chains verify for their purpose, strictly', () => {
    accepts('verify', '-x509_strict', '-check_ss_sig', '-CAfile', ca, ca);
    accepts('verify', '-x509_strict', '-CAfile', ca, '-purpose', 'sslclient', developerFile);
    accepts(
      'verify',
      '-x509_strict',
      '-CAfile',
      ca,
      '-purpose',
      'sslserver',
      '-verify_hostname',
      'device.example',
      serverFile,
    );
    accepts('verify', '-CAfile', ca, '-purpose', 'sslserver', '-verify_ip', '2001:db8::1', serverFile);
  });

  test('and for no other purpose', () => {
    assert.notEqual(openssl('verify', '-CAfile', ca, '-purpose', 'sslserver', developerFile).status, 0);
    assert.notEqual(openssl('verify', '-CAfile', ca, '-purpose', 'sslclient', serverFile).status, 0);
    assert.notEqual(openssl('verify', '-CAfile', ca, '-verify_hostname', 'other.example', serverFile).status, 0);
    assert.notEqual(openssl('verify', '-CAfile', serverFile, developerFile).status, 0);
  });

  test('at any time from 1970 to 9999', () => {
    for (const time of ['0', '1', '4102444800', '253402300798']) {
      accepts('verify', '-attime', time, '-CAfile', ca, developerFile);
    }
  });

  test('dates and names are written as the field expects them', () => {
    const text = accepts('asn1parse', '-in', developerFile);
    assert.match(text, /UTCTIME +:700101000000Z/);
    assert.match(text, /GENERALIZEDTIME +:99991231235959Z/);
    assert.match(text, /PRINTABLESTRING +:GB/);
    assert.match(text, /UTF8STRING +:developer/);
  });

  test('an update certificate verifies as its own signer', () => {
    const { publicKey, privateKey } = generateKeyPair();
    const update = issueCertificate({
      subject: { country: 'UK', commonName: 'arm.com' },
      subjectKey: publicKey,
      key: privateKey,
      profile: 'update',
      ...noClockValidity,
    });
    const file = putCertificate('update', update);
    accepts('verify', '-check_ss_sig', '-CAfile', file, file);
    assert.match(accepts('x509', '-in', file, '-noout', '-text'), /Code Signing/);
  });

  test('keys in both forms belong to their certificate', () => {
    const wanted = accepts('x509', '-in', developerFile, '-noout', '-pubkey');
    for (const form of ['sec1', 'pkcs8'] as const) {
      const pem = put(`${form}.pem`, exportPrivateKey(leafKey.privateKey, form, 'pem'));
      const der = put(`${form}.der`, exportPrivateKey(leafKey.privateKey, form, 'der'));
      assert.equal(accepts('pkey', '-in', pem, '-pubout'), wanted);
      assert.equal(accepts('pkey', '-in', der, '-inform', 'DER', '-pubout'), wanted);
      assert.match(accepts('pkey', '-in', pem, '-check', '-noout'), /valid/);
    }
  });

  test('a revoked certificate is refused, another is not', () => {
    const list = (revoked: { serial: Uint8Array; at: Date }[]) =>
      pemOf(
        'X509 CRL',
        issueRevocationList({
          issuer,
          revoked,
          number: 7,
          thisUpdate: new Date('2020-01-01T00:00:00Z'),
          nextUpdate: noClockValidity.notAfter,
        }),
      );
    const empty = put('empty.crl', list([]));
    const one = put(
      'one.crl',
      list([{ serial: parseCertificate(developer).serial, at: new Date('2024-05-06T07:08:09Z') }]),
    );
    assert.match(accepts('crl', '-in', empty, '-CAfile', ca, '-noout', '-text'), /No Revoked Certificates/);
    const text = accepts('crl', '-in', one, '-CAfile', ca, '-noout', '-text');
    assert.match(text, /CRL Number:\s+7/);
    assert.match(text, /May {2}6 07:08:09 2024/);
    const verify = (list: string, file: string) =>
      openssl('verify', '-crl_check', '-CAfile', ca, '-CRLfile', list, file);
    assert.equal(verify(empty, developerFile).status, 0);
    assert.equal(verify(one, serverFile).status, 0);
    assert.match(verify(one, developerFile).output, /certificate revoked/);
  });

  test('a request verifies', () => {
    const file = put('request.der', createRequest({ subject: { commonName: 'device' }, key: leafKey.privateKey }));
    assert.match(accepts('req', '-in', file, '-inform', 'DER', '-verify', '-noout', '-subject'), /CN ?= ?device/);
  });
});
