import { isIP } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { type Der, exportPrivateKey, generateKeyPair, type Issuer, issueCertificate, pemOf } from '@mooring/pki';
import type { Clock } from '@mooring/platform';

const day = 86_400_000;

/** Validity of a server certificate of our own, in days; a fresh one is made at each start and halfway through. */
export const ownCertificateDays = 90;

/** Every name under which this service may be asked for, by people on the machine and from outside. */
export function ownCertificateNames(hosts: readonly string[]): { dnsNames: string[]; ipAddresses: string[] } {
  const all = [...new Set([...hosts, 'localhost', '127.0.0.1', '::1'])];
  return {
    dnsNames: all.filter((host) => isIP(host) === 0),
    ipAddresses: all.filter((host) => isIP(host) !== 0 && host !== '0.0.0.0' && host !== '::'),
  };
}

/**
 * A server certificate of the service's own HTTPS authority, with its key, in memory only. The authority's certificate
 * goes with it, so that a client that was given its fingerprint finds it in the chain.
 */
export function issueOwnCertificate(authority: Issuer, hosts: readonly string[], clock: Clock): SecureContextOptions {
  const { privateKey, publicKey } = generateKeyPair();
  const now = clock.now().getTime();
  const names = ownCertificateNames(hosts);
  const commonName = hosts.find((host) => host.length <= 64) ?? 'localhost';
  const certificate: Der = issueCertificate({
    subject: { commonName },
    subjectKey: publicKey,
    issuer: authority,
    profile: 'server',
    // Clients' clocks may be behind ours.
    notBefore: new Date(now - day),
    notAfter: new Date(now + ownCertificateDays * day),
    ...names,
  });
  return {
    key: exportPrivateKey(privateKey, 'pkcs8', 'pem'),
    cert: pemOf('CERTIFICATE', certificate) + pemOf('CERTIFICATE', authority.certificate),
    minVersion: 'TLSv1.2',
  };
}
