import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InjectOptions } from 'fastify';
import { createAccount, createApiKey, operator } from '../../src/accounts/index.ts';
import { createHttpServer } from '../../src/http/index.ts';
import { insertUser } from '../../src/people/change.ts';
import { beginSession } from '../../src/sessions/session.ts';
import type { Domain } from '../../src/storage/context.ts';
import { fullAccount } from './full-account.ts';
import { roleTable } from './role-table.ts';
import { type Fixture, service } from './service-fixture.ts';

interface Route {
  readonly name: string;
  readonly method: InjectOptions['method'];
  readonly url: string;
  /** Its body comes piece by piece. */
  readonly upload: boolean;
}

/** Every route that a service has, HEAD aside, which is GET without its body. */
async function allRoutes(): Promise<Route[]> {
  const app = createHttpServer({} as Domain, { metrics: async () => '' });
  const routes: Route[] = [];
  app.addHook('onRoute', ({ method, url, config }) => {
    for (const each of [method].flat() as NonNullable<InjectOptions['method']>[]) {
      if (each !== 'HEAD') routes.push({ name: `${each} ${url}`, method: each, url, upload: config?.upload === true });
    }
  });
  await app.ready();
  await app.close();
  return routes;
}

/** Answers that go on until something happens: who may ask is tested where they are. */
const waiting: ReadonlySet<string> = new Set(['GET /v2/notification/pull', 'GET /v3/portal/events']);

const roles = { a: ['Administrators'], d: ['Developers'], o: ['Observers'], n: [] } as const;
type Role = keyof typeof roles;

const someId = '0'.repeat(31);

/** With an id that nothing has. */
const pathOf = (url: string): string => url.replace(/:\w+/g, `${someId}9`).replace('*', '3/0/0');

type Ask = (route: Route, path: string) => Promise<{ status: number; text: string }>;

const bodyOf = ({ method, upload }: Route): object => (method === 'GET' || upload ? {} : { body: {} });

function byKey({ request }: Fixture, key: string): Ask {
  return (route, path) => request(route.method, path, { key, ...bodyOf(route) });
}

/** With a session for each request, since some end it. */
async function byUser(fixture: Fixture, accountId: string, groups: readonly string[]): Promise<Ask> {
  const { domain, request } = fixture;
  const actor = operator(accountId);
  const email = `${groups.join() || 'nobody'}@example.com`;
  const made = { status: 'ACTIVE', passwordHash: null, action: 'user.created' } as const;
  const id = await domain.storage.transaction(() => insertUser(domain, actor, { email, groups: [...groups] }, made));
  const user = await domain.storage.db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const client = { address: '192.0.2.1', userAgent: '', service: 'http://portal.example' };
  return async (route, path) => {
    const { token } = await beginSession(domain, user, client, { secondFactor: false });
    const headers = { cookie: `mooring=${token}`, 'x-mooring-portal': '1', 'sec-fetch-site': 'same-origin' };
    return request(route.method, path, { key: null, headers, ...bodyOf(route) });
  };
}

test('every route says who may use it, and the table has no other', async () => {
  const names = (await allRoutes()).map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => !(name in roleTable)),
    [],
    'a new route needs a row in role-table.ts',
  );
  assert.deepEqual(
    Object.keys(roleTable).filter((name) => !names.includes(name)),
    [],
    'a route that is gone needs none',
  );
});

test('every route is refused to nobody, and open where the table says so', async (t) => {
  const fixture = await service(t);
  for (const route of await allRoutes()) {
    const { status, text } = await fixture.request(route.method, pathOf(route.url), { key: null, ...bodyOf(route) });
    if (roleTable[route.name] !== 'open') assert.equal(status, 401, `${route.name}: ${text}`);
    // Who signs in has to be a page of the service: this request does not say so.
    else assert.equal(status === 403, route.method === 'POST', `${route.name}: ${text}`);
  }
});

for (const [kind, part] of [
  ['API key', 0],
  ['user', 1],
] as const) {
  test(`every route is answered or refused to an ${kind} of each role as the table says`, async (t) => {
    const fixture = await service(t);
    const { domain, accountId } = fixture;
    const routes = (await allRoutes()).filter(({ name }) => roleTable[name] !== 'open' && !waiting.has(name));
    const wrong: string[] = [];
    for (const role of Object.keys(roles) as Role[]) {
      const groups = roles[role];
      let ask: Ask;
      if (kind === 'user') ask = await byUser(fixture, accountId, groups);
      else ask = byKey(fixture, (await createApiKey(domain, operator(accountId), { name: role, groups })).key);
      for (const route of routes) {
        const { status, text } = await ask(route, pathOf(route.url));
        const allowed = (roleTable[route.name] ?? '').split('|')[part]?.includes(role);
        const answered = status !== 403 && status !== 401;
        if (allowed !== answered || status >= 500) wrong.push(`${role} ${route.name}: ${status} ${text.slice(0, 150)}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

test('an administrator of another account reaches, changes and sees nothing of this one', async (t) => {
  const fixture = await service(t);
  const { domain } = fixture;
  const mine = await fullAccount(fixture);
  const other = await createAccount(domain, 'Other');
  const { key } = await createApiKey(domain, operator(other), { name: 'other' });
  const asks = [byKey(fixture, key), await byUser(fixture, other, ['Administrators'])];
  const before = await mine.everything();
  for (const route of await allRoutes()) {
    if (roleTable[route.name] === 'open' || waiting.has(route.name)) continue;
    const path = mine.pathOf(route.url);
    for (const ask of asks) {
      const { status, text } = await ask(route, path);
      assert.ok(status < 500, `${route.name}: ${status} ${text}`);
      for (const id of mine.ids) {
        // A refusal says the id that was asked for.
        if (status < 400) assert.ok(!text.includes(id), `${route.name} tells ${id}: ${text.slice(0, 200)}`);
      }
      if (path !== route.url && !route.url.includes('/me')) {
        assert.ok(
          [400, 403, 404, 409, 410, 415, 423, 204].includes(status),
          `${route.name} ${path}: ${status} ${text}`,
        );
      }
    }
  }
  assert.deepEqual(await mine.everything(), before, 'nothing of it was changed');
});
