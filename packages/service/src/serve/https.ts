import { networkInterfaces } from 'node:os';
import { issueHttpsCertificate } from '../certificates/https-certificate.ts';
import { addressKind } from './address.ts';
import type { OpenFolder } from './open-folder.ts';
import type { TlsMaterial } from './tls-files.ts';

/** A fresh certificate is made, or read from its files, this often, in ms: a service runs longer than one is valid. */
export const renewalPeriod = 24 * 60 * 60 * 1000;

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.includes('%'));
}

/**
 * Every name under which clients may ask for this service, so that the certificate fits: what devices are told, what is
 * listened on, the machine's name, and loopback.
 */
export function httpsHosts(publicHost: string, listening: string, machineName: string): string[] {
  const everywhere = addressKind(listening) === 'unspecified';
  const outside = everywhere ? [machineName, ...ownAddresses()] : [listening];
  const hosts = [publicHost, ...outside, 'localhost', '127.0.0.1', '::1'];
  return [...new Set(hosts)].filter((host) => addressKind(host) !== 'unspecified');
}

/** TLS with a certificate of the service's own HTTPS authority. Key and certificate are nowhere but in memory. */
export async function ownTls(folder: OpenFolder, hosts: readonly string[]): Promise<TlsMaterial> {
  const { key, cert } = await issueHttpsCertificate(folder.domain, folder.accountId, hosts);
  return { key, cert };
}
