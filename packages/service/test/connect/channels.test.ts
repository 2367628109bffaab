import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import WebSocket from 'ws';
import { connectService, type Fixture, listed, pulled } from './connect-fixture.ts';

const value = (text: string) => ({ code: 0x45, contentFormat: 0, payload: Buffer.from(text) });

async function subscribed(fixture: Fixture) {
  const device = await fixture.device();
  await fixture.request('PUT', `/v2/subscriptions/${device.deviceId}/3200/0/5501`);
  const tell = (text: string) => fixture.connect.notified(device.deviceId, '/3200/0/5501', value(text));
  return { device, tell };
}

async function settled(fixture: Fixture) {
  for (let turn = 0; turn < 50; turn++) await fixture.time.settle();
}

test('a poll that waits is answered as soon as there is something', async (t) => {
  const fixture = await connectService(t);
  const { device, tell } = await subscribed(fixture);
  const waiting = fixture.request('GET', '/v2/notification/pull');
  await settled(fixture);
  await tell('1');
  const answer = await waiting;
  assert.equal(answer.status, 200);
  assert.equal(answer.body.notifications[0].ep, device.deviceId);
});

test('a poll without news: 204 after half a minute; a second one at the same time: 409', async (t) => {
  const fixture = await connectService(t);
  const first = fixture.request('GET', '/v2/notification/pull');
  await settled(fixture);
  const second = await fixture.request('GET', '/v2/notification/pull');
  assert.deepEqual([second.status, second.text], [409, 'POLL_EXISTS']);
  await fixture.time.advance(30_000);
  assert.equal((await first).status, 204);
  assert.deepEqual((await fixture.request('GET', '/v2/notification/channel')).body, {
    delivery_mechanism: 'LONG_POLLING',
  });
  const callback = await fixture.request('PUT', '/v2/notification/callback', { body: { url: 'http://127.0.0.1:9' } });
  assert.deepEqual([callback.status, callback.text], [400, 'ANOTHER_CHANNEL_EXISTS']);
});

test('a pull channel: deleted while polled 410, not polled for ten minutes gone', async (t) => {
  const fixture = await connectService(t);
  const polled = fixture.request('GET', '/v2/notification/pull');
  await settled(fixture);
  assert.equal((await fixture.request('DELETE', '/v2/notification/pull')).status, 204);
  const answer = await polled;
  assert.deepEqual([answer.status, answer.text], [410, 'CHANNEL_DELETED']);
  assert.equal((await fixture.request('DELETE', '/v2/notification/pull')).text, 'ALREADY_DELETED');

  await pulled(fixture);
  await fixture.time.advance(9 * 60_000);
  await settled(fixture);
  assert.equal((await fixture.request('GET', '/v2/notification/channel')).status, 200);
  await fixture.time.advance(3 * 60_000);
  await settled(fixture);
  const gone = await fixture.request('GET', '/v2/notification/channel');
  assert.deepEqual([gone.status, gone.text], [404, 'CHANNEL_NOT_FOUND']);
});

test('registrations are told to every channel of the account, in the form of the contract', async (t) => {
  const fixture = await connectService(t);
  await pulled(fixture);
  await pulled(fixture, fixture.otherKey);
  const device = await fixture.device();
  await fixture.connect.registered(device);
  await fixture.connect.expired(device);
  const expected = {
    registrations: [
      {
        ep: device.deviceId,
        ept: 'default',
        q: false,
        resources: [
          { path: '/3/0/0', obs: false, rt: 'Manufacturer' },
          { path: '/3200/0/5501', obs: true },
          { path: '/3201/0/5853', obs: true },
          { path: '/10252/0/2', obs: true, rt: 'State' },
        ],
        'original-ep': 'lamp-1',
      },
    ],
    'registrations-expired': [device.deviceId],
  };
  assert.deepEqual(await pulled(fixture), expected);
  assert.deepEqual(await pulled(fixture, fixture.otherKey), expected);
});

test('a callback is tried with {}, then gets messages with its headers', async (t) => {
  const fixture = await connectService(t);
  const body = { url: 'https://app.example/hook', headers: { authorization: 'token' } };
  fixture.callbackStatus = 302;
  const refused = await fixture.request('PUT', '/v2/notification/callback', { body });
  assert.deepEqual([refused.status, refused.text], [400, 'CALLBACK_NOT_ACCESSIBLE']);
  assert.equal((await fixture.request('GET', '/v2/notification/callback')).status, 404);
  fixture.callbackStatus = 204;
  assert.equal((await fixture.request('PUT', '/v2/notification/callback', { body })).status, 204);
  const shown = await fixture.request('GET', '/v2/notification/callback');
  assert.deepEqual({ url: shown.body.url, headers: shown.body.headers }, body);

  const { device, tell } = await subscribed(fixture);
  await tell('1');
  await settled(fixture);
  const last = fixture.callbacks.at(-1);
  assert.deepEqual([last?.url, last?.headers], [body.url, body.headers]);
  assert.equal(JSON.parse(last?.body ?? '').notifications[0].ep, device.deviceId);
  assert.equal((await fixture.request('DELETE', '/v2/notification/callback')).status, 204);
});

test('a callback that fails is tried after 1, 2, 4 … 120 s; nothing is lost; after a day it is given up', async (t) => {
  const fixture = await connectService(t);
  await fixture.request('PUT', '/v2/notification/callback', { body: { url: 'http://app.example' } });
  const { tell } = await subscribed(fixture);
  fixture.callbackStatus = 500;
  const before = fixture.callbacks.length;
  await tell('1');
  await settled(fixture);
  await tell('2');
  for (let second = 0; second < 600; second++) {
    await fixture.time.advance(1000);
    await settled(fixture);
  }
  const attempts = fixture.callbacks.slice(before).map(({ at }) => at);
  const pauses = attempts.slice(1).map((at, index) => Math.round((at - (attempts[index] as number)) / 1000));
  assert.deepEqual(pauses.slice(0, 8), [1, 2, 4, 8, 16, 32, 64, 120]);
  fixture.callbackStatus = 200;
  await fixture.time.advance(120_000);
  await settled(fixture);
  assert.deepEqual(
    JSON.parse(fixture.callbacks.at(-1)?.body ?? '').notifications.map(({ payload }: { payload: string }) => payload),
    ['MQ==', 'Mg=='],
  );

  fixture.callbackStatus = undefined;
  await tell('3');
  for (let hour = 0; hour < 25; hour++) {
    for (let step = 0; step < 30; step++) {
      await fixture.time.advance(120_000);
      for (let turn = 0; turn < 8; turn++) await fixture.time.settle();
    }
  }
  assert.equal((await fixture.request('GET', '/v2/notification/callback')).status, 404);
});

const malformed: [what: string, body: unknown][] = [
  ['no URL', {}],
  ['another scheme', { url: 'ftp://app.example' }],
  ['headers that are no texts', { url: 'http://app.example', headers: { a: 1 } }],
  ['a header with a line break', { url: 'http://app.example', headers: { a: 'x\r\ny: z' } }],
  ['401 characters', { url: `http://app.example/${'x'.repeat(382)}` }],
  ['a serialization of another type', { url: 'http://app.example', serialization: { type: 'v3' } }],
  ['a chunk of 99', { url: 'http://app.example', serialization: { type: 'v2', max_chunk_size: 99 } }],
];
for (const [what, body] of malformed) {
  test(`callback refused: ${what}`, async (t) => {
    const fixture = await connectService(t);
    assert.equal((await fixture.request('PUT', '/v2/notification/callback', { body })).status, 400);
    assert.equal(fixture.callbacks.length, 0);
  });
}

test('the serialization that a channel asked for, with truths and numbers as texts', async (t) => {
  const fixture = await connectService(t);
  const serialization = {
    type: 'v2',
    max_chunk_size: '100',
    cfg: { deregistrations_as_object: 'true', include_uid: 'true', include_timestamp: true, include_original_ep: true },
  };
  await fixture.request('PUT', '/v2/notification/callback', { body: { url: 'http://app.example', serialization } });
  const device = await fixture.device();
  await fixture.connect.deregistered(device);
  await settled(fixture);
  const [entry] = JSON.parse(fixture.callbacks.at(-1)?.body ?? '')['de-registrations'];
  assert.match(entry.uid, /^[0-9a-f]{32}$/);
  assert.deepEqual(
    { ...entry, uid: 'some' },
    {
      ep: device.deviceId,
      'original-ep': device.endpointName,
      timestamp: fixture.time.clock.now().getTime(),
      uid: 'some',
    },
  );
});

test('a full queue drops the oldest', async (t) => {
  const fixture = await connectService(t);
  const { tell } = await subscribed(fixture);
  await pulled(fixture);
  for (let n = 0; n < 300; n++) await tell(String(n));
  const message = await pulled(fixture);
  const told = listed<{ payload: string }>(message, 'notifications').map(({ payload }) =>
    Number(Buffer.from(payload, 'base64').toString()),
  );
  assert.ok(told.length < 300);
  assert.equal(told.at(-1), 299);
  assert.deepEqual(
    told,
    Array.from({ length: told.length }, (_, n) => 300 - told.length + n),
  );
});

test('a channel belongs to its key: deleted with it', async (t) => {
  const fixture = await connectService(t);
  const { tell } = await subscribed(fixture);
  await pulled(fixture);
  await tell('1');
  await fixture.domain.storage.db.deleteFrom('api_keys').where('name', '=', 'one').execute();
  for (const table of ['notification_channels', 'notifications', 'subscriptions'] as const) {
    const rows = await fixture.domain.storage.db.selectFrom(table).selectAll().execute();
    assert.deepEqual(rows, [], table);
  }
});

interface Opened {
  socket: WebSocket;
  messages: Record<string, unknown[]>[];
  closed: Promise<number>;
}

async function open(
  t: { after(done: () => void): void },
  url: string,
  protocols: string[],
  headers = {},
): Promise<Opened> {
  const socket = new WebSocket(url, protocols, { headers });
  t.after(() => socket.terminate());
  const messages: Opened['messages'] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  const closed = once(socket, 'close').then(([code]) => code as number);
  await once(socket, 'open');
  return { socket, messages, closed };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a websocket: registered, opened both ways, gets messages, replaced by a newer one, closed with its channel', async (t) => {
  const fixture = await connectService(t);
  await fixture.app.listen({ port: 0, host: '127.0.0.1' });
  const url = `ws://127.0.0.1:${(fixture.app.server.address() as AddressInfo).port}/v2/notification/websocket-connect`;
  const bearer = { authorization: `Bearer ${fixture.key}` };

  const early = await open(t, url, [], bearer);
  assert.equal(await early.closed, 1011, 'no channel yet');
  assert.equal((await fixture.request('PUT', '/v2/notification/websocket', { body: {} })).status, 201);
  const again = await fixture.request('PUT', '/v2/notification/websocket', { body: {} });
  assert.deepEqual([again.status, again.body.status, again.body.queue_size], [200, 'disconnected', 0]);

  const { tell } = await subscribed(fixture);
  await tell('before');
  assert.equal((await fixture.request('GET', '/v2/notification/websocket')).body.queueSize, 1);
  const first = await open(t, url, [], bearer);
  await until(() => first.messages.length === 1);
  await tell('1');
  await until(() => first.messages.length === 2);
  assert.equal((await fixture.request('GET', '/v2/notification/websocket')).body.status, 'connected');

  // As a browser does it, which can set no headers.
  const second = await open(t, url, ['wss', `pelion_${fixture.key}`]);
  assert.equal(second.socket.protocol, 'wss');
  assert.equal(await first.closed, 1001);
  await tell('2');
  await until(() => second.messages.length === 1);
  assert.equal((await fixture.request('DELETE', '/v2/notification/websocket')).status, 204);
  assert.equal(await second.closed, 1000);
});

test('a websocket without a key, with a wrong one, and a plain GET are refused', async (t) => {
  const fixture = await connectService(t);
  await fixture.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = fixture.app.server.address() as AddressInfo;
  for (const protocols of [[], ['wss', 'pelion_ak_1wrong']]) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v2/notification/websocket-connect`, protocols);
    const [error] = await once(socket, 'error');
    assert.match(String(error), /401/);
  }
  const plain = await fixture.request('GET', '/v2/notification/websocket-connect');
  assert.deepEqual([plain.status, plain.text], [426, 'UPGRADE_REQUIRED']);
});

test('what waits for an application, and its channel, outlive a clock that is set', async (t) => {
  const fixture = await connectService(t);
  const { tell } = await subscribed(fixture);
  await pulled(fixture);
  await tell('1');
  await pulled(fixture);
  await tell('2');
  const pass = async (minutes: number) => {
    await fixture.time.advance(minutes * 60_000);
    await settled(fixture);
  };
  for (const set of ['2030-01-01T00:00:00Z', '2001-01-01T00:00:00Z']) {
    await pass(2);
    fixture.time.setClock(set);
    await pass(2);
    assert.equal((await fixture.request('GET', '/v2/notification/channel')).status, 200, set);
  }
  const { body } = await fixture.request('GET', '/v2/notification/pull');
  assert.ok(
    body.notifications.some(({ payload }: { payload: string }) => payload === Buffer.from('2').toString('base64')),
  );
});
