import { isIPv6 } from 'node:net';
import type { ServiceSettings } from '../serve/settings.ts';

type DeviceServer = 'bootstrap' | 'lwm2m';

/** `coaps://HOST:PORT`: all that a standard LwM2M client knows what to do with. */
export function plainServerUri(
  settings: ServiceSettings,
  server: DeviceServer,
  scheme: 'coaps' | 'coaps+tcp' = 'coaps',
): string {
  const host = isIPv6(settings.publicHost) ? `[${settings.publicHost}]` : settings.publicHost;
  const port = server === 'bootstrap' ? settings.bootstrapPort : settings.lwm2mPort;
  return `${scheme}://${host}:${port}`;
}

/**
 * Where devices of an account connect: `coaps://HOST:PORT?aid=ACCOUNT`. It ends in hex digits on purpose, see the
 * old parser's habits in the package `credentials`.
 */
export const serverUri = (settings: ServiceSettings, server: DeviceServer, accountId: string): string =>
  `${plainServerUri(settings, server)}?aid=${accountId}`;
