import { isIPv6 } from 'node:net';
import type { ServiceSettings } from '../serve/settings.ts';

/**
 * Where devices of an account connect: `coaps://HOST:PORT?aid=ACCOUNT`. It ends in hex digits on purpose, see the
 * old parser's habits in the package `credentials`.
 */
export function serverUri(settings: ServiceSettings, server: 'bootstrap' | 'lwm2m', accountId: string): string {
  const host = isIPv6(settings.publicHost) ? `[${settings.publicHost}]` : settings.publicHost;
  const port = server === 'bootstrap' ? settings.bootstrapPort : settings.lwm2mPort;
  return `coaps://${host}:${port}?aid=${accountId}`;
}
