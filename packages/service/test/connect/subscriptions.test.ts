import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wantedBy } from '../../src/connect/subscriptions/presubscription.ts';
import { connectService, light, listed, pulled } from './connect-fixture.ts';

const value = (text: string) => ({ code: 0x45, contentFormat: 0, payload: Buffer.from(text) });

test('a subscription: 202, the value of now, each notification to the key that asked and to no other', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device();
  fixture.links.connected.add(deviceId);
  await pulled(fixture, fixture.otherKey);
  const url = `/v2/subscriptions/${deviceId}/3200/0/5501`;
  assert.equal((await fixture.request('GET', url)).status, 404);
  const made = await fixture.request('PUT', url);
  assert.equal(made.status, 202);
  const first = await pulled(fixture);
  assert.deepEqual(first?.['async-responses'], [
    { id: made.body['async-response-id'], status: 200, ct: 'text/plain', payload: 'Nw==', 'max-age': '0' },
  ]);
  assert.equal((await fixture.request('PUT', url)).status, 200, 'the second time');
  assert.equal((await fixture.request('GET', url)).status, 200);

  await fixture.connect.notified(deviceId, '/3200/0/5501', value('8'));
  await fixture.connect.notified(deviceId, '/3201/0/5853', value('no one wants it'));
  assert.deepEqual(await pulled(fixture), {
    notifications: [{ ep: deviceId, path: '/3200/0/5501', ct: 'text/plain', payload: 'OA==', 'max-age': '60' }],
  });
  assert.equal(await pulled(fixture, fixture.otherKey), undefined);
});

test('the last one to unsubscribe ends the observation', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device();
  fixture.links.connected.add(deviceId);
  const url = `/v2/subscriptions/${deviceId}/3200/0/5501`;
  await fixture.request('PUT', url);
  await fixture.request('PUT', url, { key: fixture.otherKey });
  await fixture.request('DELETE', url);
  assert.deepEqual(fixture.links.cancelled, []);
  await fixture.request('DELETE', `/v2/subscriptions/${deviceId}`, { key: fixture.otherKey });
  assert.deepEqual(fixture.links.cancelled, [`${deviceId}/3200/0/5501`]);
  assert.deepEqual(await fixture.connect.subscriptions.wantedPaths(deviceId), []);
});

test('what a device refuses to have observed is no subscription', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device();
  fixture.links.connected.add(deviceId);
  fixture.links.answer = () => ({ code: 0x85, payload: new Uint8Array() });
  await fixture.request('PUT', `/v2/subscriptions/${deviceId}/3/0/0`);
  const [answer] = listed<{ status: number }>(await pulled(fixture), 'async-responses');
  assert.equal(answer?.status, 400);
  assert.equal((await fixture.request('GET', `/v2/subscriptions/${deviceId}/3/0/0`)).status, 404);
});

test('one that is away is observed when it comes: the path is wanted', async (t) => {
  const fixture = await connectService(t);
  const { deviceId } = await fixture.device();
  assert.equal((await fixture.request('PUT', `/v2/subscriptions/${deviceId}/3200/0/5501`)).status, 202);
  assert.deepEqual(await fixture.connect.subscriptions.wantedPaths(deviceId), ['/3200/0/5501']);
  const list = await fixture.request('GET', `/v2/subscriptions/${deviceId}`);
  assert.deepEqual([list.status, list.text], [200, '/3200/0/5501']);
});

test('subscriptions by hand end with a full registration; those by rule are made again', async (t) => {
  const fixture = await connectService(t);
  const device = await fixture.device();
  await fixture.request('PUT', `/v2/subscriptions/${device.deviceId}/3/0/0`);
  const rules = [{ 'endpoint-name': `${device.deviceId.slice(0, 8)}*`, 'resource-path': ['/3200/*'] }];
  assert.equal((await fixture.request('PUT', '/v2/subscriptions', { body: rules })).status, 204);
  assert.deepEqual((await fixture.request('GET', '/v2/subscriptions')).body, rules);
  assert.deepEqual(
    await fixture.connect.subscriptions.wantedPaths(device.deviceId),
    ['/3/0/0'],
    'not before it registers',
  );
  await fixture.connect.registrationUpdated(device);
  assert.deepEqual(await fixture.connect.subscriptions.wantedPaths(device.deviceId), ['/3/0/0', '/3200/0/5501']);
  await fixture.connect.registered(device);
  assert.deepEqual(await fixture.connect.subscriptions.wantedPaths(device.deviceId), ['/3200/0/5501']);
  await fixture.request('PUT', '/v2/subscriptions', { body: [] });
  await fixture.connect.registered(device);
  assert.deepEqual(await fixture.connect.subscriptions.wantedPaths(device.deviceId), []);
});

const device = {
  deviceId: '0170000000000000000000000000d001',
  accountId: '',
  endpointName: 'lamp',
  endpointType: 'Light',
  queueMode: false,
  resources: light,
};
const observable = ['/3200/0/5501', '/3201/0/5853', '/10252/0/2'];

const rules: [what: string, rule: Parameters<typeof wantedBy>[0], paths: string[]][] = [
  ['all of every device', {}, observable],
  ['one device', { endpointName: device.deviceId }, observable],
  ['another device', { endpointName: `${device.deviceId}0` }, []],
  ['the endpoint name is no device id', { endpointName: 'lamp' }, []],
  ['devices that begin alike', { endpointName: '0170*' }, observable],
  ['a type', { endpointType: 'Light' }, observable],
  ['another type', { endpointType: 'Ligh' }, []],
  ['one path', { paths: ['/3200/0/5501'] }, ['/3200/0/5501']],
  ['one path that is not marked as observable', { paths: ['/3/0/0'] }, ['/3/0/0']],
  ['a beginning has only what is observable', { paths: ['/3*'] }, ['/3200/0/5501', '/3201/0/5853']],
  ['several', { paths: ['/3201/*', '/10252/0/2'] }, ['/3201/0/5853', '/10252/0/2']],
  ['a path that is not there', { paths: ['/3200/0'] }, []],
];

for (const [what, rule, paths] of rules) {
  test(`rule: ${what}`, () => assert.deepEqual(wantedBy(rule, device), paths));
}

const malformed: [what: string, body: unknown][] = [
  ['no list', { 'endpoint-name': 'x' }],
  ['an entry that is no object', ['x']],
  ['a name of 65 characters', [{ 'endpoint-name': 'x'.repeat(65) }]],
  ['a path of 129 characters', [{ 'resource-path': ['/'.repeat(129)] }]],
  ['an empty list of paths', [{ 'resource-path': [] }]],
  ['257 paths', [{ 'resource-path': Array.from({ length: 257 }, (_, n) => `/${n}`) }]],
  ['1025 entries', Array.from({ length: 1025 }, () => ({}))],
];

for (const [what, body] of malformed) {
  test(`presubscriptions refused: ${what}`, async (t) => {
    const fixture = await connectService(t);
    assert.equal((await fixture.request('PUT', '/v2/subscriptions', { body })).status, 400);
    assert.deepEqual((await fixture.request('GET', '/v2/subscriptions')).body, []);
  });
}
