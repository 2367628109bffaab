import { authenticateApiKey } from '../accounts/authentication.ts';
import { accountErrors } from '../accounts/errors.ts';
import type { Actor, Domain } from '../storage/context.ts';

/** What a request shows of who sent it. */
export interface Credentials {
  /** The header Authorization. */
  authorization: string | undefined;
  /** The header Cookie. */
  cookie: string | undefined;
  requestId: string;
}

/**
 * One way to find out who is calling. Undefined if the request has no credentials of this kind, so that the next
 * way is tried; an error if it has them and they are wrong.
 */
export type Authenticator = (domain: Domain, credentials: Credentials) => Promise<Actor | undefined>;

/** `Authorization: Bearer ak_…`; the scheme in any case (RFC 9110 §11.1), and once more inside for clients that add it. */
export const byApiKey: Authenticator = async (domain, { authorization, requestId }) => {
  const key = /^\s*bearer\s+(?:bearer\s+)?(\S+)\s*$/i.exec(authorization ?? '')?.[1];
  return key === undefined ? undefined : authenticateApiKey(domain, key, requestId);
};

/** @throws MooringError `auth.invalid` */
export async function authenticate(
  authenticators: readonly Authenticator[],
  domain: Domain,
  credentials: Credentials,
): Promise<Actor> {
  for (const authenticator of authenticators) {
    const actor = await authenticator(domain, credentials);
    if (actor) return actor;
  }
  throw accountErrors('auth.invalid', {
    message: 'The request has no API key: the header "Authorization: Bearer <key>" is needed.',
    next: 'Send an API key.',
  });
}
