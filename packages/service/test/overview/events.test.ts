import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createApiKey, operator } from '../../src/accounts/index.ts';
import {
  changesAfter,
  Feed,
  mostChanges,
  parsePosition,
  positionText,
  presentPosition,
} from '../../src/overview/feed.ts';
import { type Fixture, service } from '../http/service-fixture.ts';

interface Told {
  readonly event: string;
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was told
  readonly data: any;
}

/** A stream over the network, and its messages as they come. */
async function stream(t: TestContext, { app }: Fixture, key: string, lastEventId?: string) {
  if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const gone = new AbortController();
  t.after(() => gone.abort());
  const answer = await fetch(`http://127.0.0.1:${port}/v3/portal/events`, {
    headers: { authorization: `Bearer ${key}`, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
    signal: gone.signal,
  });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<Told | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const field = (name: string) =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
        if (field('event') !== '') return { event: field('event'), id: field('id'), data: JSON.parse(field('data')) };
        continue;
      }
      const read = await reader?.read().catch(() => undefined);
      if (!read || read.done) return undefined;
      text += read.value;
    }
  };
  return { answer, next, leave: () => gone.abort() };
}

test('who listens is told what changes, and where it is', async (t) => {
  const fixture = await service(t);
  const { answer, next } = await stream(t, fixture, fixture.admin);
  assert.match(String(answer.headers.get('content-type')), /^text\/event-stream/);
  assert.equal(answer.headers.get('cache-control'), 'no-store, no-transform');
  const hello = await next();
  assert.equal(hello?.event, 'hello');
  const { body } = await fixture.request('POST', '/v3/api-keys', { body: { name: 'robot' } });
  const told = await next();
  assert.deepEqual(
    [told?.event, told?.data],
    ['change', { kind: 'api-key', subject: body.id, action: 'api-key.created' }],
  );
  assert.ok(parsePosition(told?.id));
  const device = (await fixture.request('POST', '/v3/devices', { body: { name: 'new' } })).body;
  const kinds = new Set([(await next())?.data.subject, device.id]);
  assert.equal(kinds.size, 1);
});

test('nobody is told of what they may not see', async (t) => {
  const fixture = await service(t);
  const observer = await createApiKey(fixture.domain, operator(fixture.accountId), {
    name: 'o',
    groups: ['Observers'],
  });
  const { next } = await stream(t, fixture, observer.key);
  await next();
  await fixture.request('POST', '/v3/api-keys', { body: { name: 'secret plans' } });
  await fixture.request('POST', '/v3/users', { body: { email: 'a@example.com' } });
  const group = (await fixture.request('POST', '/v3/device-groups', { body: { name: 'floor' } })).body;
  assert.deepEqual((await next())?.data, { kind: 'device-group', subject: group.id, action: 'device-group.created' });
});

test('who comes back is told what it has missed; who was away too long is told to look anew', async (t) => {
  const fixture = await service(t);
  const first = await stream(t, fixture, fixture.admin);
  const hello = await first.next();
  first.leave();
  const make = (name: string) => fixture.request('POST', '/v3/device-groups', { body: { name } });
  await make('missed');
  const second = await stream(t, fixture, fixture.admin, hello?.id);
  assert.equal((await second.next())?.event, 'hello');
  assert.equal((await second.next())?.data.action, 'device-group.created');
  second.leave();
  for (let index = 0; index <= mostChanges; index++) await make(`group ${index}`);
  const third = await stream(t, fixture, fixture.admin, hello?.id);
  assert.equal((await third.next())?.event, 'reload');
  third.leave();
  const fourth = await stream(t, fixture, fixture.admin, 'nonsense');
  assert.equal((await fourth.next())?.event, 'hello');
});

test('a service that ends ends its streams', async (t) => {
  const fixture = await service(t);
  const { next } = await stream(t, fixture, fixture.admin);
  await next();
  const closed = fixture.app.close();
  assert.equal(await next(), undefined);
  await closed;
});

test('a caller has only so many streams', async (t) => {
  const fixture = await service(t);
  for (let index = 0; index < 10; index++) assert.equal((await stream(t, fixture, fixture.admin)).answer.status, 200);
  assert.equal((await stream(t, fixture, fixture.admin)).answer.status, 403);
  assert.equal((await stream(t, fixture, fixture.developer)).answer.status, 200);
});

test('of more changes than one can look at it is told that there were many, and a device once', async (t) => {
  const { domain, accountId, request } = await service(t);
  const from = await presentPosition(domain, accountId);
  const { id } = (await request('POST', '/v3/devices', { body: { name: 'a' } })).body;
  for (const name of ['b', 'c']) await request('PUT', `/v3/devices/${id}`, { body: { name } });
  const few = await changesAfter(domain, accountId, from);
  assert.equal(
    few.changes.filter(({ kind, subject }) => kind === 'device' && subject === id).length,
    4,
    'three audited, one event',
  );
  for (let index = 0; index <= mostChanges; index++)
    await request('POST', '/v3/devices', { body: { name: `d${index}` } });
  const many = await changesAfter(domain, accountId, from);
  assert.deepEqual(
    many.changes.map(({ kind, action, subject }) => [kind, action, subject]),
    [
      ['all', 'many', undefined],
      ['device', 'many', undefined],
    ],
  );
  assert.deepEqual((await changesAfter(domain, accountId, many.position)).changes, []);
  assert.deepEqual(parsePosition(positionText(many.position)), many.position);
  assert.equal(parsePosition('x.y'), undefined);
});

test('nothing is looked at while nobody listens', async (t) => {
  const { domain, accountId } = await service(t);
  let asked = 0;
  const timers = { now: () => 0, after: () => ({ cancel: () => void (asked -= 1) }) };
  const counting = {
    ...timers,
    after: (...args: Parameters<typeof timers.after>) => {
      asked += 1;
      return timers.after(...args);
    },
  };
  const feed = new Feed(domain, counting);
  const one = await feed.listen(accountId, () => undefined);
  const two = await feed.listen(accountId, () => undefined);
  assert.equal(asked, 1);
  one.end();
  assert.equal(asked, 1);
  two.end();
  assert.equal(asked, 0);
});
