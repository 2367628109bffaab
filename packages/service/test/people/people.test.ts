import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAccount, createApiKey, operator } from '../../src/accounts/index.ts';
import { defaultLimits } from '../../src/serve/settings.ts';
import { service } from '../http/service-fixture.ts';
import { administrator, Browser, member, password } from '../sessions/browser.ts';

const emails = (body: { data: { email: string }[] }) => body.data.map(({ email }) => email);

test('a user as the contract has it, field by field', async (t) => {
  const { request, accountId } = await service(t);
  const { body: groups } = await request('GET', '/v3/policy-groups?name__eq=Developers');
  const sent = {
    email: 'Dora@Example.com',
    full_name: 'Dora',
    username: 'dora',
    phone_number: '+358 2',
    address: 'Turku',
    password,
    is_gtc_accepted: true,
    invented: 1,
  };
  const { status, body } = await request('POST', '/v3/users', { body: sent });
  assert.equal(status, 201);
  const { id, ...rest } = body;
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.deepEqual(rest, {
    object: 'user',
    etag: '1',
    account_id: accountId,
    email: 'Dora@Example.com',
    email_verified: false,
    status: 'ACTIVE',
    full_name: 'Dora',
    username: 'dora',
    phone_number: '+358 2',
    address: 'Turku',
    groups: [groups.data[0].id],
    is_gtc_accepted: true,
    is_marketing_accepted: false,
    is_totp_enabled: false,
    login_profiles: [{ id: accountId, name: 'Password', type: 'NATIVE' }],
    custom_fields: null,
    password_changed_time: 1795377765500,
    creation_time: 1795377765500,
    last_login_time: 0,
    created_at: '2026-11-22T20:02:45Z',
    updated_at: '2026-11-22T20:02:45Z',
  });
  const changed = await request('PUT', `/v3/users/${id}`, {
    body: { full_name: null, username: 'dora2', email: null },
  });
  assert.deepEqual(
    [changed.body.full_name, changed.body.username, changed.body.email],
    [null, 'dora2', 'Dora@Example.com'],
  );
  assert.equal(changed.body.etag, '2');
  assert.equal((await request('PUT', `/v3/users/${id}`, { body: {} })).body.etag, '2');
  assert.equal((await request('DELETE', `/v3/users/${id}`)).status, 204);
  assert.equal((await request('GET', `/v3/users/${id}`)).status, 404);
});

test('users are refused by the field that is wrong', async (t) => {
  const { request } = await service(t);
  const made = (await request('POST', '/v3/users', { body: { email: 'dora@example.com', username: 'dora', password } }))
    .body;
  for (const [body, status, field] of [
    [{}, 400, 'email'],
    [{ email: 'x' }, 400, 'email'],
    [{ email: 'a@b.c', username: 'no' }, 400, 'username'],
    [{ email: 'a@b.c', password: 'short' }, 400, 'password'],
    [{ email: 'a@b.c', groups: ['Wizards'] }, 400, 'groups'],
    [{ email: 'a@b.c', login_profiles: [{ id: 'x' }] }, 400, 'login_profiles'],
    [{ email: 'DORA@example.com', password }, 409, 'email'],
    [{ email: 'a@b.c', username: 'dora', password }, 409, 'username'],
  ] as const) {
    const answer = await request('POST', '/v3/users', { body });
    assert.deepEqual([answer.status, answer.body.fields[0]?.name], [status, field], JSON.stringify(body));
  }
  for (const [body, status] of [
    [{ status: 'INVITED' }, 400],
    [{ status: 'BROKEN' }, 400],
    [{ status: 'ACTIVE' }, 200],
    [{ status: 'INACTIVE' }, 200],
    [{ status: 'RESET' }, 400],
    [{ status: 'ACTIVE' }, 200],
    [{ status: 'RESET' }, 200],
  ] as const) {
    assert.equal((await request('PUT', `/v3/users/${made.id}`, { body })).status, status, JSON.stringify(body));
  }
});

test('users are listed with the filters of the contract, in pages and in both orders', async (t) => {
  const { request, accountId } = await service(t);
  for (const name of ['a', 'b', 'c']) {
    await request('POST', '/v3/users', {
      body: { email: `${name}@example.com`, ...(name === 'b' ? {} : { password }) },
    });
  }
  for (const [search, found] of [
    ['', ['a', 'b', 'c']],
    ['order=DESC', ['c', 'b', 'a']],
    ['email__eq=A@Example.com', ['a']],
    ['status__eq=active', ['a', 'c']],
    ['status__in=ACTIVE,RESET', ['a', 'b', 'c']],
    ['status__nin=ACTIVE', ['b']],
    [`login_profiles__eq=${accountId}`, ['a', 'b', 'c']],
    ['login_profiles__eq=other', []],
  ] as const) {
    const { body } = await request('GET', `/v3/users?${search}`);
    assert.deepEqual(
      emails(body),
      found.map((name) => `${name}@example.com`),
      search,
    );
  }
  const first = (await request('GET', '/v3/users?limit=2&include=total_count')).body;
  assert.deepEqual([first.has_more, first.total_count], [true, 3]);
  const rest = (await request('GET', `/v3/users?limit=2&after=${first.data[1].id}`)).body;
  assert.deepEqual([rest.has_more, emails(rest)], [false, ['c@example.com']]);
});

test('somebody is invited, comes by the link, and the invitation is gone', async (t) => {
  const fixture = await service(t);
  const { request } = fixture;
  const headers = { host: 'portal.example', 'x-forwarded-proto': 'https' };
  const made = await request('POST', '/v3/user-invitations', {
    body: { email: 'olga@example.com', groups: ['Observers'], valid_for_days: 7 },
    headers,
  });
  assert.equal(made.status, 201);
  assert.match(made.body.link, /^https:\/\/portal\.example\/invitation#ml_/);
  assert.equal(made.body.expiration, '2026-11-29T20:02:45Z');
  const listed = (await request('GET', '/v3/user-invitations')).body.data;
  assert.deepEqual([listed.length, listed[0].link], [1, undefined], 'the link is told once');
  const user = (await request('GET', `/v3/users/${made.body.user_id}`)).body;
  assert.deepEqual([user.status, user.email], ['INVITED', 'olga@example.com']);

  const renewed = await request('POST', `/v3/user-invitations/${made.body.id}/link`, { headers });
  const browser = new Browser(fixture);
  const accept = (link: string) =>
    browser.ask('POST', '/v3/portal/links/redeem', { token: link.split('#')[1], password, full_name: 'Olga' });
  assert.equal((await accept(made.body.link)).status, 404, 'the new link replaces the old');
  const accepted = await accept(renewed.body.link);
  assert.deepEqual([accepted.status, accepted.body.groups, accepted.body.full_name], [200, ['Observers'], 'Olga']);
  assert.equal((await request('GET', `/v3/user-invitations/${made.body.id}`)).status, 404);
  const again = await request('POST', '/v3/user-invitations', { body: { email: 'OLGA@example.com' } });
  assert.deepEqual([again.status, again.body.fields[0].name], [400, 'email']);
});

test('an invitation is renewed, taken back, and ends', async (t) => {
  const { request, clock, domain } = await service(t);
  const invite = async () =>
    (await request('POST', '/v3/user-invitations', { body: { email: 'olga@example.com' } })).body;
  const first = await invite();
  const second = await invite();
  assert.equal((await request('GET', `/v3/user-invitations/${first.id}`)).status, 404);
  assert.equal((await request('DELETE', `/v3/user-invitations/${second.id}`)).status, 204);
  assert.deepEqual(emails((await request('GET', '/v3/users')).body), []);
  const third = await invite();
  clock.set('2026-12-23T20:02:45Z');
  assert.equal((await request('GET', `/v3/user-invitations/${third.id}`)).status, 404);
  const { forgetInvitations } = await import('../../src/people/invitations.ts');
  await forgetInvitations(domain);
  assert.deepEqual(emails((await request('GET', '/v3/users')).body), []);
  const invited = await request('POST', '/v3/users?action=invite', { body: { email: 'olga@example.com' } });
  assert.equal(invited.body.status, 'INVITED');
  assert.equal((await request('GET', '/v3/user-invitations')).body.data.length, 1);
});

test('nobody takes the last administrator away, and nobody deletes oneself', async (t) => {
  const fixture = await service(t);
  const ada = await administrator(fixture);
  const { id } = (await ada.ask('GET', '/v3/users/me')).body;
  const { data } = (await ada.ask('GET', '/v3/policy-groups?name__eq=Administrators')).body;
  assert.deepEqual([data[0].user_count, data[0].apikey_count], [1, 1]);
  const refused = [
    await ada.ask('PUT', `/v3/users/${id}`, { status: 'INACTIVE' }),
    await ada.ask('PUT', '/v3/users/me', { groups: ['Developers'] }),
    await ada.ask('POST', `/v3/users/${id}/groups/remove`, [data[0].id]),
    await ada.ask('POST', `/v3/policy-groups/${data[0].id}/users/remove`, { users: [id] }),
    await ada.ask('DELETE', `/v3/users/${id}`),
    await fixture.request('DELETE', `/v3/users/${id}`),
  ];
  assert.deepEqual(
    refused.map(({ status }) => status),
    [400, 400, 400, 400, 400, 400],
  );
  assert.equal((await ada.ask('GET', '/v3/users')).status, 200, 'everything is as before');
  await member(fixture, 'bob@example.com', ['Administrators']);
  assert.equal((await ada.ask('PUT', '/v3/users/me', { groups: ['Developers'] })).status, 200);
  assert.equal((await ada.ask('GET', '/v3/users')).status, 403, 'from the next request on');
});

test('one who may change users makes nobody mightier than itself, and touches nobody mightier', async (t) => {
  const fixture = await service(t);
  const ada = await administrator(fixture);
  const { body: admin } = await ada.ask('GET', '/v3/users/me');
  const keepers = await ada.ask('POST', '/v3/policy-groups', {
    name: 'Keepers',
    permissions: ['users:read', 'users:write', 'groups:read', 'groups:write', 'own-user:read', 'own-user:write'],
  });
  assert.equal(keepers.status, 201);
  const keeper = await member(fixture, 'kim@example.com', ['Keepers']);
  const { id: own } = (await keeper.ask('GET', '/v3/users/me')).body;
  const administrators = (await keeper.ask('GET', '/v3/policy-groups?name=Administrators')).body.data[0].id;
  for (const [method, url, body] of [
    ['POST', '/v3/users', { email: 'x@example.com', groups: ['Administrators'] }],
    ['POST', '/v3/user-invitations', { email: 'x@example.com', groups: ['Administrators'] }],
    ['PUT', `/v3/users/${admin.id}`, { email: 'kim2@example.com' }],
    ['PUT', `/v3/users/${own}`, { groups: ['Administrators'] }],
    ['POST', `/v3/users/${admin.id}/password-reset`, undefined],
    ['DELETE', `/v3/users/${admin.id}`, undefined],
    ['POST', `/v3/users/${own}/groups`, [administrators]],
    ['POST', `/v3/policy-groups/${administrators}/users`, { users: [own] }],
    ['POST', '/v3/policy-groups', { name: 'Mighty', permissions: ['*'] }],
    ['PUT', `/v3/policy-groups/${keepers.body.id}`, { permissions: ['api-keys:write'] }],
    ['POST', '/v3/api-keys', { name: 'x' }],
  ] as const) {
    const answer = await keeper.ask(method, url, body);
    assert.equal(answer.status, 403, `${method} ${url}: ${answer.text}`);
  }
});

test('a user changes its own name, and nothing that is for administrators', async (t) => {
  const fixture = await service(t);
  const user = await member(fixture, 'dora@example.com', ['Developers']);
  assert.equal((await user.ask('PUT', '/v3/users/me', { full_name: 'Dora' })).body.full_name, 'Dora');
  for (const body of [{ groups: ['Observers'] }, { email: 'x@example.com' }, { status: 'INACTIVE' }]) {
    assert.equal((await user.ask('PUT', '/v3/users/me', body)).status, 403, JSON.stringify(body));
  }
});

test('groups: made, changed, filled, emptied, deleted; those of every account stay as they are', async (t) => {
  const fixture = await service(t);
  const { request } = fixture;
  const user = (await request('POST', '/v3/users', { body: { email: 'dora@example.com', password } })).body;
  const key = (await request('POST', '/v3/api-keys', { body: { name: 'robot' } })).body;
  const made = await request('POST', '/v3/policy-groups', {
    body: { name: 'Night shift', permissions: ['devices:read'], members: { users: [user.id] } },
  });
  assert.equal(made.status, 201);
  const { id, ...rest } = made.body;
  assert.deepEqual(
    [rest.name, rest.user_count, rest.apikey_count, rest.permissions, rest.fixed],
    ['Night shift', 1, 0, ['devices:read'], false],
  );
  const at = `/v3/policy-groups/${id}`;
  assert.equal((await request('POST', at, { body: { apikeys: [key.id] } })).body.apikey_count, 1);
  assert.equal((await request('POST', `${at}/api-keys`, { body: { apikeys: [key.id] } })).status, 409);
  assert.equal((await request('POST', `${at}/users/add`, { body: { users: ['0'.repeat(32)] } })).status, 400);
  assert.deepEqual(emails((await request('GET', `${at}/users`)).body), ['dora@example.com']);
  assert.deepEqual(
    (await request('GET', `${at}/api-keys`)).body.data.map(({ name }: { name: string }) => name),
    ['robot'],
  );
  assert.equal((await request('DELETE', `${at}/users`, { body: { users: [user.id] } })).body.user_count, 0);
  assert.equal((await request('POST', `${at}/api-keys/remove`, { body: { apikeys: [key.id] } })).body.apikey_count, 0);

  const names = async (path: string) =>
    (await request('GET', path)).body.data.map(({ name }: { name: string }) => name).sort();
  assert.equal((await request('POST', `/v3/users/${user.id}/groups`, { body: [id] })).body.groups.length, 2);
  assert.deepEqual(await names(`/v3/users/${user.id}/groups`), ['Developers', 'Night shift']);
  assert.equal((await request('POST', `/v3/users/${user.id}/groups/add`, { body: [id] })).status, 409);
  assert.equal((await request('DELETE', `/v3/users/${user.id}/groups`, { body: [id] })).body.groups.length, 1);
  assert.equal((await request('POST', `/v3/api-keys/${key.id}/groups/add`, { body: [id] })).body.groups.length, 2);
  assert.equal((await request('POST', `/v3/api-keys/${key.id}/groups/remove`, { body: [id] })).body.groups.length, 1);
  assert.deepEqual(await names('/v3/api-keys/me/groups'), ['Administrators']);
  assert.equal((await request('POST', '/v3/api-keys/me/groups', { body: [id] })).body.groups.length, 2);

  assert.equal((await request('PUT', at, { body: { name: 'Developers' } })).status, 409);
  assert.equal((await request('PUT', at, { body: { permissions: ['devices:fly'] } })).status, 400);
  assert.equal((await request('PUT', at, { body: { name: 'Day shift' } })).body.name, 'Day shift');
  const { data } = (await request('GET', '/v3/policy-groups')).body;
  for (const group of data.filter(({ fixed }: { fixed: boolean }) => fixed)) {
    assert.equal((await request('PUT', `/v3/policy-groups/${group.id}`, { body: { name: 'x' } })).status, 403);
    assert.equal((await request('DELETE', `/v3/policy-groups/${group.id}`)).status, 403);
  }
  assert.equal((await request('DELETE', at)).status, 204);
  assert.equal((await request('GET', at)).status, 404);
});

test('another account has none of it, and the same address may be in both', async (t) => {
  const fixture = await service(t);
  const { domain, request } = fixture;
  const other = operator(await createAccount(domain, 'Other'));
  const { key } = await createApiKey(domain, other, { name: 'other' });
  const mine = (await request('POST', '/v3/users', { body: { email: 'dora@example.com', password } })).body;
  const theirs = await request('POST', '/v3/users', { key, body: { email: 'dora@example.com', password } });
  assert.equal(theirs.status, 201);
  assert.equal((await request('GET', `/v3/users/${mine.id}`, { key })).status, 404);
  assert.equal((await request('GET', '/v3/users', { key })).body.data.length, 1);
  const [group] = (await request('GET', '/v3/policy-groups')).body.data;
  const added = await request('POST', `/v3/policy-groups/${group.id}/users`, {
    key,
    body: { users: [theirs.body.id] },
  });
  assert.equal(added.status, 404);
  const into = (await request('GET', '/v3/policy-groups', { key })).body.data[0].id;
  assert.equal((await request('POST', `/v3/policy-groups/${into}`, { key, body: { users: [mine.id] } })).status, 400);
});

test('an account has no more users than its limit', async (t) => {
  const { request } = await service(t, { limits: { ...defaultLimits, users: 1 } });
  assert.equal((await request('POST', '/v3/users', { body: { email: 'a@example.com' } })).status, 201);
  const { status, body } = await request('POST', '/v3/user-invitations', { body: { email: 'b@example.com' } });
  assert.deepEqual([status, body.type], [403, 'account_limit_exceeded']);
});

test('keys of a user who is deleted stay, and are the account’s', async (t) => {
  const fixture = await service(t);
  await administrator(fixture);
  const bob = await member(fixture, 'bob@example.com', ['Administrators']);
  const made = (await bob.ask('POST', '/v3/api-keys', { name: 'of bob' })).body;
  const { id } = (await bob.ask('GET', '/v3/users/me')).body;
  assert.equal(made.owner, id);
  assert.equal((await fixture.request('DELETE', `/v3/users/${id}`)).status, 204);
  assert.equal((await bob.ask('GET', '/v3/devices')).status, 401);
  const { body } = await fixture.request('GET', `/v3/api-keys/${made.id}`);
  assert.equal(body.owner, fixture.accountId);
});
