import { isIP } from 'node:net';

/**
 * The address to connect to. A name that ends in `.local` is asked for on the links themselves where the system does
 * not know it: that needs a service that many hosts do not run.
 */
export async function resolveHost(host: string, signal: AbortSignal): Promise<string> {
  if (isIP(host) !== 0 || !/\.local\.?$/i.test(host)) return host;
  const { lookup } = await import('node:dns/promises');
  const known = await lookup(host).catch(() => undefined);
  if (known && !known.address.toLowerCase().startsWith('fe80:')) return known.address;
  const { findHost } = await import('../discovery/host.ts');
  return (await findHost(host.replace(/\.$/, ''), signal)) ?? host;
}
