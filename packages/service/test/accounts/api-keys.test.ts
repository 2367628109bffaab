import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatApiKey, newSecret, parseApiKey } from '../../src/accounts/api-key-text.ts';
import { authenticateApiKey, createAccount, createApiKey, operator } from '../../src/accounts/index.ts';
import { listAuditRecords } from '../../src/audit/index.ts';
import { storageErrors } from '../../src/errors.ts';
import { defaultLimits } from '../../src/serve/settings.ts';
import { service } from '../http/service-fixture.ts';

const groupIds = async (fixture: Awaited<ReturnType<typeof service>>) => {
  const rows = await fixture.domain.storage.db.selectFrom('policy_groups').select(['id', 'name']).execute();
  return Object.fromEntries(rows.map(({ name, id }) => [name, id])) as Record<'Administrators' | 'Developers', string>;
};

test('the text of a key has the parts of the contract', () => {
  const published = 'ak_1MDE2MTk1NzFmNmU4MDI0MmFjMTIwMDA2MDAwMDAwMDA01619571f7020242ac12000600000000';
  assert.deepEqual(parseApiKey(published), {
    accountId: '01619571f6e80242ac12000600000000',
    id: '01619571f7020242ac12000600000000',
  });
  assert.equal(formatApiKey(parseApiKey(published) as { accountId: string; id: string }), published);
  assert.equal(newSecret().length, 32);
  for (const text of ['', 'ak_1', `${published}x`, published.slice(1), `ak_2${published.slice(4)}`]) {
    assert.equal(parseApiKey(text), undefined, text);
  }
  const id = fc.stringMatching(/^[0-9a-f]{32}$/);
  fc.assert(
    fc.property(id, id, (accountId, keyId) => {
      const secret = newSecret();
      const text = formatApiKey({ accountId, id: keyId, secret });
      assert.equal(text.length, 111);
      assert.deepEqual(parseApiKey(text), { accountId, id: keyId, secret });
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => void parseApiKey(`ak_1${text}`)));
});

test('a key is told once, works at once, and is listed without its secret', async (t) => {
  const { request, accountId } = await service(t);
  const made = await request('POST', '/v3/api-keys', { body: { name: 'ci', unknown_field: [1] } });
  assert.equal(made.status, 201);
  const key = made.body.key as string;
  assert.equal(key.length, 111);
  assert.deepEqual(
    { ...made.body, id: '', key: '', owner: '', groups: made.body.groups.length },
    {
      object: 'api-key',
      id: '',
      etag: '1',
      account_id: accountId,
      name: 'ci',
      key: '',
      owner: '',
      groups: 1,
      status: 'ACTIVE',
      creation_time: Date.parse('2026-11-22T20:02:45.500Z'),
      last_login_time: 0,
      created_at: '2026-11-22T20:02:45Z',
      updated_at: '2026-11-22T20:02:45Z',
    },
  );
  assert.equal((await request('GET', '/v3/accounts/me', { key })).status, 200);
  const read = await request('GET', `/v3/api-keys/${made.body.id}`);
  assert.equal(read.body.key, key.slice(0, 79));
  assert.doesNotMatch((await request('GET', '/v3/api-keys')).text, new RegExp(key.slice(79)));
  assert.equal(read.body.last_login_time, Date.parse('2026-11-22T20:02:45.500Z'));
});

test('the secret is nowhere in the database', async (t) => {
  const { domain, admin } = await service(t);
  const rows = await domain.storage.db.selectFrom('api_keys').selectAll().execute();
  const audit = await domain.storage.db.selectFrom('audit_records').selectAll().execute();
  const everything =
    JSON.stringify([rows, audit]) + Buffer.concat(rows.map(({ secret_hash }) => secret_hash)).toString('latin1');
  assert.ok(!everything.includes(admin.slice(79)));
});

test('what is not the key is refused, always in the same words', async (t) => {
  const { request, admin, domain } = await service(t);
  const other = await createAccount(domain, 'Other');
  const parsed = parseApiKey(admin) as { accountId: string; id: string; secret: string };
  const inactive = (await request('POST', '/v3/api-keys', { body: { name: 'off', status: 'INACTIVE' } })).body.key;
  const deleted = (await request('POST', '/v3/api-keys', { body: { name: 'gone' } })).body;
  assert.equal((await request('DELETE', `/v3/api-keys/${deleted.id}`)).status, 204);
  const answers = new Set<string>();
  for (const [what, key] of [
    ['another secret', formatApiKey({ ...parsed, secret: newSecret() })],
    ['another id', formatApiKey({ ...parsed, id: parsed.accountId })],
    ['another account', formatApiKey({ ...parsed, accountId: other })],
    ['the public part', admin.slice(0, 79)],
    ['no key at all', 'secret'],
    ['an inactive key', inactive],
    ['a deleted key', deleted.key],
  ] as const) {
    const { status, body } = await request('GET', '/v3/accounts/me', { key });
    assert.deepEqual([status, body.type], [401, 'invalid_auth'], what);
    answers.add(body.message);
  }
  assert.equal(answers.size, 1);
});

test('a key ends at its time, and whoever has it hears so', async (t) => {
  const { request, clock } = await service(t);
  const body = { name: 'visitor', expires_at: '2026-11-29T20:02:45Z' };
  const made = (await request('POST', '/v3/api-keys', { body })).body;
  assert.equal(made.expires_at, '2026-11-29T20:02:45Z');
  const ask = (key: string) => request('GET', '/v3/accounts/me', { key });
  clock.set('2026-11-29T20:02:44.999Z');
  assert.equal((await ask(made.key)).status, 200);
  clock.set('2026-11-29T20:02:45Z');
  const late = await ask(made.key);
  assert.deepEqual([late.status, late.body.type], [401, 'invalid_auth']);
  assert.match(late.body.message, /expired on 2026-11-29/);
  const stranger = await ask(made.key.slice(0, 79) + newSecret());
  assert.doesNotMatch(stranger.body.message, /expired/, 'who has half of it learns nothing');

  const change = (expires_at: string | null) => request('PUT', `/v3/api-keys/${made.id}`, { body: { expires_at } });
  const past = await change('2026-11-29T20:02:45Z');
  assert.equal(past.status, 200, 'what stays as it is is no change');
  assert.deepEqual((await change('2026-11-28T00:00:00Z')).status, 400);
  assert.equal((await change(null)).body.expires_at, undefined);
  assert.equal((await ask(made.key)).status, 200);
});

test('nobody prolongs the key that they were given', async (t) => {
  const { request } = await service(t);
  const body = { name: 'visitor', expires_at: '2026-11-29T20:02:45Z' };
  const { key } = (await request('POST', '/v3/api-keys', { body })).body;
  const refused = await request('PUT', '/v3/api-keys/me', { key, body: { expires_at: null } });
  assert.equal(refused.status, 403);
});

test('the scheme is taken in any case', async (t) => {
  const { request, admin } = await service(t);
  for (const authorization of [`Bearer ${admin}`, `bearer ${admin}`, `BEARER  ${admin} `, `Bearer bearer ${admin}`]) {
    assert.equal((await request('GET', '/v3/accounts/me', { key: null, headers: { authorization } })).status, 200);
  }
  for (const authorization of ['', admin, `Basic ${admin}`, 'Bearer', `Bearer ${admin} ${admin}`]) {
    assert.equal(
      (await request('GET', '/v3/accounts/me', { key: null, headers: { authorization } })).status,
      401,
      authorization,
    );
  }
});

test('the last login is written once a minute', async (t) => {
  const { request, clock } = await service(t);
  const lastLogin = async () => (await request('GET', '/v3/api-keys/me')).body.last_login_time as number;
  const first = await lastLogin();
  clock.set('2026-11-22T20:03:45.499Z');
  assert.equal(await lastLogin(), first);
  clock.set('2026-11-22T20:03:45.500Z');
  assert.equal(await lastLogin(), first + 60_000);
});

test('keys are changed field by field, with etag and time of change', async (t) => {
  const fixture = await service(t);
  const { request, clock, accountId } = fixture;
  const groups = await groupIds(fixture);
  const { id, key } = (await request('POST', '/v3/api-keys', { body: { name: 'a' } })).body;
  clock.set('2026-11-22T21:00:00Z');
  const renamed = await request('PUT', `/v3/api-keys/${id}/`, { body: { name: 'b' } });
  assert.deepEqual(
    [renamed.status, renamed.body.name, renamed.body.etag, renamed.body.updated_at, renamed.body.groups],
    [200, 'b', '2', '2026-11-22T21:00:00Z', [groups.Developers]],
  );
  assert.equal((await request('PUT', `/v3/api-keys/${id}`, { body: {} })).body.etag, '2');
  const moved = await request('PUT', `/v3/api-keys/${id}`, {
    body: { groups: [groups.Administrators], owner: accountId, status: 'INACTIVE' },
  });
  assert.deepEqual(
    [moved.body.groups, moved.body.owner, moved.body.status, moved.body.etag],
    [[groups.Administrators], accountId, 'INACTIVE', '3'],
  );
  assert.equal((await request('GET', '/v3/accounts/me', { key })).status, 401);
  assert.equal((await request('PUT', `/v3/api-keys/${id}`, { body: { name: 'admin' } })).status, 409);
  assert.equal(
    (await request('PUT', `/v3/api-keys/${id}`, { body: { owner: 'nobody' } })).body.fields[0].name,
    'owner',
  );
  const own = await request('PUT', '/v3/api-keys/me', { body: { name: 'me' } });
  assert.equal(own.body.name, 'me');
});

test('a new secret makes the old one worthless; the body may be absent', async (t) => {
  const { request } = await service(t);
  const { id, key } = (await request('POST', '/v3/api-keys', { body: { name: 'a' } })).body;
  const reset = await request('POST', `/v3/api-keys/${id}/reset-secret`);
  assert.equal(reset.status, 200);
  assert.equal(reset.body.key.slice(0, 79), key.slice(0, 79));
  assert.equal((await request('GET', '/v3/api-keys/me', { key })).status, 401);
  assert.equal((await request('GET', '/v3/api-keys/me', { key: reset.body.key })).status, 200);
  const renamed = await request('POST', `/v3/api-keys/${id}/reset-secret`, { body: { name: 'b' } });
  assert.equal(renamed.body.name, 'b');
});

test('a key of the developers may do their work and nothing beyond', async (t) => {
  const fixture = await service(t);
  const { request, developer, admin } = fixture;
  const groups = await groupIds(fixture);
  const adminId = parseApiKey(admin)?.id;
  for (const [method, url, body, status] of [
    ['GET', '/v3/accounts/me', undefined, 200],
    ['POST', '/v3/developer-certificates', { name: 'dev' }, 201],
    ['GET', '/v3/trusted-certificates', undefined, 200],
    ['GET', '/v3/server-credentials', undefined, 200],
    ['GET', '/v3/api-keys/me', undefined, 200],
    ['PUT', '/v3/api-keys/me', { name: 'renamed' }, 200],
    ['PUT', '/v3/api-keys/me', { groups: [groups.Administrators] }, 403],
    ['PUT', '/v3/api-keys/me', { groups: [] }, 403],
    ['PUT', '/v3/api-keys/me', { owner: adminId }, 403],
    ['PUT', '/v3/accounts/me', { display_name: 'Mine' }, 403],
    ['GET', '/v3/api-keys', undefined, 403],
    ['POST', '/v3/api-keys', { name: 'more' }, 403],
    ['PUT', `/v3/api-keys/${adminId}`, { status: 'INACTIVE' }, 403],
    ['DELETE', `/v3/api-keys/${adminId}`, undefined, 403],
    ['POST', `/v3/api-keys/${adminId}/reset-secret`, undefined, 403],
    ['POST', '/v3/trusted-certificates', { name: 'ca', service: 'bootstrap', certificate: 'x' }, 403],
  ] as const) {
    const answer = await request(method, url, { key: developer, body });
    assert.equal(answer.status, status, `${method} ${url} ${JSON.stringify(body)}: ${answer.text}`);
    if (status === 403) assert.equal(answer.body.type, 'forbidden');
  }
});

test('nobody grants more than they have', async (t) => {
  const { domain, accountId, request } = await service(t);
  const now = 0;
  await domain.storage.db
    .insertInto('policy_groups')
    .values({
      id: 'f'.repeat(32),
      account_id: accountId,
      name: 'Key keepers',
      permissions_json: '["api-keys:read","api-keys:write"]',
      created_at: now,
      updated_at: now,
      etag: 1,
    })
    .execute();
  const { key } = await createApiKey(domain, operator(accountId), { name: 'keeper', groups: ['Key keepers'] });
  const admins = (await request('GET', '/v3/api-keys?name__eq=admin')).body.data[0];
  for (const [method, url, body] of [
    ['POST', '/v3/api-keys', { name: 'x', groups: admins.groups }],
    ['POST', '/v3/api-keys', { name: 'x' }],
    ['PUT', '/v3/api-keys/me', { groups: admins.groups }],
    ['POST', `/v3/api-keys/${admins.id}/reset-secret`, {}],
  ] as const) {
    const answer = await request(method, url, { key, body });
    assert.deepEqual([answer.status, answer.body.type], [403, 'forbidden'], `${method} ${url}`);
  }
  const allowed = await request('POST', '/v3/api-keys', { key, body: { name: 'x', groups: ['f'.repeat(32)] } });
  assert.equal(allowed.status, 201, allowed.text);
});

test('the last key of the administrators may go; the operator makes another', async (t) => {
  const { domain, accountId, request } = await service(t);
  const { id } = (await request('GET', '/v3/api-keys/me')).body;
  assert.equal((await request('DELETE', `/v3/api-keys/${id}`)).status, 204);
  assert.equal((await request('GET', '/v3/api-keys/me')).status, 401);
  const { key } = await createApiKey(domain, operator(accountId), { name: 'admin' });
  assert.equal((await request('GET', '/v3/api-keys', { key })).status, 200);
});

test('keys are listed by page, order, owner and public part', async (t) => {
  const { request, clock } = await service(t);
  const ids: string[] = [];
  for (let index = 0; index < 5; index++) {
    clock.set(new Date(Date.parse('2026-11-22T21:00:00Z') + index));
    ids.push((await request('POST', '/v3/api-keys', { body: { name: `k${index}` } })).body.id);
  }
  const me = (await request('GET', '/v3/api-keys/me')).body;
  const first = (await request('GET', `/v3/api-keys?limit=2&owner__eq=${me.id}&include=total_count`)).body;
  assert.deepEqual(
    [first.object, first.limit, first.after, first.order, first.has_more, first.total_count],
    ['list', 2, null, 'ASC', true, 5],
  );
  const second = (await request('GET', `/v3/api-keys?limit=2&owner__eq=${me.id}&after=${first.data[1].id}`)).body;
  assert.deepEqual(
    second.data.map(({ id }: { id: string }) => id),
    ids.slice(2, 4),
  );
  assert.equal(second.after, ids[1]);
  const newest = (await request('GET', '/v3/api-keys?order=DESC&limit=2')).body.data;
  assert.deepEqual(
    newest.map(({ name }: { name: string }) => name),
    ['k4', 'k3'],
  );
  const byKey = (await request('GET', `/v3/api-keys/?key__eq=${me.key}`)).body;
  assert.deepEqual([byKey.data.length, byKey.data[0].id, byKey.total_count], [1, me.id, 1]);
  for (const filter of ['key__eq=nonsense', 'filter=name%3Dnobody', 'status__eq=INACTIVE', 'name__in=x,y']) {
    assert.deepEqual((await request('GET', `/v3/api-keys?${filter}`)).body.data, [], filter);
  }
  assert.equal((await request('GET', '/v3/api-keys?name__nin=k0,k1&limit=100')).body.data.length, 5);
});

test('keys of another account are not there', async (t) => {
  const { domain, request } = await service(t);
  const other = await createAccount(domain, 'Other');
  const theirs = await createApiKey(domain, operator(other), { name: 'theirs' });
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['PUT', '', { name: 'mine' }],
    ['DELETE', '', undefined],
    ['POST', '/reset-secret', {}],
  ] as const) {
    const answer = await request(method, `/v3/api-keys/${theirs.id}${path}`, { body });
    assert.deepEqual([answer.status, answer.body.type], [404, 'not_found'], method);
  }
  assert.equal((await request('GET', '/v3/api-keys/me', { key: theirs.key })).body.name, 'theirs');
});

test('two at once with the same name: one gets it', async (t) => {
  const { request } = await service(t);
  const answers = await Promise.all([1, 2].map(() => request('POST', '/v3/api-keys', { body: { name: 'same' } })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
});

test('the limit of keys is kept', async (t) => {
  const { request } = await service(t, { limits: { ...defaultLimits, apiKeys: 3 } });
  assert.equal((await request('POST', '/v3/api-keys', { body: { name: 'third' } })).status, 201);
  const refused = await request('POST', '/v3/api-keys', { body: { name: 'fourth' } });
  assert.deepEqual([refused.status, refused.body.type], [403, 'account_limit_exceeded']);
});

test('every change of a key leaves a record of who, what and which request', async (t) => {
  const { domain, accountId, request } = await service(t);
  const made = await request('POST', '/v3/api-keys', { body: { name: 'a' } });
  const { id } = made.body;
  await request('PUT', `/v3/api-keys/${id}`, { body: { name: 'b' } });
  await request('PUT', `/v3/api-keys/${id}`, { body: { name: 'b' } });
  await request('POST', `/v3/api-keys/${id}/reset-secret`);
  await request('DELETE', `/v3/api-keys/${id}`);
  await request('POST', '/v3/api-keys', { body: { name: 'admin' } });
  const records = await listAuditRecords(domain, accountId, { subjectId: id });
  assert.deepEqual(
    records.map(({ action }) => action),
    ['api-key.deleted', 'api-key.secret-reset', 'api-key.updated', 'api-key.created'],
  );
  const me = (await request('GET', '/v3/api-keys/me')).body.id;
  const created = records.at(-1);
  assert.deepEqual(
    [created?.actor, created?.requestId, created?.at, created?.detail],
    [
      { kind: 'api-key', id: me },
      made.headers['x-request-id'],
      '2026-11-22T20:02:45.500Z',
      { name: 'a', groups: ['Developers'] },
    ],
  );
  assert.deepEqual(records[2]?.detail, { name: 'b' });
  const [newest] = await listAuditRecords(domain, accountId, { limit: 1 });
  assert.equal(newest?.action, 'api-key.deleted');
  assert.equal(
    (await listAuditRecords(domain, accountId, { before: newest?.id ?? '', limit: 1000 }))[0]?.action,
    'api-key.secret-reset',
  );
});

test('a disk that takes nothing more does not lock out those who read', async (t) => {
  const { domain, admin, accountId } = await service(t);
  const { db } = domain.storage;
  const full = new Proxy(db, {
    get(target, name) {
      if (name === 'updateTable') {
        throw storageErrors('database.disk.full', { message: 'The disk is full.' });
      }
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const actor = await authenticateApiKey({ ...domain, storage: { ...domain.storage, db: full } }, admin);
  assert.equal(actor.accountId, accountId);
});
