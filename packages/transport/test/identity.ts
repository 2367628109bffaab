import type { KeyObject } from 'node:crypto';
import { type Der, generateKeyPair, issueCertificate, type Profile, pemOf } from '@mooring/pki';
import type { Credentials, Verdict } from '@mooring/transport';

export interface Identity extends Credentials {
  readonly der: Der;
  readonly privateKey: KeyObject;
}

const year = 365 * 24 * 3600_000;

/** A key and its certificate, signed by itself or by another, with what is above it. */
export function identity(commonName: string, issuer?: Identity, profile: Profile = 'developer'): Identity {
  const { privateKey } = generateKeyPair();
  const der = issueCertificate({
    subject: { commonName },
    subjectKey: privateKey,
    ...(issuer === undefined ? { key: privateKey } : { issuer: { certificate: issuer.der, key: issuer.privateKey } }),
    notBefore: new Date(Date.now() - year),
    notAfter: new Date(Date.now() + year),
    profile,
  });
  const above = issuer === undefined ? '' : issuer.certificate;
  return {
    der,
    privateKey,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: `${pemOf('CERTIFICATE', der)}${above}`,
  };
}

export const anyone = (): Verdict<undefined> => ({ trusted: true, identity: undefined });
