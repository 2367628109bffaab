import { isIP } from 'node:net';
import { exportPrivateKey, generateKeyPair, issueCertificate, pemOf } from '@mooring/pki';
import type { Domain } from '../storage/context.ts';
import { signingAuthority, wholeSecond } from './authorities.ts';

const day = 24 * 60 * 60 * 1000;

/** What browsers accept of a server certificate at most is 398 days. */
const lifetime = 397 * day;

export interface HttpsCertificate {
  /** PKCS#8 PEM; kept nowhere else. */
  key: string;
  /** PEM: the certificate, then the HTTPS CA, so that a client can pick the CA out by its fingerprint. */
  cert: string;
  notAfter: Date;
}

/**
 * Makes a key and a certificate for the service's own HTTPS, under the account's HTTPS CA. Make a new one at each
 * start and before `notAfter`.
 *
 * @param hosts names and addresses by which clients reach the service
 */
export async function issueHttpsCertificate(
  domain: Domain,
  accountId: string,
  hosts: readonly string[],
): Promise<HttpsCertificate> {
  const { issuer, certificate: authority } = await signingAuthority(domain, accountId, 'https');
  const { privateKey, publicKey } = generateKeyPair();
  const now = domain.clock.now().getTime();
  const notAfter = wholeSecond(new Date(Math.min(now + lifetime, authority.notAfter.getTime())));
  const certificate = issueCertificate({
    subject: { organization: 'Mooring', organizationalUnit: accountId, commonName: 'Mooring' },
    subjectKey: publicKey,
    issuer,
    profile: 'server',
    notBefore: wholeSecond(new Date(now - day)),
    notAfter,
    dnsNames: hosts.filter((host) => isIP(host) === 0),
    ipAddresses: hosts.filter((host) => isIP(host) !== 0),
  });
  return {
    key: exportPrivateKey(privateKey, 'pkcs8', 'pem'),
    cert: pemOf('CERTIFICATE', certificate) + authority.pem,
    notAfter,
  };
}
