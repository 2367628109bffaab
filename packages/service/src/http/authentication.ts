import { authenticateApiKey } from '../accounts/authentication.ts';
import { accountErrors } from '../accounts/errors.ts';
import type { Client } from '../sessions/client.ts';
import { sessionTokenIn } from '../sessions/cookie.ts';
import { authenticateSession } from '../sessions/session.ts';
import type { Actor, Domain } from '../storage/context.ts';

/** What a request shows of who sent it. */
export interface Credentials {
  /** The header Authorization. */
  authorization: string | undefined;
  /** The header Cookie. */
  cookie: string | undefined;
  requestId: string;
  client: Client;
  /** Somebody is at work, and no page that only looks for news. */
  atWork: boolean;
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

/** The cookie of a session. One that has ended is none, so that the page that asks finds its way to the sign-in. */
export const bySession: Authenticator = async (domain, { cookie, client, atWork, requestId }) => {
  const token = sessionTokenIn(cookie, client);
  const actor = token === undefined ? undefined : await authenticateSession(domain, token, atWork);
  return actor && { ...actor, requestId };
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
    message:
      'The request has neither an API key, the header "Authorization: Bearer <key>", nor the cookie of a session that has not ended.',
    next: 'Send an API key, or sign in.',
  });
}
