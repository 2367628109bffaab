import { type Client, isSecure } from './client.ts';

type At = Pick<Client, 'service'>;

/**
 * With the prefix a browser takes the cookie over HTTPS alone, from this host alone and for all of it: no neighbour under
 * the same domain can plant one (RFC 6265bis §4.1.3.2). Without TLS no browser would take it.
 */
const nameOf = (at: At): string => (isSecure(at) ? '__Host-mooring' : 'mooring');

/** The token of a session in the header Cookie, if there is one. */
export function sessionTokenIn(header: string | undefined, at: At): string | undefined {
  const name = nameOf(at);
  for (const pair of (header ?? '').split(';')) {
    const mark = pair.indexOf('=');
    if (mark > 0 && pair.slice(0, mark).trim() === name) return pair.slice(mark + 1).trim();
  }
  return undefined;
}

/**
 * Strict: the pages themselves are the same for everybody and need no cookie, and what a page asks for then comes from
 * this site; so a link from elsewhere still arrives signed in.
 */
const attributes = (at: At): string => `Path=/; HttpOnly; SameSite=Strict${isSecure(at) ? '; Secure' : ''}`;

/** The header Set-Cookie. @param seconds until it ends */
export const sessionCookie = (token: string, seconds: number, at: At): string =>
  `${nameOf(at)}=${token}; Max-Age=${Math.max(0, Math.floor(seconds))}; ${attributes(at)}`;

export const noSessionCookie = (at: At): string => sessionCookie('', 0, at);
