import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listAuditRecords } from '../../src/audit/index.ts';
import { passwordCost } from '../../src/people/password-cost.ts';
import { service } from '../http/service-fixture.ts';
import { administrator, Browser, linkToken, member, password } from './browser.ts';

test('the first administrator is made with a link, once, and is signed in', async (t) => {
  const fixture = await service(t);
  const browser = new Browser(fixture);
  assert.deepEqual((await browser.ask('GET', '/v3/portal/state')).body, {
    object: 'portal-state',
    signed_in: false,
    has_users: false,
    account_name: 'Acme',
    minimum_password_length: 12,
    version: 'unknown',
  });
  const token = await linkToken(fixture, 'first-administrator', null);
  const shown = await browser.ask('POST', '/v3/portal/links/show', { token });
  assert.deepEqual(shown.body, {
    object: 'one-time-link-facts',
    purpose: 'first-administrator',
    account_name: 'Acme',
    email: null,
    expires_at: '2026-11-23T20:02:45Z',
    minimum_password_length: 12,
  });
  const redeem = (body: object) => browser.ask('POST', '/v3/portal/links/redeem', { token, password, ...body });
  assert.deepEqual((await redeem({})).body.fields, [{ name: 'email', message: 'Is required.' }]);
  assert.equal((await redeem({ email: 'nobody' })).status, 400);
  const weak = await redeem({ email: 'ada@example.com', password: 'short' });
  assert.deepEqual([weak.status, weak.body.fields[0].name], [400, 'password']);
  const made = await redeem({ email: 'Ada@Example.com', full_name: 'Ada' });
  assert.equal(made.status, 200, made.text);
  assert.deepEqual([made.body.email, made.body.groups], ['Ada@Example.com', ['Administrators']]);
  assert.ok(made.body.permissions.includes('users:write'));
  assert.match(
    String(made.headers['set-cookie']),
    /^mooring=ms_[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  assert.equal((await browser.ask('GET', '/v3/portal/state')).body.signed_in, true);
  assert.equal((await browser.ask('GET', '/v3/users/me')).body.status, 'ACTIVE');

  const again = await redeem({ email: 'eve@example.com' });
  assert.deepEqual([again.status, again.body.type], [404, 'link_invalid']);
  const records = await listAuditRecords(fixture.domain, fixture.accountId, { limit: 3 });
  assert.deepEqual(
    records.map(({ action, actor }) => [action, actor.kind]),
    [
      ['user.signed-in', 'user'],
      ['user.link-used', 'user'],
      ['user.created', 'operator'],
    ],
  );
});

test('a link that is wrong, used, replaced or too old is refused in the same words', async (t) => {
  const fixture = await service(t);
  const browser = new Browser(fixture);
  const replaced = await linkToken(fixture, 'first-administrator', null);
  const old = await linkToken(fixture, 'first-administrator', null);
  fixture.clock.set('2026-11-23T20:02:46Z');
  const texts = new Set<string>();
  for (const token of [replaced, old, `${old}x`, old.slice(3), 'ml_', '\u0000']) {
    const { status, body } = await browser.ask('POST', '/v3/portal/links/redeem', { token, password, email: 'a@b.c' });
    assert.equal(status, 404, token);
    texts.add(body.message);
  }
  assert.equal(texts.size, 1);
});

test('signing in with a wrong word is refused in the same words, whatever is wrong', async (t) => {
  const fixture = await service(t);
  await administrator(fixture);
  await fixture.request('POST', '/v3/user-invitations', { body: { email: 'invited@example.com' } });
  const gone = (await fixture.request('POST', '/v3/users', { body: { email: 'gone@example.com', password } })).body;
  await fixture.request('PUT', `/v3/users/${gone.id}`, { body: { status: 'INACTIVE' } });
  const texts = new Set<string>();
  for (const [email, word] of [
    ['ada@example.com', 'wrong password'],
    ['nobody@example.com', password],
    ['invited@example.com', password],
    ['gone@example.com', password],
  ]) {
    const { status, body, headers } = await new Browser(fixture).ask('POST', '/v3/portal/sign-in', {
      email,
      password: word,
    });
    assert.deepEqual([status, body.type], [401, 'invalid_auth'], email);
    assert.equal(headers['set-cookie'], undefined);
    texts.add(body.message);
  }
  assert.equal(texts.size, 1);
  const right = await new Browser(fixture).ask('POST', '/v3/portal/sign-in', { email: ' ADA@example.COM', password });
  assert.equal(right.status, 200);
  const { body } = await fixture.request('GET', `/v3/users/${right.body.user_id}`);
  assert.deepEqual(
    body.login_history.map(({ success }: { success: boolean }) => success),
    [true, false, true],
  );
});

test('a session answers to the routes of the API, by the permissions of its groups', async (t) => {
  const fixture = await service(t);
  const admin = await administrator(fixture);
  const observer = await member(fixture, 'olga@example.com', ['Observers']);
  const made = await admin.ask('POST', '/v3/api-keys', { name: 'mine' });
  assert.equal(made.status, 201);
  const { body: me } = await admin.ask('GET', '/v3/users/me');
  assert.equal(made.body.owner, me.id);
  assert.equal((await observer.ask('GET', '/v3/devices')).status, 200);
  assert.equal((await observer.ask('POST', '/v3/api-keys', { name: 'x' })).status, 403);
  assert.equal((await observer.ask('GET', '/v3/developer-certificates/x')).status, 403);
  assert.equal((await observer.ask('GET', '/v3/users')).status, 403);
  // What is the API key's own is not a user's.
  assert.equal((await admin.ask('GET', '/v3/api-keys/me')).status, 403);
  assert.equal((await fixture.request('GET', '/v3/users/me')).status, 403);
  assert.equal((await fixture.request('GET', '/v3/portal/session')).status, 403);
});

test('a request with the cookie that another site made is refused', async (t) => {
  const fixture = await service(t);
  const browser = await administrator(fixture);
  const attempts: [string, Record<string, string>, number][] = [
    ['its own page', {}, 201],
    ['its own page, older browser', { 'sec-fetch-site': '', origin: 'http://portal.example' }, 403],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a neighbour', { 'sec-fetch-site': 'same-site' }, 403],
    ['another origin', { origin: 'http://evil.example' }, 403],
    ['an opaque origin', { origin: 'null' }, 403],
    ['an address typed in', { 'sec-fetch-site': 'none' }, 403],
  ];
  for (const [index, [who, headers, status]] of attempts.entries()) {
    const answer = await browser.ask('POST', '/v3/api-keys', { name: `key ${index}` }, headers);
    assert.equal(answer.status, status, `${who}: ${answer.text}`);
  }
  const plain = { cookie: browser.cookie as string, host: 'portal.example' };
  const form = await fixture.request('POST', '/v3/api-keys', { key: null, body: { name: 'form' }, headers: plain });
  assert.deepEqual([form.status, form.body.type], [403, 'forbidden']);
  const own = { ...plain, origin: 'http://portal.example', 'x-mooring-portal': '1' };
  const old = await fixture.request('POST', '/v3/api-keys', { key: null, body: { name: 'old browser' }, headers: own });
  assert.equal(old.status, 201);
  const read = await fixture.request('GET', '/v3/devices', {
    key: null,
    headers: { ...plain, 'sec-fetch-site': 'cross-site' },
  });
  assert.equal(read.status, 403);
  // An API key comes from no browser's store of cookies.
  const key = await fixture.request('POST', '/v3/api-keys', {
    body: { name: 'by key' },
    headers: { 'sec-fetch-site': 'cross-site', origin: 'http://evil.example' },
  });
  assert.equal(key.status, 201);
});

test('nobody is signed in by a page of another site', async (t) => {
  const fixture = await service(t);
  await administrator(fixture);
  const browser = new Browser(fixture, { 'sec-fetch-site': 'cross-site' });
  const answer = await browser.ask('POST', '/v3/portal/sign-in', { email: 'ada@example.com', password });
  assert.deepEqual([answer.status, browser.cookie], [403, undefined]);
});

test('a session ends by itself, by its user, by another of its sessions and by an administrator', async (t) => {
  const fixture = await service(t);
  const { clock } = fixture;
  const at = (minutes: number) => clock.set(new Date(Date.UTC(2026, 10, 22, 20, 2, 45) + minutes * 60_000));
  const admin = await administrator(fixture);
  await fixture.request('PUT', '/v3/accounts/me', { body: { idle_timeout: 10 } });
  const works = async (browser: Browser, headers = {}) =>
    (await browser.ask('GET', '/v3/devices', undefined, headers)).status === 200;

  at(9);
  assert.ok(await works(admin), 'used within its time');
  at(18);
  assert.ok(await works(admin, { 'x-mooring-portal': 'background' }), 'the use before prolonged it');
  at(20);
  assert.ok(!(await works(admin)), 'looking for news did not');

  const sign = async () => {
    const browser = new Browser(fixture);
    await browser.ask('POST', '/v3/portal/sign-in', { email: 'ada@example.com', password });
    return browser;
  };
  const [one, two] = [await sign(), await sign()];
  const { data } = (await one.ask('GET', '/v3/portal/sessions')).body;
  assert.deepEqual(
    data.map(({ current }: { current: boolean }) => current),
    [true, false],
  );
  assert.equal((await one.ask('DELETE', `/v3/portal/sessions/${data[1].reference_token}`)).status, 204);
  assert.ok(!(await works(two)));
  assert.equal((await one.ask('DELETE', `/v3/portal/sessions/${data[1].reference_token}`)).status, 404);

  const { cookie } = one;
  assert.equal((await one.ask('POST', '/v3/portal/sign-out')).status, 204);
  assert.equal(one.cookie, undefined, 'the browser is told to forget it');
  one.cookie = cookie;
  assert.ok(!(await works(one)), 'and the service has forgotten it');

  const three = await sign();
  const id = (await three.ask('GET', '/v3/users/me')).body.id;
  const { active_sessions } = (await fixture.request('GET', `/v3/users/${id}`)).body;
  assert.equal(active_sessions.length, 1);
  const path = `/v3/users/${id}/sessions/${active_sessions[0].reference_token}`;
  assert.equal((await fixture.request('DELETE', path)).status, 204);
  assert.ok(!(await works(three)));

  const four = await sign();
  for (let minutes = 20; minutes < 20 + 12 * 60; minutes += 9) {
    at(minutes);
    assert.ok(await works(four), `after ${minutes} minutes`);
  }
  at(20 + 12 * 60);
  assert.ok(!(await works(four)), 'half a day is the most, however much it is used');
});

test('signing in anew gives a new session and ends the one there was', async (t) => {
  const fixture = await service(t);
  const browser = await administrator(fixture);
  const { cookie } = browser;
  await browser.ask('POST', '/v3/portal/sign-in', { email: 'ada@example.com', password });
  assert.notEqual(browser.cookie, cookie);
  browser.cookie = cookie;
  assert.equal((await browser.ask('GET', '/v3/devices')).status, 401);
});

test('under TLS the cookie has the prefix and is taken from nobody else', async (t) => {
  const fixture = await service(t);
  await administrator(fixture);
  const browser = new Browser(fixture, { 'x-forwarded-proto': 'https' });
  const { headers } = await browser.ask('POST', '/v3/portal/sign-in', { email: 'ada@example.com', password });
  assert.match(String(headers['set-cookie']), /^__Host-mooring=ms_.*; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
  assert.equal((await browser.ask('GET', '/v3/devices')).status, 200);
  browser.cookie = browser.cookie?.replace('__Host-', '');
  assert.equal((await browser.ask('GET', '/v3/devices')).status, 401);
});

test('neither the token of a session nor a password is kept in the clear', async (t) => {
  const fixture = await service(t);
  const browser = await administrator(fixture);
  const { db } = fixture.domain.storage;
  const user = await db.selectFrom('users').selectAll().executeTakeFirstOrThrow();
  assert.match(user.password_hash ?? '', /^\$argon2id\$v=19\$m=8,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  const session = await db.selectFrom('user_sessions').selectAll().executeTakeFirstOrThrow();
  const token = browser.cookie?.split('=')[1] as string;
  assert.ok(!Buffer.from(session.token_hash).toString('latin1').includes(token.slice(3)));
  assert.equal(session.token_hash.length, 32);
});

test('a hash of another cost is replaced at the next sign-in', async (t) => {
  const weak = await service(t);
  await administrator(weak);
  const { password_hash } = await weak.domain.storage.db.selectFrom('users').selectAll().executeTakeFirstOrThrow();
  const { passwordCost: _, ...settings } = weak.domain.settings;
  const fixture = await service(t, { ...settings, passwordCost });
  await administrator(fixture);
  const { db } = fixture.domain.storage;
  await db.updateTable('users').set({ password_hash }).execute();
  const browser = new Browser(fixture);
  assert.equal((await browser.ask('POST', '/v3/portal/sign-in', { email: 'ada@example.com', password })).status, 200);
  const after = await db.selectFrom('users').select('password_hash').executeTakeFirstOrThrow();
  assert.match(after.password_hash ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
});

test('a password is changed by who knows the present one, and the other sessions end', async (t) => {
  const fixture = await service(t);
  const browser = await administrator(fixture);
  const other = new Browser(fixture);
  await other.ask('POST', '/v3/portal/sign-in', { email: 'ada@example.com', password });
  const change = (current_password: string, new_password: string) =>
    browser.ask('POST', '/v3/portal/password', { current_password, new_password });
  const next = 'another one, and longer';
  assert.deepEqual((await change('wrong', next)).body.fields[0].name, 'current_password');
  assert.deepEqual((await change(password, 'ada@example.com')).body.fields[0].name, 'new_password');
  assert.deepEqual((await change(password, 'aaaaaaaaaaaaaaaaaaaa')).status, 400);
  assert.equal((await change(password, next)).status, 204);
  assert.equal((await browser.ask('GET', '/v3/devices')).status, 200);
  assert.equal((await other.ask('GET', '/v3/devices')).status, 401);
  const sign = (word: string) => other.ask('POST', '/v3/portal/sign-in', { email: 'ada@example.com', password: word });
  assert.equal((await sign(password)).status, 401);
  assert.equal((await sign(next)).status, 200);
});

test('a generated password lets in once, with a new one', async (t) => {
  const fixture = await service(t);
  const made = (await fixture.request('POST', '/v3/users', { body: { email: 'new@example.com' } })).body;
  assert.match(made.password, /^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/);
  assert.equal(made.status, 'RESET');
  const browser = new Browser(fixture);
  const sign = (more = {}) =>
    browser.ask('POST', '/v3/portal/sign-in', { email: 'new@example.com', password: made.password, ...more });
  const first = await sign();
  assert.deepEqual([first.status, first.body.type], [401, 'password_change_required']);
  assert.equal((await sign({ new_password: made.password })).status, 400);
  assert.equal((await sign({ new_password: 'short' })).status, 400);
  assert.equal((await sign({ new_password: password })).status, 200);
  assert.equal((await sign()).status, 401, 'the generated one is good no more');
  assert.equal((await browser.ask('GET', '/v3/users/me')).body.status, 'ACTIVE');
});

test('an administrator passes a link on, with which a user sets a new password', async (t) => {
  const fixture = await service(t);
  const user = await member(fixture, 'dora@example.com', ['Developers']);
  const { id } = (await user.ask('GET', '/v3/users/me')).body;
  const made = await fixture.request('POST', `/v3/users/${id}/password-reset`, { headers: { host: 'portal.example' } });
  assert.equal(made.status, 201);
  assert.match(made.body.link, /^http:\/\/portal\.example\/reset#ml_[\w-]{43}$/);
  assert.equal((await user.ask('GET', '/v3/devices')).status, 200, 'nothing changes until it is used');
  const token = made.body.link.split('#')[1];
  const browser = new Browser(fixture);
  const set = await browser.ask('POST', '/v3/portal/links/redeem', { token, password: 'one that is all new' });
  assert.deepEqual([set.status, set.body.email], [200, 'dora@example.com']);
  assert.equal((await user.ask('GET', '/v3/devices')).status, 401);
});

test('a user who is refused is signed out at once', async (t) => {
  const fixture = await service(t);
  const user = await member(fixture, 'dora@example.com', ['Developers']);
  const { id } = (await user.ask('GET', '/v3/users/me')).body;
  const reset = (await fixture.request('POST', `/v3/users/${id}/password-reset`)).body.link.split('#')[1];
  assert.equal((await fixture.request('PUT', `/v3/users/${id}`, { body: { status: 'INACTIVE' } })).status, 200);
  assert.equal((await user.ask('GET', '/v3/devices')).status, 401);
  assert.equal((await user.ask('POST', '/v3/portal/sign-in', { email: 'dora@example.com', password })).status, 401);
  const redeemed = await user.ask('POST', '/v3/portal/links/redeem', { token: reset, password });
  assert.equal(redeemed.status, 404, 'and a link from before is good no more');
});

test('the settings of an account that demands a second factor hold back who has none', async (t) => {
  const fixture = await service(t);
  const browser = await administrator(fixture);
  await fixture.request('PUT', '/v3/accounts/me', { body: { mfa_status: 'enforced' } });
  assert.equal((await browser.ask('GET', '/v3/devices')).status, 403);
  const { body } = await browser.ask('GET', '/v3/portal/session');
  assert.deepEqual([body.second_factor_needed, body.permissions], [true, ['own-user:read', 'own-user:write']]);
});
