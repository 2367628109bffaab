import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listAuditRecords } from '../../src/audit/index.ts';
import type { RegistryEvent } from '../../src/registry/bus.ts';
import { insertDevice } from '../../src/registry/devices/insert.ts';
import { deviceRegistered, getRegistration } from '../../src/registry/registrations/register.ts';
import { defaultLimits } from '../../src/serve/settings.ts';
import { type Fixture, service } from '../http/service-fixture.ts';

async function add({ request }: Fixture, body: Record<string, unknown>): Promise<string> {
  const answer = await request('POST', '/v3/devices', { body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.id;
}

/** Ids that a list has, asked by this query. */
async function found({ request }: Fixture, query: string, path = '/v3/devices'): Promise<string[]> {
  const { status, body, text } = await request('GET', `${path}?include=total_count&${query}`);
  assert.equal(status, 200, text);
  const ids = body.data.map(({ id }: { id: string }) => id);
  assert.equal(body.total_count, ids.length);
  return ids;
}

const registered = (fixture: Fixture, deviceId: string) =>
  deviceRegistered(fixture.domain, {
    deviceId,
    accountId: fixture.accountId,
    endpointName: 'node-1',
    lifetime: 60,
    version: '1.1',
    binding: 'U',
    queueMode: false,
    resources: [],
  });

test('a device is made, read, changed in part and deleted', async (t) => {
  const fixture = await service(t);
  const { request, accountId, domain, clock } = fixture;
  const made = await request('POST', '/v3/devices/', {
    body: { endpoint_name: 'node-1', device_execution_mode: 1, custom_attributes: { site: 'north' } },
  });
  assert.equal(made.status, 201);
  const { id } = made.body;
  const time = '2026-11-22T20:02:45.500000Z';
  assert.deepEqual(made.body, {
    object: 'device',
    id,
    etag: time,
    account_id: accountId,
    endpoint_name: 'node-1',
    name: id,
    description: '',
    state: 'unenrolled',
    lifecycle_status: 'enabled',
    device_execution_mode: 1,
    deployed_state: 'development',
    mechanism: 'connector',
    mechanism_url: null,
    deployment: null,
    auto_update: false,
    ca_id: null,
    device_key: null,
    issuer_fingerprint: null,
    device_class: null,
    vendor_id: null,
    serial_number: null,
    endpoint_type: null,
    firmware_checksum: null,
    manifest: null,
    manifest_timestamp: null,
    custom_attributes: { site: 'north' },
    groups: [],
    host_gateway: null,
    bootstrapped_timestamp: null,
    bootstrap_expiration_date: null,
    connector_expiration_date: null,
    enrolment_list_timestamp: null,
    operator_suspended: false,
    last_operator_suspended_category: null,
    last_operator_suspended_description: null,
    last_operator_suspended_updated_at: null,
    system_suspended: false,
    last_system_suspended_category: null,
    last_system_suspended_description: null,
    last_system_suspended_updated_at: null,
    created_at: time,
    updated_at: time,
  });

  clock.set('2026-11-22T20:02:46.000Z');
  const renamed = await request('PUT', `/v3/devices/${id}/`, { body: { name: 'kitchen' } });
  assert.equal(renamed.status, 200);
  assert.equal(renamed.body.name, 'kitchen');
  assert.equal(renamed.body.etag, '2026-11-22T20:02:46.000000Z');
  assert.deepEqual(renamed.body.custom_attributes, { site: 'north' });
  // Attributes are replaced as a whole; what is sent back unchanged, and what cannot be changed, changes nothing.
  const replaced = await request('PUT', `/v3/devices/${id}`, {
    body: { ...renamed.body, custom_attributes: { floor: '3' }, endpoint_name: 'other', state: 'registered' },
  });
  assert.deepEqual(replaced.body, {
    ...renamed.body,
    custom_attributes: { floor: '3' },
    updated_at: replaced.body.updated_at,
    etag: replaced.body.etag,
  });
  assert.ok(replaced.body.etag > renamed.body.etag, 'also within one millisecond');
  const again = await request('PUT', `/v3/devices/${id}`, { body: replaced.body });
  assert.equal(again.body.etag, replaced.body.etag);

  assert.equal((await request('DELETE', `/v3/devices/${id}/`)).status, 204);
  assert.equal((await request('GET', `/v3/devices/${id}`)).status, 404);
  assert.equal((await request('PUT', `/v3/devices/${id}`, { body: {} })).status, 404);
  assert.deepEqual(
    (await listAuditRecords(domain, accountId, { subjectId: id })).map(({ action }) => action),
    ['device.deleted', 'device.updated', 'device.updated', 'device.created'],
  );
  const log = await request('GET', `/v3/device-events?device_id=${id}`);
  assert.deepEqual(
    log.body.data.map((event: Record<string, unknown>) => [event.event_type, event.description, event.state_change]),
    [
      ['update.device.device-created', 'Device record created', true],
      ['update.device.device-updated', 'Device record updated', false],
      ['update.device.device-updated', 'Device record updated', false],
      ['update.device.device-deleted', 'Device record deleted', false],
    ],
  );
});

test('what cannot be is refused, field by field', async (t) => {
  const fixture = await service(t);
  const { request } = fixture;
  const key = `${'AB:'.repeat(31)}AB`;
  await add(fixture, { device_key: key.replaceAll(':', '').toLowerCase() });
  const six = Object.fromEntries(Array.from('abcdef', (letter) => [letter, '1']));
  for (const [body, status, fields] of [
    [{ name: 'x'.repeat(129) }, 400, ['name']],
    [{ name: 'a\u001b[2Jb' }, 400, ['name']],
    [{ custom_attributes: six }, 400, ['custom_attributes']],
    [{ custom_attributes: { '1st': 'x' } }, 400, ['custom_attributes']],
    [{ custom_attributes: { a: 'x'.repeat(129) } }, 400, ['custom_attributes.a']],
    [{ custom_attributes: { a: 5 } }, 400, ['custom_attributes.a']],
    [{ state: 'asleep' }, 400, ['state']],
    [{ state: 'registered' }, 400, ['state']],
    [{ device_execution_mode: 2 }, 400, ['device_execution_mode']],
    [{ bootstrap_expiration_date: '2026-02-30x' }, 400, ['bootstrap_expiration_date']],
    [{ bootstrap_expiration_date: '2026-13-01' }, 400, ['bootstrap_expiration_date']],
    [{ issuer_fingerprint: 'xy' }, 400, ['issuer_fingerprint']],
    [{ device_key: key }, 409, ['device_key']],
  ] as const) {
    const answer = await request('POST', '/v3/devices', { body });
    assert.equal(answer.status, status, `${JSON.stringify(body)}: ${answer.text}`);
    const named = answer.body.fields.map(({ name }: { name: string }) => name);
    for (const field of fields) assert.ok(named.includes(field), `${field} in ${named}`);
  }
  assert.equal((await found(fixture, '')).length, 1);
});

test('every filter of the language finds what it says', async (t) => {
  const fixture = await service(t);
  const uuid = '8b02210b-e50d-4ffc-93a1-d58e73660f82';
  const fingerprint = 'ab'.repeat(32);
  const one = await add(fixture, {
    name: 'one',
    endpoint_name: 'node-1',
    description: 'of the 1st floor',
    device_execution_mode: 1,
    device_class: uuid.toUpperCase(),
    vendor_id: uuid,
    serial_number: 'S1',
    endpoint_type: 'meter',
    ca_id: 'ca',
    device_key: fingerprint,
    issuer_fingerprint: fingerprint,
    host_gateway: 'gate',
    mechanism: 'direct',
    mechanism_url: 'https://x',
    deployment: 'd',
    manifest: 'm',
    auto_update: true,
    bootstrap_expiration_date: '2030-01-31',
    connector_expiration_date: '2031-01-31',
    custom_attributes: { site: 'north', in: 'house', 'a b': 'c,d&e=f%' },
  });
  fixture.clock.set('2026-11-23T00:00:00.250Z');
  const two = await add(fixture, { name: 'two', custom_attributes: { site: 'south' } });
  await fixture.request('POST', `/v3/devices/${two}/suspend`, { body: { category: 'stolen' } });

  for (const [query, expected] of [
    [`id__eq=${one}`, [one]],
    [`id=${one}`, [one]],
    [`filter=id%3D${two}`, [two]],
    [`id__in=${one},${two}`, [one, two]],
    [`id__neq=${one}`, [two]],
    ['endpoint_name__eq=node-1', [one]],
    ['name__nin=one', [two]],
    ['description__eq=of%20the%201st%20floor', [one]],
    ['description__neq=other', [one, two]],
    ['state=unenrolled', [one, two]],
    ['state__neq=unenrolled', []],
    ['lifecycle_status=blocked', [two]],
    ['device_execution_mode__eq=1', [one]],
    ['device_execution_mode__in=0,5', [two]],
    ['deployed_state=development', [one]],
    ['deployed_state__neq=development', [two]],
    ['deployed_state__in=development,production', [one, two]],
    ['deployed_state=neither', []],
    ['mechanism=direct', [one]],
    ['mechanism_url=https%3A%2F%2Fx', [one]],
    ['deployment=d', [one]],
    ['manifest=m', [one]],
    ['auto_update=true', [one]],
    ['auto_update__neq=True', [two]],
    ['ca_id=ca', [one]],
    [`device_key=${fingerprint}`, [one]],
    [`device_key=${(fingerprint.match(/../g) ?? []).join(':').toUpperCase()}`, [one]],
    [`device_class__eq=${uuid.replaceAll('-', '')}&vendor_id__eq=${uuid.replaceAll('-', '')}`, [one]],
    [`device_class=${uuid}`, [one]],
    ['serial_number__in=S1,S2', [one]],
    ['endpoint_type=meter', [one]],
    ['firmware_checksum=00', []],
    ['host_gateway=gate', [one]],
    ['operator_suspended=true', [two]],
    ['operator_suspended__neq=true', [one]],
    ['last_operator_suspended_category=stolen', [two]],
    ['last_operator_suspended_updated_at__gte=2026-11-23T00:00:00Z', [two]],
    ['system_suspended=false', [one, two]],
    ['system_suspended=true', []],
    ['last_system_suspended_category=x', []],
    ['last_system_suspended_category__neq=x', [one, two]],
    ['last_system_suspended_updated_at__lte=2030-01-01T00:00:00Z', []],
    ['created_at__lte=2026-11-22T23:59:59Z', [one]],
    ['created_at__gte=20261123T000000Z', [two]],
    ['created_at__in=2026-11-22T20:02:45.500000Z', [one]],
    ['updated_at__gte=2026-11-23T00:00:00.250Z', [two]],
    ['bootstrap_expiration_date__lte=2030-01-31', [one]],
    ['connector_expiration_date__gte=2031-02-01', []],
    ['bootstrapped_timestamp__gte=2000-01-01T00:00:00Z', []],
    ['manifest_timestamp__lte=2030-01-01T00:00:00Z', []],
    ['enrolment_list_timestamp__lte=2030-01-01T00:00:00Z', []],
    [`account_id=${fixture.accountId}`, [one, two]],
    ['account_id__neq=0', [one, two]],
    ['account_id=0', []],
    ['custom_attributes__site=north', [one]],
    ['custom_attributes__site__eq=south', [two]],
    ['custom_attributes__site__neq=north', [two]],
    ['custom_attributes__site__in=north,south', [one, two]],
    ['custom_attributes__site__nin=north,west', [two]],
    ['custom_attributes__in=house', [one]],
    ['custom_attributes__in__neq=house', [two]],
    ['custom_attributes__none__neq=x', [one, two]],
    [`filter=${encodeURIComponent(`custom_attributes__a%20b=${encodeURIComponent('c,d&e=f%')}`)}`, [one]],
    [`filter=${encodeURIComponent('custom_attributes__site=north&state=unenrolled')}&name=one`, [one]],
    ['filter=&properties=', [one, two]],
  ] as const) {
    assert.deepEqual(await found(fixture, query), expected, query);
  }
  const wrong = await fixture.request('GET', '/v3/devices?nothing__eq=1&state__gte=a&filter=color%3Dred');
  assert.equal(wrong.status, 400);
  assert.deepEqual(
    wrong.body.fields.map(({ name }: { name: string }) => name),
    ['nothing__eq', 'state__gte', 'filter'],
  );
});

test('lists come in pages, both ways, with a count that is exact', async (t) => {
  const fixture = await service(t);
  const ids: string[] = [];
  for (let count = 0; count < 7; count++) ids.push(await add(fixture, { custom_attributes: { n: String(count % 2) } }));
  for (const [order, expected] of [
    ['ASC', ids],
    ['DESC', ids.toReversed()],
  ] as const) {
    const seen: string[] = [];
    let after = '';
    for (;;) {
      const { body } = await fixture.request(
        'GET',
        `/v3/devices/?limit=3&order=${order}&include=['total_count']&after=${after}`,
      );
      assert.equal(body.total_count, 7);
      assert.equal(body.after, after || null);
      seen.push(...body.data.map(({ id }: { id: string }) => id));
      if (!body.has_more) break;
      after = seen.at(-1) as string;
    }
    assert.deepEqual(seen, expected);
  }
  const filtered = await fixture.request('GET', '/v3/devices?limit=2&include=totalCount&custom_attributes__n=0');
  assert.deepEqual([filtered.body.total_count, filtered.body.has_more, filtered.body.data.length], [4, true, 2]);
});

test('only devices with a developer certificate, and those that never came, can be deleted', async (t) => {
  const fixture = await service(t);
  const { request, domain, accountId } = fixture;
  const told: RegistryEvent[] = [];
  domain.bus.listen((event) => told.push(event));
  for (const [fields, status] of [
    [{ device_execution_mode: 5, state: 'bootstrapped' }, 400],
    [{ device_execution_mode: 0, state: 'deregistered' }, 400],
    [{ device_execution_mode: 1, state: 'bootstrapped' }, 204],
    [{ device_execution_mode: 5, state: 'unenrolled' }, 204],
  ] as const) {
    const { id } = await domain.storage.transaction(() => insertDevice(domain, accountId, fields));
    const answer = await request('DELETE', `/v3/devices/${id}`);
    assert.equal(answer.status, status, JSON.stringify(fields));
    assert.equal((await request('GET', `/v3/devices/${id}`)).status, status === 204 ? 404 : 200);
    const last = told.at(-1);
    assert.equal(last?.kind === 'deleted' && last.deviceId === id, status === 204);
  }
});

test('a deleted device takes its registration along', async (t) => {
  const fixture = await service(t);
  const id = await add(fixture, { device_execution_mode: 1 });
  await registered(fixture, id);
  await fixture.request('DELETE', `/v3/devices/${id}`);
  assert.equal(await getRegistration(fixture.domain, id), undefined);
});

test('a suspended device loses its registration, and is let in again with the same category', async (t) => {
  const fixture = await service(t);
  const { request, domain } = fixture;
  const id = await add(fixture, {});
  await registered(fixture, id);
  const told: RegistryEvent[] = [];
  domain.bus.listen((event) => told.push(event));

  const block = { category: 'maintenance', description: 'on the bench' };
  assert.equal((await request('POST', `/v3/devices/${id}/suspend/`, { body: block })).status, 204);
  const suspended = (await request('GET', `/v3/devices/${id}`)).body;
  assert.equal(suspended.state, 'deregistered');
  assert.equal(suspended.lifecycle_status, 'blocked');
  assert.equal(suspended.operator_suspended, true);
  assert.equal(suspended.last_operator_suspended_category, 'maintenance');
  assert.equal(suspended.last_operator_suspended_description, 'on the bench');
  assert.equal(await getRegistration(domain, id), undefined);
  assert.equal(told.length, 1);
  assert.ok(told[0]?.kind === 'deregistered' && told[0].reason === 'suspended');
  assert.deepEqual(await registered(fixture, id), { refused: 'suspended' });

  const wrong = await request('POST', `/v3/devices/${id}/resume`, { body: { category: 'stolen' } });
  assert.deepEqual([wrong.status, wrong.body.fields[0].name], [400, 'category']);
  const body = { category: 'maintenance', description: 'done' };
  assert.equal((await request('POST', `/v3/devices/${id}/resume`, { body })).status, 204);
  assert.equal((await request('POST', `/v3/devices/${id}/resume`, { body: {} })).status, 204, 'once more is no harm');
  const resumed = (await request('GET', `/v3/devices/${id}`)).body;
  assert.deepEqual(
    [resumed.lifecycle_status, resumed.operator_suspended, resumed.last_operator_suspended_description],
    ['enabled', false, 'done'],
  );
  assert.ok('registration' in (await registered(fixture, id)));
  assert.equal((await request('POST', `/v3/devices/${id}/suspend`)).status, 204, 'a reason is not needed');
});

test('an account has as many devices as its limit allows', async (t) => {
  const fixture = await service(t, { limits: { ...defaultLimits, devices: 2 } });
  const first = await add(fixture, {});
  await add(fixture, {});
  const third = await fixture.request('POST', '/v3/devices', { body: {} });
  assert.deepEqual([third.status, third.body.type], [403, 'account_limit_exceeded']);
  await fixture.request('DELETE', `/v3/devices/${first}`);
  await add(fixture, {});
});

test('the devices of another account are not there', async (t) => {
  const fixture = await service(t);
  const { domain, request } = fixture;
  const other = '0'.repeat(32);
  const { id } = await domain.storage.transaction(async (db) => {
    const row = await db.selectFrom('accounts').selectAll().executeTakeFirstOrThrow();
    await db
      .insertInto('accounts')
      .values({ ...row, id: other, account_id: other })
      .execute();
    return insertDevice(domain, other, { device_execution_mode: 1 });
  });
  assert.deepEqual(await found(fixture, ''), []);
  assert.deepEqual(await found(fixture, `account_id=${other}`), []);
  for (const [method, path] of [
    ['GET', ''],
    ['PUT', ''],
    ['DELETE', ''],
    ['POST', '/suspend'],
    ['POST', '/resume'],
  ] as const) {
    const body = method === 'PUT' ? { name: 'x' } : undefined;
    assert.equal((await request(method, `/v3/devices/${id}${path}`, { body })).status, 404, `${method} ${path}`);
  }
  assert.deepEqual(await found(fixture, '', '/v3/device-events'), []);
});

test('events are found by what they say, under both paths', async (t) => {
  const fixture = await service(t);
  const id = await add(fixture, { name: 'a' });
  fixture.clock.set('2026-11-23T00:00:00Z');
  await registered(fixture, id);
  const all = await found(fixture, '', '/v3/devicelog');
  assert.equal(all.length, 2);
  for (const [query, expected] of [
    [`device_id=${id}`, all],
    [`device_id__neq=${id}`, []],
    ['event_type=update.device.device-created', all.slice(0, 1)],
    ['event_type__in=update.device.device-created,update.device.device-updated', all],
    ['description=Device%20registered', all.slice(1)],
    ['state_change=True', all],
    ['state_change__neq=true', []],
    ['date_time__gte=2026-11-23T00:00:00Z', all.slice(1)],
    ['filter=date_time__lte%3D2026-11-22T23%253A00%253A00Z', all.slice(0, 1)],
    [`id__in=${all.join()}`, all],
  ] as const) {
    for (const path of ['/v3/device-events', '/v3/device-events/', '/v3/devicelog/']) {
      assert.deepEqual(await found(fixture, query, path), expected, `${path} ${query}`);
    }
  }
  const one = (await fixture.request('GET', `/v3/device-events/${all[1]}/`)).body;
  assert.deepEqual(one, {
    object: 'device-event',
    id: all[1],
    etag: '2026-11-23T00:00:00.000000Z',
    device_id: id,
    event_type: 'update.device.device-updated',
    event_type_description: 'INFO',
    event_type_category: '',
    description: 'Device registered',
    state_change: true,
    data: { state: 'registered' },
    changes: {},
    date_time: '2026-11-23T00:00:00.000000Z',
    created_at: '2026-11-23T00:00:00.000000Z',
  });
  assert.deepEqual((await fixture.request('GET', `/v3/devicelog/${all[1]}`)).body, one);
  assert.equal((await fixture.request('GET', '/v3/devicelog/0')).status, 404);
});

test('a key may see devices without being allowed to change them', async (t) => {
  const fixture = await service(t);
  const { domain, request, developer } = fixture;
  const id = await add(fixture, {});
  assert.equal((await request('GET', `/v3/devices/${id}`, { key: developer })).status, 200);
  await domain.storage.db
    .updateTable('policy_groups')
    .set({ permissions_json: '["devices:read"]' })
    .where('name', '=', 'Developers')
    .execute();
  assert.equal((await request('GET', '/v3/device-events', { key: developer })).status, 200);
  for (const [method, path] of [
    ['PUT', ''],
    ['DELETE', ''],
    ['POST', '/suspend'],
  ] as const) {
    assert.equal((await request(method, `/v3/devices/${id}${path}`, { key: developer, body: {} })).status, 403);
  }
});
