import type { Domain } from '../storage/context.ts';
import { activeAuthority } from './authorities.ts';
import { serverUri } from './server-uris.ts';

export interface ServerCredentials {
  id: string;
  /** PEM of the CA that devices check the server against. */
  certificate: string;
  uri: string;
  createdAt: number;
}

/** What a device needs to find and to trust a server. @throws MooringError `authority.missing` */
export async function serverCredentials(
  domain: Domain,
  accountId: string,
  server: 'bootstrap' | 'lwm2m',
): Promise<ServerCredentials> {
  const { id, certificate, createdAt } = await activeAuthority(domain, accountId, server);
  return { id, certificate: certificate.pem, uri: serverUri(domain.settings, server, accountId), createdAt };
}
