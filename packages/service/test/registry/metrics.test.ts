import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeTime } from '@mooring/platform/testing';
import fc from 'fast-check';
import { parseMetricsQuery } from '../../src/registry/usage/metrics.ts';
import { Usage } from '../../src/registry/usage/usage.ts';
import { service } from '../http/service-fixture.ts';

test('what was counted is summed up by intervals, those without anything among them', async (t) => {
  const { request, domain, clock, accountId } = await service(t);
  const at = (time: string, times: number) => {
    clock.set(time);
    domain.usage.count(accountId, 'full_registrations', times);
    domain.usage.count(accountId, 'transactions');
    domain.usage.count('0'.repeat(32), 'transactions', 99);
  };
  await domain.storage.db
    .insertInto('accounts')
    .values({
      ...(await domain.storage.db.selectFrom('accounts').selectAll().executeTakeFirstOrThrow()),
      id: '0'.repeat(32),
      account_id: '0'.repeat(32),
    })
    .execute();
  at('2026-11-20T00:00:00Z', 1);
  at('2026-11-20T23:59:59Z', 2);
  await domain.usage.flush();
  at('2026-11-20T23:59:58Z', 4);
  at('2026-11-22T12:02:00Z', 8);
  const url = '/v3/metrics?include=full_registrations,transactions,total_count&interval=1d';
  const { status, body, text } = await request('GET', `${url}&start=20261120&end=20261123`);
  assert.equal(status, 200, text);
  const timestamps = ['2026-11-20', '2026-11-21', '2026-11-22'].map((day) => `${day}T00:00:00.000000Z`);
  assert.deepEqual(
    { ...body, data: body.data.map(({ id, ...rest }: { id: string }) => rest) },
    {
      object: 'list',
      limit: 50,
      after: null,
      order: 'ASC',
      has_more: false,
      total_count: 3,
      data: [
        { timestamp: timestamps[0], full_registrations: 7, transactions: 3 },
        { timestamp: timestamps[1], full_registrations: 0, transactions: 0 },
        { timestamp: timestamps[2], full_registrations: 8, transactions: 1 },
      ],
    },
  );
  const sums = (answer: typeof body) =>
    answer.data.map(({ full_registrations }: { full_registrations: number }) => full_registrations);
  const first = (await request('GET', `${url}&start=20261120&end=20261123&limit=2`)).body;
  assert.deepEqual([sums(first), first.has_more], [[7, 0], true]);
  const second = (await request('GET', `${url}&start=20261120&end=20261123&limit=2&after=${first.data[1].id}`)).body;
  assert.deepEqual([sums(second), second.has_more, second.after], [[8], false, first.data[1].id]);
  const backwards = (await request('GET', `${url}&start=20261120&end=20261123&order=DESC&limit=2`)).body;
  assert.deepEqual([sums(backwards), backwards.has_more], [[8, 0], true]);
  const hours = (await request('GET', '/v3/metrics?include=full_registrations&interval=1h&period=2h')).body;
  assert.deepEqual(sums(hours), [0, 0, 8], 'the hour that runs is one of them');
  assert.equal(hours.total_count, undefined);
  assert.equal((await request('GET', `${url}&start=2026&end=2026-11-30T00:00:00Z&limit=1000`)).body.data.length, 326);
});

test('a request for metrics as old clients write it, and what is wrong with others', async (t) => {
  const { request } = await service(t);
  const now = Date.parse('2026-11-22T20:02:45Z');
  const asked = (search: string) => parseMetricsQuery(search, now);
  for (const [search, metrics, totalCount] of [
    ["include=['transactions','total_count']&interval=1d&period=1d", ['transactions'], true],
    [
      'include=bootstraps_failed, bootstraps_pending&interval=1d&period=1w',
      ['bootstraps_failed', 'bootstraps_pending'],
      false,
    ],
    ['include=expiredRegistrations,totalCount&interval=1d&period=53w', ['expired_registrations'], true],
  ] as const) {
    const { query, problems } = asked(search);
    assert.deepEqual(problems, [], search);
    assert.deepEqual([[...query.metrics].sort(), query.totalCount], [[...metrics].sort(), totalCount], search);
  }
  assert.equal(
    asked('include=transactions&interval=1d&start=20170207T092056990Z&end=20170208').query.start,
    Date.parse('2017-02-07T09:20:00Z'),
  );
  for (const [search, fields] of [
    ['', ['include', 'interval', 'start']],
    ['include=nothing&interval=1d&period=1d', ['include']],
    ['include=transactions&interval=4m&period=1d', ['interval']],
    ['include=transactions&interval=366d&period=1d', ['interval']],
    ['include=transactions&interval=1d&period=1y', ['period']],
    ['include=transactions&interval=1d&start=2015&end=2017', ['end']],
    ['include=transactions&interval=1d&start=2017&end=2016', ['end']],
    ['include=transactions&interval=1d&start=yesterday', ['start']],
    ['include=transactions&interval=1d&period=1d&limit=x&order=up&after=5', ['limit', 'after', 'order']],
  ] as const) {
    const answer = await request('GET', `/v3/metrics?${search}`);
    assert.equal(answer.status, 400, search);
    assert.deepEqual(
      answer.body.fields.map(({ name }: { name: string }) => name),
      fields,
      search,
    );
  }
  const words = fc.constantFrom('include', 'interval', 'period', 'start', 'end', 'limit', 'after', 'order');
  const values = fc.oneof(fc.string(), fc.constantFrom('1d', '5m', '2026', 'transactions', '99999999h', '-1', 'NaN'));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(words, values), { maxLength: 8 }), async (pairs) => {
      const search = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
      const { status, text } = await request('GET', `/v3/metrics?${search}`);
      assert.ok(status === 200 || status === 400, text);
    }),
    { numRuns: 100 },
  );
});

test('counts are written now and then, and none is lost if that fails', async (t) => {
  const { domain, accountId } = await service(t);
  const time = fakeTime('2026-11-22T20:00:00Z');
  let broken = false;
  const grouped: typeof domain.storage.grouped = (work) =>
    broken ? Promise.reject(new Error('disk full')) : domain.storage.grouped(work);
  const storage: typeof domain.storage = Object.create(domain.storage, { grouped: { value: grouped } });
  const usage = new Usage(storage, time.clock);
  const failures: unknown[] = [];
  const stop = usage.start(time.timers, (error) => failures.push(error));
  const total = async () =>
    (await domain.storage.db.selectFrom('usage_counts').select('transactions').execute()).reduce(
      (sum, row) => sum + row.transactions,
      0,
    );
  const pass = async () => {
    await time.advance(10_000);
    for (let turn = 0; turn < 10; turn++) await time.settle();
  };
  usage.count(accountId, 'transactions', 2);
  await pass();
  assert.equal(await total(), 2);
  broken = true;
  usage.count(accountId, 'transactions', 3);
  await pass();
  assert.deepEqual([await total(), failures.length], [2, 1]);
  usage.count(accountId, 'transactions', 4);
  broken = false;
  await stop();
  assert.equal(await total(), 9);
  assert.equal(time.waiting, 0);
});
