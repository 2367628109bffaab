import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectService, listed, pulled } from './connect-fixture.ts';

const ask = (deviceId: string, query = 'async-id=a1') => `/v2/device-requests/${deviceId}?${query}`;

/** Long enough for all that promises do, on a database in memory. */
async function settled(fixture: Awaited<ReturnType<typeof connectService>>) {
  for (let turn = 0; turn < 50; turn++) await fixture.time.settle();
}

test('a value is read: 202, and the answer on the channel under the caller’s id', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device();
  fixture.links.connected.add(deviceId);
  assert.equal(await pulled(fixture), undefined);

  const asked = await fixture.request('POST', ask(deviceId), { body: { method: 'GET', uri: '/3200/0/5501' } });
  assert.deepEqual([asked.status, asked.text], [202, '']);
  const message = await pulled(fixture);
  assert.deepEqual(message, {
    'async-responses': [{ id: 'a1', status: 200, ct: 'text/plain', payload: 'Nw==', 'max-age': '0' }],
  });
  assert.equal(await pulled(fixture), undefined, 'once');
});

test('method, payload, content type, accept and query reach the device', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device();
  fixture.links.connected.add(deviceId);
  await fixture.request('POST', ask(deviceId), {
    body: {
      method: 'PUT',
      uri: '/3201/0/5853?pmin=10&pmax=60',
      'content-type': 'application/octet-stream',
      accept: 'text/plain',
      'payload-b64': 'AAEC',
    },
  });
  await settled(fixture);
  const [asked] = fixture.links.asked;
  assert.deepEqual(
    { ...asked, payload: Buffer.from(asked?.payload ?? []).toString('hex') },
    {
      deviceId,
      method: 'PUT',
      path: '/3201/0/5853',
      query: ['pmin=10', 'pmax=60'],
      contentFormat: 42,
      accept: 0,
      payload: '000102',
    },
  );
});

test('what the device refuses has the status of the contract', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device();
  fixture.links.connected.add(deviceId);
  const expected: [code: number, status: number][] = [
    [0x44, 200],
    [0x45, 200],
    [0x80, 400],
    [0x84, 404],
    [0x85, 400],
    [0x8c, 412],
    [0x8d, 413],
    [0x8f, 415],
    [0xa0, 400],
  ];
  for (const [code] of expected) {
    fixture.links.answer = () => ({ code, payload: new Uint8Array() });
    await fixture.request('POST', ask(deviceId, `async-id=${code}`), { body: { method: 'POST', uri: '/3/0/4' } });
    await settled(fixture);
  }
  const message = await pulled(fixture);
  assert.deepEqual(
    listed<{ id: string; status: number }>(message, 'async-responses').map(({ id, status }) => [Number(id), status]),
    expected,
  );
});

const refused: [what: string, status: number, text: string, url: string, body: unknown][] = [
  ['no async-id', 400, 'MALFORMED_ASYNC_ID', '/v2/device-requests/DEVICE', { method: 'GET', uri: '/3/0/0' }],
  ['a body that is no JSON', 400, 'MALFORMED_JSON_CONTENT', '/v2/device-requests/DEVICE?async-id=1', '{'],
  ['no method', 400, 'MALFORMED_JSON_CONTENT', '/v2/device-requests/DEVICE?async-id=1', { uri: '/3/0/0' }],
  [
    'a resource that is not there',
    400,
    'RESOURCE_NOT_FOUND',
    '/v2/device-requests/DEVICE?async-id=1',
    { method: 'GET', uri: '/99' },
  ],
  [
    'a device that is not there',
    404,
    'DEVICE_NOT_FOUND',
    `/v2/device-requests/${'0'.repeat(32)}?async-id=1`,
    { method: 'GET', uri: '/3/0/0' },
  ],
  [
    'a media type without a number',
    400,
    'UNSUPPORTED_MEDIA_TYPE',
    '/v2/device-requests/DEVICE?async-id=1',
    { method: 'PUT', uri: '/3/0/0', 'content-type': 'image/x-thing' },
  ],
];

for (const [what, status, text, url, body] of refused) {
  test(`refused: ${what}`, async (t) => {
    const fixture = await connectService(t);
    const { deviceId } = await fixture.device();
    const answer = await fixture.request('POST', url.replace('DEVICE', deviceId), { body });
    assert.deepEqual([answer.status, answer.text], [status, text]);
    assert.match(String(answer.headers['content-type']), /^text\/plain/);
  });
}

test('a device that is away: 503 without retries; with them the request waits and is made when it comes', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device();
  await fixture.request('POST', ask(deviceId, 'async-id=now'), { body: { method: 'GET', uri: '/3/0/0' } });
  await fixture.request('POST', ask(deviceId, 'async-id=later&retry=1'), { body: { method: 'GET', uri: '/3/0/0' } });
  assert.deepEqual((await pulled(fixture))?.['async-responses'], [
    { id: 'now', status: 503, error: 'NOT_CONNECTED', payload: '' },
  ]);
  fixture.links.connected.add(deviceId);
  fixture.connect.reachable(deviceId);
  const [answer] = listed<{ id: string; status: number }>(await pulled(fixture), 'async-responses');
  assert.deepEqual([answer?.id, answer?.status], ['later', 200]);
});

test('a device in queue mode has retries by default, and gets its requests in order, one at a time', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device(undefined, { queueMode: true });
  for (const id of ['a', 'b', 'c']) {
    await fixture.request('POST', ask(deviceId, `async-id=${id}`), { body: { method: 'POST', uri: `/3/0/${id}` } });
  }
  let open = 0;
  let most = 0;
  fixture.links.answer = async () => {
    most = Math.max(most, ++open);
    await fixture.time.settle();
    open--;
    return { code: 0x44, payload: new Uint8Array() };
  };
  fixture.links.connected.add(deviceId);
  fixture.connect.reachable(deviceId);
  fixture.connect.reachable(deviceId);
  for (let turn = 0; fixture.links.asked.length < 3 && turn < 1000; turn++) await fixture.time.settle();
  await settled(fixture);
  const message = await pulled(fixture);
  assert.deepEqual(
    listed<{ id: string }>(message, 'async-responses').map(({ id }) => id),
    ['a', 'b', 'c'],
  );
  assert.equal(most, 1);
  assert.deepEqual(
    fixture.links.asked.map(({ path }) => path),
    ['/3/0/a', '/3/0/b', '/3/0/c'],
  );
});

test('a device that does not answer: 504 when the retries are used up', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device();
  fixture.links.connected.add(deviceId);
  fixture.links.answer = () => 'no-answer';
  await fixture.request('POST', ask(deviceId, 'async-id=x&retry=2'), { body: { method: 'GET', uri: '/3/0/0' } });
  for (const attempts of [1, 2, 3]) {
    await settled(fixture);
    assert.equal(fixture.links.asked.length, attempts);
    fixture.connect.reachable(deviceId);
  }
  assert.deepEqual((await pulled(fixture))?.['async-responses'], [
    { id: 'x', status: 504, error: 'TIMEOUT', payload: '' },
  ]);
});

test('what waits too long expires, also after the service was started anew', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device();
  await fixture.request('POST', ask(deviceId, 'async-id=x&retry=1&expiry-seconds=3600'), {
    body: { method: 'GET', uri: '/3/0/0' },
  });
  await settled(fixture);
  fixture.connect.requests.stop();
  const again = new (await import('../../src/connect/index.ts')).Connect(fixture.domain, {
    timers: fixture.time.timers,
  });
  t.after(async () => again.stop());
  await again.start(fixture.links);
  await fixture.time.advance(3599_000);
  assert.equal(await again.channels.queue.length((await keyId(fixture)) ?? ''), 0);
  await fixture.time.advance(2_000);
  await settled(fixture);
  assert.deepEqual((await pulled(fixture))?.['async-responses'], [
    { id: 'x', status: 429, error: 'REQUEST_EXPIRED', payload: '' },
  ]);
});

async function keyId(fixture: Awaited<ReturnType<typeof connectService>>): Promise<string | undefined> {
  const row = await fixture.domain.storage.db
    .selectFrom('api_keys')
    .select('id')
    .where('name', '=', 'one')
    .executeTakeFirst();
  return row?.id;
}

test('at most 20 requests wait for a device; a request of the older interface says 429', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device();
  const one = (n: number) =>
    fixture.request('POST', ask(deviceId, `async-id=${n}&retry=1`), { body: { method: 'GET', uri: '/3/0/0' } });
  for (let n = 0; n < 20; n++) assert.equal((await one(n)).status, 202);
  const full = await one(20);
  assert.deepEqual([full.status, full.text], [400, 'QUEUE_IS_FULL']);
  const older = await fixture.request('GET', `/v2/endpoints/${deviceId}/3/0/0`);
  assert.deepEqual([older.status, older.text], [429, 'QUEUE_IS_FULL']);
});

test('a registration that ends takes what waits with it', async (t) => {
  const fixture = await connectService(t);
  const device = await fixture.device();
  await pulled(fixture);
  await fixture.request('POST', ask(device.deviceId, 'async-id=x&retry=1'), { body: { method: 'GET', uri: '/3/0/0' } });
  await settled(fixture);
  await fixture.connect.deregistered(device);
  assert.deepEqual(await pulled(fixture), {
    'async-responses': [{ id: 'x', status: 429, error: 'DEVICE_REMOVED_REGISTRATION', payload: '' }],
    'de-registrations': [device.deviceId],
  });
});

test('the older interface: async id, then the fresh value from the cache, until it is written', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device();
  fixture.links.connected.add(deviceId);
  fixture.links.answer = () => ({ code: 0x45, contentFormat: 0, maxAge: 300, payload: Buffer.from('42') });
  const url = `/v2/endpoints/${deviceId}/3200/0/5501`;
  assert.equal((await fixture.request('GET', `${url}?cacheOnly=true`)).status, 205);
  const asked = await fixture.request('GET', url);
  assert.equal(asked.status, 202);
  const [answer] = listed<{ id: string }>(await pulled(fixture), 'async-responses');
  assert.equal(answer?.id, asked.body['async-response-id']);
  const cached = await fixture.request('GET', url);
  assert.deepEqual([cached.status, cached.text, cached.headers['content-type']], [200, '42', 'text/plain']);
  assert.equal(
    (await fixture.request('PUT', url, { body: '43', headers: { 'content-type': 'text/plain' } })).status,
    202,
  );
  await settled(fixture);
  assert.equal(Buffer.from(fixture.links.asked.at(-1)?.payload ?? []).toString(), '43');
  assert.equal((await fixture.request('GET', `${url}?cacheOnly=true`)).status, 205);
  await fixture.request('GET', url);
  await settled(fixture);
  await fixture.time.advance(301_000);
  assert.equal((await fixture.request('GET', `${url}?cacheOnly=true`)).status, 205, 'no longer fresh');
  assert.equal((await fixture.request('GET', `${url}?noResp=true`)).status, 409);
  assert.equal((await fixture.request('GET', `/v2/endpoints/${'0'.repeat(32)}/3/0/0`)).status, 410);
});

test('the resources of a device', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device();
  for (const slash of ['', '/']) {
    const answer = await fixture.request('GET', `/v2/endpoints/${deviceId}${slash}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, [
      { uri: '/3/0/0', rt: 'Manufacturer', obs: false },
      { uri: '/3200/0/5501', obs: true },
      { uri: '/3201/0/5853', obs: true },
      { uri: '/10252/0/2', rt: 'State', obs: true },
    ]);
  }
});
