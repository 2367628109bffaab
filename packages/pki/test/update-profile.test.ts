import assert from 'node:assert/strict';
import { test } from 'node:test';
import { derOf, importPrivateKey, type Name, parseCertificate } from '@mooring/pki';
import { DerReader } from '../src/der-reader.ts';
import { encodeBody } from '../src/issue.ts';
import { vector } from './fixture.ts';

/** TBSCertificate as it stands in a certificate. */
const bodyOf = (certificate: Uint8Array) => new Uint8Array(new DerReader(certificate, 'it').enter().next().bytes);

for (const [name, subject] of [
  [
    'update',
    { country: 'UK', state: 'Cambridgeshire', locality: 'Cambridge', organization: 'Arm', commonName: 'arm.com' },
  ],
  ['other', {}],
] as [string, Name][]) {
  test(`the certificate ${name}.der of manifest-tool 1.4.8 is made again, byte for byte up to its signature`, (context) => {
    const file = vector(`v1-init/00-identity/out/${name}.der`);
    const key = vector(`v1-init/00-identity/out/${name}.key.pem`);
    if (!file || !key) return context.skip();
    const { serial, notBefore, notAfter } = parseCertificate(file);
    const privateKey = importPrivateKey(key);
    const body = encodeBody({ subject, subjectKey: privateKey, profile: 'update', serial, notBefore, notAfter });
    assert.deepEqual(new Uint8Array(body), bodyOf(file));
    assert.deepEqual(derOf(key.toString()).length, 121);
  });
}
