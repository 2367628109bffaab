import type { BootstrapPlan, BootstrapRequest, ServerSecurity } from '@mooring/lwm2m';
import { type Der, exportPrivateKey, importPrivateKey } from '@mooring/pki';
import type { DeviceCredentials } from './issuer.ts';
import type { DerivedKey } from './pre-shared-keys.ts';

/** Where a device goes on to, and how it knows the server. */
export interface NextServer {
  /** For Pelion's clients, with the account in it. */
  readonly uri: string;
  /** For standard clients. */
  readonly plainUri: string;
  /** DER. */
  readonly authority: Der;
  /** The server's own certificate, DER. */
  leaf(): Der;
  /** Seconds that a registration is to live; the device's own choice if absent. */
  readonly lifetime: number | undefined;
}

/** A day, the default of LwM2M's own parameter lt. */
const standardLifetime = 86_400;

/**
 * What a device is written.
 *
 * @param credentials undefined for a Pelion client that makes its key itself
 */
export function planFor(
  request: BootstrapRequest,
  deviceId: string,
  credentials: DeviceCredentials | DerivedKey | undefined,
  server: NextServer,
): BootstrapPlan {
  const { uri, lifetime } = server;
  if (credentials && 'identity' in credentials) {
    const { identity, key } = credentials;
    return standardPlan(request, server, { mode: 'psk', identity: new TextEncoder().encode(identity), key });
  }
  if (request.clientVersion !== undefined) {
    const given =
      credentials?.privateKey === undefined
        ? {}
        : { credentials: { certificate: credentials.certificate, privateKey: credentials.privateKey } };
    return {
      client: 'pelion',
      account: { serverUri: uri, serverAuthority: server.authority, ...given },
      internalEndpoint: deviceId,
      ...(lifetime === undefined ? {} : { lifetime }),
    };
  }
  if (credentials?.privateKey === undefined) throw new Error('a standard client is given its key');
  return standardPlan(request, server, {
    mode: 'certificate',
    certificate: credentials.certificate,
    privateKey: exportPrivateKey(importPrivateKey(credentials.privateKey), 'pkcs8', 'der'),
    // Version 1.0 knows only this: the server's own certificate, to be met byte by byte.
    serverCertificate: server.leaf(),
  });
}

const standardPlan = (
  { preferredFormat }: BootstrapRequest,
  { plainUri: serverUri, lifetime = standardLifetime }: NextServer,
  security: ServerSecurity,
): BootstrapPlan => ({
  client: 'standard',
  accounts: [{ serverUri, security, shortServerId: 1, lifetime }],
  ...(preferredFormat === undefined ? {} : { preferredFormat }),
});
