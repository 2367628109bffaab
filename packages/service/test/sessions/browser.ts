import { linkLifetime, makeLink } from '../../src/sessions/links.ts';
import { firstAdministratorLink } from '../../src/sessions/redeem.ts';
import type { LinkPurpose } from '../../src/storage/people-schema.ts';
import type { Answer, Fixture } from '../http/service-fixture.ts';

/** As a browser does on the page of the service itself: keeps the cookie and says where it comes from. */
export class Browser {
  cookie: string | undefined;
  readonly #fixture: Fixture;
  readonly #headers: Record<string, string>;

  constructor(fixture: Fixture, headers: Record<string, string> = {}) {
    this.#fixture = fixture;
    this.#headers = { 'sec-fetch-site': 'same-origin', 'x-mooring-portal': '1', host: 'portal.example', ...headers };
  }

  async ask(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'HEAD',
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const sent = { ...this.#headers, ...(this.cookie ? { cookie: this.cookie } : {}), ...headers };
    const answer = await this.#fixture.request(method, url, { key: null, body, headers: sent });
    const set = [answer.headers['set-cookie'] ?? []].flat()[0];
    if (set !== undefined) this.cookie = /Max-Age=0\b/.test(String(set)) ? undefined : String(set).split(';')[0];
    return answer;
  }
}

export const password = 'correct horse battery staple';

const tokenOf = (path: string): string => path.slice(path.indexOf('#') + 1);

/** A token as a link has it. */
export async function linkToken({ domain, accountId }: Fixture, purpose: LinkPurpose, userId: string | null) {
  const expiresAt = domain.clock.now().getTime() + linkLifetime.passwordReset;
  return tokenOf((await makeLink(domain, accountId, purpose, { userId, expiresAt })).path);
}

/** The first administrator, signed in. */
export async function administrator(fixture: Fixture, email = 'Ada@Example.com'): Promise<Browser> {
  const browser = new Browser(fixture);
  const { path } = await firstAdministratorLink(fixture.domain, fixture.accountId);
  const answer = await browser.ask('POST', '/v3/portal/links/redeem', {
    token: tokenOf(path),
    email,
    full_name: 'Ada',
    password,
  });
  if (answer.status !== 200) throw new Error(answer.text);
  return browser;
}

/** Somebody in these groups, signed in. */
export async function member(fixture: Fixture, email: string, groups: readonly string[]): Promise<Browser> {
  const { status, text } = await fixture.request('POST', '/v3/users', { body: { email, password, groups } });
  if (status !== 201) throw new Error(text);
  const browser = new Browser(fixture);
  const answer = await browser.ask('POST', '/v3/portal/sign-in', { email, password });
  if (answer.status !== 200) throw new Error(answer.text);
  return browser;
}
