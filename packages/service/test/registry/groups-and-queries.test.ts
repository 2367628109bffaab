import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listAuditRecords } from '../../src/audit/index.ts';
import { defaultLimits } from '../../src/serve/settings.ts';
import { type Fixture, service } from '../http/service-fixture.ts';

async function made({ request }: Fixture, path: string, body: Record<string, unknown>): Promise<string> {
  const answer = await request('POST', path, { body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.id;
}

async function found({ request }: Fixture, url: string): Promise<string[]> {
  const { status, body, text } = await request('GET', url);
  assert.equal(status, 200, text);
  return body.data.map(({ id }: { id: string }) => id);
}

test('a group is made, changed in part, filled, emptied and deleted', async (t) => {
  const fixture = await service(t);
  const { request, domain, accountId } = fixture;
  const created = await request('POST', '/v3/device-groups/', {
    body: { name: 'floor', custom_attributes: { level: '1' } },
  });
  assert.equal(created.status, 201, created.text);
  const { id } = created.body;
  const time = '2026-11-22T20:02:45.500000Z';
  assert.deepEqual(created.body, {
    object: 'device-group',
    id,
    etag: time,
    name: 'floor',
    description: '',
    custom_attributes: { level: '1' },
    devices_count: 0,
    created_at: time,
    updated_at: time,
  });
  const changed = await request('PUT', `/v3/device-groups/${id}/`, { body: { description: 'the first' } });
  assert.deepEqual(
    [changed.status, changed.body.name, changed.body.description, changed.body.custom_attributes],
    [200, 'floor', 'the first', { level: '1' }],
  );
  assert.ok(changed.body.etag > time);

  const first = await made(fixture, '/v3/devices', { name: 'a', device_execution_mode: 1 });
  const second = await made(fixture, '/v3/devices', { name: 'b' });
  for (const device_id of [first, second, first]) {
    const answer = await request('POST', `/v3/device-groups/${id}/devices/add/`, { body: { device_id } });
    assert.equal(answer.status, 204);
  }
  assert.equal((await request('GET', `/v3/device-groups/${id}`)).body.devices_count, 2);
  assert.deepEqual((await request('GET', `/v3/devices/${first}`)).body.groups, [id]);
  assert.deepEqual(await found(fixture, `/v3/device-groups/${id}/devices`), [first, second]);
  assert.deepEqual(await found(fixture, `/v3/device-groups/${id}/devices/?name__eq=b`), [second]);
  const page = (await request('GET', `/v3/device-groups/${id}/devices?limit=2&include=total_count&order=DESC`)).body;
  assert.deepEqual([page.total_count, page.data[0].id], [2, second]);

  const gone = await request('POST', `/v3/device-groups/${id}/devices/remove`, { body: { device_id: second } });
  assert.equal(gone.status, 204);
  assert.equal((await request('GET', `/v3/device-groups/${id}`)).body.devices_count, 1);
  await request('DELETE', `/v3/devices/${first}`);
  assert.equal((await request('GET', `/v3/device-groups/${id}`)).body.devices_count, 0, 'with the device');
  await request('POST', `/v3/device-groups/${id}/devices/add`, { body: { device_id: second } });
  assert.equal((await request('DELETE', `/v3/device-groups/${id}`)).status, 204);
  assert.deepEqual((await request('GET', `/v3/devices/${second}`)).body.groups, []);
  assert.deepEqual(
    (await listAuditRecords(domain, accountId, { subjectId: id })).map(({ action }) => action).reverse(),
    [
      'device-group.created',
      'device-group.updated',
      'device-group.device-added',
      'device-group.device-added',
      'device-group.device-removed',
      'device-group.device-added',
      'device-group.deleted',
    ],
  );
});

test('groups are found by what they are', async (t) => {
  const fixture = await service(t);
  const a = await made(fixture, '/v3/device-groups', { name: 'a', custom_attributes: { tag: 'X' } });
  fixture.clock.set('2026-11-23T00:00:00Z');
  const b = await made(fixture, '/v3/device-groups', { name: 'b' });
  const device = await made(fixture, '/v3/devices', {});
  await fixture.request('POST', `/v3/device-groups/${b}/devices/add`, { body: { device_id: device } });
  for (const [query, expected] of [
    ['', [a, b]],
    ['name=a', [a]],
    ['name__in=a,b', [a, b]],
    [`id__neq=${a}`, [b]],
    ['devices_count__gte=1', [b]],
    ['devices_count=0', [a]],
    ['custom_attributes__tag=X', [a]],
    ['custom_attributes__tag__neq=X', [b]],
    ['created_at__lte=2026-11-22T23:59:59Z', [a]],
    ['updated_at__gte=2026-11-23T00:00:00Z', [b]],
  ] as const) {
    assert.deepEqual(await found(fixture, `/v3/device-groups/?${query}`), expected, query);
  }
});

test('what is wrong with a group is said', async (t) => {
  const fixture = await service(t, { limits: { ...defaultLimits, deviceGroups: 2 } });
  const { request } = fixture;
  const id = await made(fixture, '/v3/device-groups', { name: 'a' });
  const other = await made(fixture, '/v3/device-groups', { name: 'b' });
  const device = await made(fixture, '/v3/devices', {});
  const eleven = Object.fromEntries(Array.from('abcdefghijk', (letter) => [letter, '1']));
  const missing = '0'.repeat(32);
  for (const [method, path, body, status] of [
    ['POST', '', { name: 'c' }, 403],
    ['PUT', `/${other}`, { name: 'a' }, 409],
    ['PUT', `/${other}`, { name: '' }, 400],
    ['PUT', `/${other}`, { custom_attributes: eleven }, 400],
    ['GET', `/${missing}`, undefined, 404],
    ['PUT', `/${missing}`, { name: 'x' }, 404],
    ['DELETE', `/${missing}`, undefined, 404],
    ['GET', `/${missing}/devices`, undefined, 404],
    ['POST', `/${missing}/devices/add`, { device_id: device }, 404],
    ['POST', `/${id}/devices/add`, { device_id: missing }, 404],
    ['POST', `/${id}/devices/add`, {}, 400],
    ['POST', `/${id}/devices/remove`, { device_id: device }, 204],
  ] as const) {
    const answer = await request(method, `/v3/device-groups${path}`, body === undefined ? {} : { body });
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
  }
});

test('a device query is stored, changed and deleted; one that could not be applied is refused', async (t) => {
  const fixture = await service(t, { limits: { ...defaultLimits, deviceQueries: 2 } });
  const { request } = fixture;
  const query = 'state__eq=registered&custom_attributes__site__neq=north&created_at__gte=2026-01-01T00%3A00%3A00Z';
  const created = await request('POST', '/v3/device-queries/', { body: { name: 'mine', query } });
  assert.equal(created.status, 201, created.text);
  const { id } = created.body;
  assert.deepEqual(created.body, {
    object: 'device-query',
    id,
    etag: '2026-11-22T20:02:45.500000Z',
    name: 'mine',
    query,
    created_at: '2026-11-22T20:02:45.500000Z',
    updated_at: '2026-11-22T20:02:45.500000Z',
  });
  const changed = await request('PUT', `/v3/device-queries/${id}/`, { body: { name: 'ours', query: 'id=x' } });
  assert.deepEqual([changed.status, changed.body.name, changed.body.query], [200, 'ours', 'id=x']);
  assert.ok(changed.body.etag > created.body.etag);
  const same = await request('PUT', `/v3/device-queries/${id}`, { body: { name: 'ours' } });
  assert.deepEqual(same.body, changed.body);
  assert.deepEqual((await request('GET', `/v3/device-queries/${id}`)).body, changed.body);
  assert.deepEqual(await found(fixture, '/v3/device-queries?name__eq=ours'), [id]);
  assert.deepEqual(await found(fixture, '/v3/device-queries?filter=query%3Did%253Dx'), [id]);

  for (const [body, status] of [
    [{ name: 'x', query: 'color=red' }, 400],
    [{ name: 'x', query: 'state__gte=a' }, 400],
    [{ name: 'x' }, 400],
    [{ query: 'id=x' }, 400],
    [{ name: 'x', query: 'y'.repeat(1001) }, 400],
    [{ name: 'x'.repeat(201), query: '' }, 400],
  ] as const) {
    assert.equal((await request('POST', '/v3/device-queries', { body })).status, status, JSON.stringify(body));
  }
  await made(fixture, '/v3/device-queries', { name: 'ours', query: '' });
  assert.equal((await request('POST', '/v3/device-queries', { body: { name: 'c', query: '' } })).status, 403);
  assert.equal((await request('DELETE', `/v3/device-queries/${id}`)).status, 204);
  for (const method of ['GET', 'DELETE'] as const) {
    assert.equal((await request(method, `/v3/device-queries/${id}`)).status, 404);
  }
});
