// A developer certificate, an update certificate and what belongs to them, made once for all tests of a file.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeveloperCredentialFields } from '@mooring/credentials';
import {
  exportPrivateKey,
  generateKeyPair,
  issueCertificate,
  type Name,
  noClockValidity,
  parseCertificate,
} from '@mooring/pki';

const account = '015843e32ec902420a015e0700000000';
const endpoint = '0161dbbcdd660a580a010c3403c00000';

function authority(commonName: string) {
  const key = generateKeyPair();
  const certificate = issueCertificate({
    subject: { organization: 'Example', commonName },
    subjectKey: key.publicKey,
    key: key.privateKey,
    profile: 'authority',
    ...noClockValidity,
  });
  return { certificate, key: key.privateKey };
}

const developerCa = authority('Developer CA');
export const deviceKey = generateKeyPair();
export const otherKey = generateKeyPair();

export const deviceCertificate = (subject: Name) =>
  issueCertificate({
    subject: { organizationalUnit: account, ...subject },
    subjectKey: deviceKey.publicKey,
    issuer: developerCa,
    profile: 'developer',
    ...noClockValidity,
  });

export const developerFields: DeveloperCredentialFields = {
  endpointName: endpoint,
  accountId: account,
  bootstrapServerUri: `coaps://bootstrap.example:5684?aid=${account}`,
  deviceCertificate: deviceCertificate({ commonName: endpoint }),
  bootstrapServerCa: authority('Bootstrap CA').certificate,
  lwm2mServerCa: authority('LwM2M CA').certificate,
  devicePrivateKey: exportPrivateKey(deviceKey.privateKey, 'pkcs8', 'der'),
};

const updateKey = generateKeyPair();
export const updateCertificate = parseCertificate(
  issueCertificate({
    subject: { commonName: 'arm.com' },
    subjectKey: updateKey.publicKey,
    key: updateKey.privateKey,
    profile: 'update',
    ...noClockValidity,
  }),
);

const vectors = join(import.meta.dirname, '../../../../shared/vectors');

/** Files of the golden vectors by name pattern, undefined where this checkout has none beside it. */
export function vectorFiles(pattern: string): { name: string; content: Buffer }[] | undefined {
  if (!existsSync(vectors)) {
    process.stderr.write(`\nSKIPPED: the golden vectors are not at ${vectors}; ${pattern} was not compared.\n`);
    return undefined;
  }
  const names = globSync(pattern, { cwd: vectors }).sort();
  return names.map((name) => ({ name, content: readFileSync(join(vectors, name)) }));
}
