import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvField } from '../../src/audit/export.ts';
import { service } from '../http/service-fixture.ts';
import { administrator } from '../sessions/browser.ts';

test('who did what, with the name of who did it', async (t) => {
  const fixture = await service(t);
  const ada = await administrator(fixture);
  const { body: key } = await ada.ask('POST', '/v3/api-keys', { name: 'robot' });
  await fixture.request('POST', '/v3/device-groups', { body: { name: 'floor' } });
  await fixture.request('DELETE', `/v3/api-keys/${key.id}`);
  const { body } = await fixture.request('GET', '/v3/audit-records?order=DESC&limit=2');
  const [last] = body.data;
  assert.deepEqual(
    [last.action, last.actor_kind, last.actor_name, last.subject_kind, last.subject_id, last.detail],
    ['api-key.deleted', 'api-key', 'admin', 'api-key', key.id, { name: 'robot' }],
  );
  assert.match(last.request_id, /^[0-9a-f]{32}$/);
  const made = (await fixture.request('GET', `/v3/audit-records?subject_id__eq=${key.id}&action=api-key.created`)).body;
  assert.deepEqual(
    [made.data.length, made.data[0].actor_kind, made.data[0].actor_name],
    [1, 'user', 'Ada@Example.com'],
  );
  const { length } = (await fixture.request('GET', '/v3/audit-records?limit=1000')).body.data;
  for (const [search, found] of [
    ['actor_kind=user', true],
    ['actor_kind__neq=user', true],
    ['subject_kind__in=group,api-key', true],
    ['created_at__gte=2026-11-22T20:02:45Z', true],
    ['created_at__gte=2026-11-23T00:00:00Z', false],
    ['action=never', false],
    [`request_id=${last.request_id}`, true],
  ] as const) {
    const { data } = (await fixture.request('GET', `/v3/audit-records?limit=1000&${search}`)).body;
    assert.equal(data.length > 0, found, search);
    assert.ok(data.length <= length, search);
  }
});

test('a list is read in both directions, from either end, without gap or double', async (t) => {
  const { request } = await service(t);
  for (let index = 0; index < 7; index++) await request('POST', '/v3/devices', { body: { name: `device ${index}` } });
  const all = (order: string) => request('GET', `/v3/devices?order=${order}`);
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was answered
  const names = (body: any): string[] => body.data.map(({ name }: { name: string }) => name);
  for (const order of ['ASC', 'DESC']) {
    const whole = (await all(order)).body.data as { id: string; name: string }[];
    const expected = whole.map(({ name }) => name);
    const back = async (index: number) =>
      (await request('GET', `/v3/devices?order=${order}&limit=3&before=${whole[index]?.id}`)).body;
    const end = await back(6);
    assert.deepEqual([names(end), end.has_more, end.before], [expected.slice(3, 6), true, whole[6]?.id], order);
    const middle = await back(3);
    assert.deepEqual([names(middle), middle.has_more], [expected.slice(0, 3), false]);
    assert.deepEqual(names(await back(0)), []);
    const filtered = `order=${order}&limit=2&before=${whole[6]?.id}&name__neq=${expected[5]}&include=total_count`;
    const { body } = await request('GET', `/v3/devices?${filtered}`);
    assert.deepEqual([names(body), body.total_count], [expected.slice(3, 5), 6]);
  }
  assert.equal((await request('GET', '/v3/devices?before=a&after=b')).status, 400);
});

test('all records as a file, of either form, filtered', async (t) => {
  const fixture = await service(t);
  const { request } = fixture;
  for (let index = 0; index < 1203; index++) {
    await request('POST', '/v3/device-queries', {
      body: { name: `=query "${index}", or so`, query: 'state=registered' },
    });
  }
  const path = '/v3/audit-records/export?subject_kind=device-query';
  const csv = await request('GET', path);
  assert.match(String(csv.headers['content-type']), /^text\/csv/);
  assert.equal(csv.headers['content-disposition'], 'attachment; filename="audit-2026-11-22.csv"');
  const lines = csv.text.split('\r\n');
  assert.equal(
    lines[0],
    'created_at,actor_kind,actor_id,actor_name,action,subject_kind,subject_id,request_id,detail,id',
  );
  assert.equal(lines.length, 1203 + 2);
  const jsonl = await request('GET', `${path}&format=jsonl&order=DESC`);
  const records = jsonl.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(records.length, 1203);
  assert.deepEqual(new Set(records.map(({ id }) => id)).size, 1203);
  assert.equal((await request('GET', `${path}&format=pdf`)).status, 400);
});

test('fields of CSV are quoted, and no formula for a spreadsheet', () => {
  for (const [value, field] of [
    ['plain', 'plain'],
    [null, ''],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['a\r\nb', '"a\r\nb"'],
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['-1', "'-1"],
    [{ name: 'a' }, '"{""name"":""a""}"'],
  ] as const) {
    assert.equal(csvField(value), field);
  }
});
