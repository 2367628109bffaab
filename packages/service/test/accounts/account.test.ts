import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstStart } from '../../src/accounts/index.ts';
import { listAuditRecords } from '../../src/audit/index.ts';
import { service } from '../http/service-fixture.ts';

test('the account, as mbl-cli and the SDKs ask for it', async (t) => {
  const { request, accountId } = await service(t);
  const plain = (await request('GET', '/v3/accounts/me')).body;
  assert.deepEqual(
    [
      plain.object,
      plain.id,
      plain.etag,
      plain.status,
      plain.tier,
      plain.end_market,
      plain.display_name,
      plain.parent_id,
    ],
    ['account', accountId, '1', 'ACTIVE', '1', 'IOT', 'Acme', null],
  );
  assert.equal(plain.created_at, '2026-11-22T20:02:45Z');
  assert.ok(!('limits' in plain) && !('policies' in plain));
  for (const search of [
    'include=limits%2C+policies',
    'include=limits,%20policies',
    'include=limits%2Cpolicies&properties=',
  ]) {
    const { body } = await request('GET', `/v3/accounts/me?${search}`);
    assert.ok(
      Object.values(body.limits).every((limit) => /^\d+$/.test(limit as string)),
      search,
    );
    assert.ok(
      body.policies.every((policy: { allow: boolean }) => policy.allow),
      search,
    );
  }
});

test('the account is changed field by field; null empties one', async (t) => {
  const { request, clock, domain, accountId } = await service(t);
  clock.set('2026-11-22T21:00:00Z');
  const { body } = await request('PUT', '/v3/accounts/me', {
    body: { city: 'Turku', phone_number: '+358 2', aliases: ['acme-labs'], email: 'ops@acme.example', invented: 1 },
  });
  assert.deepEqual(
    [body.city, body.phone_number, body.aliases, body.email, body.display_name, body.etag, body.updated_at],
    ['Turku', '+358 2', ['acme-labs'], 'ops@acme.example', 'Acme', '2', '2026-11-22T21:00:00Z'],
  );
  const emptied = (await request('PUT', '/v3/accounts/me', { body: { city: null, aliases: null } })).body;
  assert.deepEqual([emptied.city, emptied.aliases, emptied.phone_number], [null, [], '+358 2']);
  assert.equal((await request('PUT', '/v3/accounts/me', { body: {} })).body.etag, '3');
  const refused = await request('PUT', '/v3/accounts/me', {
    body: { email: 'nobody', idle_timeout: 500, mfa_status: 'x' },
  });
  assert.deepEqual(refused.body.fields.map(({ name }: { name: string }) => name).sort(), [
    'email',
    'idle_timeout',
    'mfa_status',
  ]);
  const [record] = await listAuditRecords(domain, accountId, { limit: 1 });
  assert.deepEqual([record?.action, record?.detail], ['account.updated', { fields: ['aliases', 'city'] }]);
});

test('lists and objects in the account come back as they were sent', async (t) => {
  const { request } = await service(t);
  const sent = {
    custom_fields: { plant: 'north', floor: '2' },
    notification_emails: ['a@acme.example', 'b@acme.example'],
    password_policy: { minimum_length: 12 },
    password_recovery_expiration: 30,
    idle_timeout: 10,
    mfa_status: 'enforced',
  };
  await request('PUT', '/v3/accounts/me', { body: sent });
  const { body } = await request('GET', '/v3/accounts/me?include=sub_accounts');
  assert.deepEqual(Object.fromEntries(Object.keys(sent).map((name) => [name, body[name]])), sent);
  assert.deepEqual(body.sub_accounts, []);
});

test('the first start can be repeated without a change', async (t) => {
  const { domain, accountId } = await service(t);
  const everything = async () => ({
    accounts: await domain.storage.db.selectFrom('accounts').selectAll().execute(),
    groups: await domain.storage.db.selectFrom('policy_groups').selectAll().execute(),
    authorities: await domain.storage.db.selectFrom('authorities').selectAll().execute(),
    audit: await domain.storage.db.selectFrom('audit_records').selectAll().execute(),
  });
  const before = await everything();
  assert.deepEqual(await firstStart(domain), { accountId, created: false });
  assert.deepEqual(await everything(), before);
  assert.deepEqual(before.groups.map(({ name }) => name).sort(), ['Administrators', 'Developers', 'Observers']);
  assert.deepEqual(before.authorities.map(({ purpose }) => purpose).sort(), [
    'bootstrap',
    'developer',
    'https',
    'lwm2m',
  ]);
});

test('a first start that fails leaves nothing behind', async (t) => {
  const { domain } = await service(t);
  const { db } = domain.storage;
  for (const table of [
    'audit_records',
    'api_key_groups',
    'api_keys',
    'policy_groups',
    'authorities',
    'accounts',
  ] as const) {
    await db.deleteFrom(table).execute();
  }
  let sealed = 0;
  const failing = {
    ...domain,
    vault: {
      ...domain.vault,
      seal(context: string, plain: Uint8Array) {
        if (++sealed === 3) throw new Error('no power');
        return domain.vault.seal(context, plain);
      },
    },
  };
  await assert.rejects(firstStart(failing), /no power/);
  for (const table of ['accounts', 'policy_groups', 'authorities', 'audit_records'] as const) {
    assert.deepEqual(await db.selectFrom(table).selectAll().execute(), [], table);
  }
});
