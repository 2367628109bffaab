import type { IncomingHttpHeaders } from 'node:http';
import { peopleErrors } from '../people/errors.ts';
import type { Client } from './client.ts';

/**
 * A page of another site cannot set it without asking first (CORS preflight, Fetch §4.8), and this service grants
 * nothing. Its value says whether somebody is at work, or a page only looks for news: that does not prolong a session.
 */
export const portalHeader = 'x-mooring-portal';

const safe: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const foreign = (why: string) =>
  peopleErrors('session.foreign', {
    message: `The request was not made by the page of this service itself: ${why}.`,
    next: 'Use the portal, or an API key.',
  });

/**
 * Refuses what another site made a browser send with the cookie of a session: by what the browser says of the page that
 * asks (Sec-Fetch-Site, Origin), and by a header that a form cannot set. The cookie's own SameSite stands before it.
 *
 * @throws MooringError `session.foreign`
 */
export function checkSameSite(
  method: string,
  headers: IncomingHttpHeaders,
  { service }: Pick<Client, 'service'>,
): void {
  const site = headers['sec-fetch-site'];
  const navigated = site === 'none' && safe.has(method);
  if (site !== undefined && site !== 'same-origin' && !navigated) throw foreign(`it comes from another site (${site})`);
  const { origin } = headers;
  if (origin !== undefined && URL.parse(origin)?.host !== URL.parse(service)?.host)
    throw foreign('its Origin is another');
  if (!safe.has(method) && headers[portalHeader] === undefined) throw foreign('it lacks the header X-Mooring-Portal');
}
