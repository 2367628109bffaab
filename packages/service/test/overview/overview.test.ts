import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiKey, operator } from '../../src/accounts/index.ts';
import { DenialRecorder, insertDevice } from '../../src/registry/index.ts';
import { service } from '../http/service-fixture.ts';

const day = 24 * 60 * 60 * 1000;

test('an account in which nothing happens has nothing to attend to', async (t) => {
  const { request } = await service(t);
  const { status, body } = await request('GET', '/v3/overview');
  assert.equal(status, 200);
  assert.deepEqual(body.attention, []);
  assert.deepEqual(body.devices, {
    total: 0,
    registered: 0,
    deregistered: 0,
    bootstrapped: 0,
    unenrolled: 0,
    cloud_enrolling: 0,
    blocked: 0,
  });
  assert.deepEqual(body.campaigns, { active: 0, waiting: 0, total: 0 });
  assert.equal(body.trend.length, 30);
  assert.deepEqual([body.trend[0].day, body.trend[29].day], ['2026-10-24', '2026-11-22']);
});

test('what needs attention comes in the order of its urgency, with where to look', async (t) => {
  const fixture = await service(t);
  const { domain, accountId, request, clock } = fixture;
  const now = clock.now().getTime();
  const device = (name: string, more: object) =>
    domain.storage.transaction(() => insertDevice(domain, accountId, { endpoint_name: name, name, ...more }));
  const one = await device('one', { state: 'registered', bootstrap_expiration: now + 10 * day });
  await device('two', { state: 'registered', bootstrap_expiration: now - day });
  await device('three', { state: 'deregistered', bootstrap_expiration: now + 400 * day });
  const { db } = domain.storage;
  await db
    .insertInto('device_update_facts')
    .values({
      device_id: one.id,
      account_id: accountId,
      protocol: null,
      schemas: '',
      client: 'unknown',
      fingerprint: null,
      not_after: now + 100 * day,
      source: null,
      updated_at: now,
    })
    .execute();
  const denials = new DenialRecorder(domain, (error) => assert.fail(String(error)));
  for (const endpointName of ['x', 'y']) await denials.record({ accountId, endpointName, reason: 'not-enrolled' });
  const { body } = await request('GET', '/v3/overview');
  assert.deepEqual(
    // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was answered
    body.attention.map(({ kind, severity, count }: any) => [kind, severity, count]),
    [
      ['device-certificates-end', 'error', 2],
      ['joins-denied', 'warning', 2],
      ['updates-lost', 'notice', 1],
    ],
  );
  assert.deepEqual([body.devices.total, body.devices.registered, body.devices.deregistered], [3, 2, 1]);
  const [ending, joins] = body.attention;
  assert.equal((await request('GET', `/v3/devices?${ending.filter}`)).body.data.length, 2);
  assert.equal((await request('GET', `/v3/device-enrollment-denials?${joins.filter}`)).body.data.length, 2);
});

test('it shows of each part what the caller may see', async (t) => {
  const { request, domain, accountId } = await service(t);
  const group = { name: 'Counters', permissions: ['account:read', 'metrics:read'] };
  await request('POST', '/v3/policy-groups', { body: group });
  const { key } = await createApiKey(domain, operator(accountId), { name: 'counter', groups: ['Counters'] });
  const { body } = await request('GET', '/v3/overview', { key });
  assert.deepEqual(Object.keys(body).sort(), ['attention', 'created_at', 'object', 'trend']);
});

test('for five seconds the same one is told again', async (t) => {
  const { request, clock } = await service(t);
  const made = async () => (await request('GET', '/v3/overview')).body.devices.total;
  assert.equal(await made(), 0);
  await request('POST', '/v3/devices', { body: { name: 'new' } });
  assert.equal(await made(), 0);
  clock.set('2026-11-22T20:02:51Z');
  assert.equal(await made(), 1);
});
