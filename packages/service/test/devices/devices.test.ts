import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { carried, type Devices, deviceServers, TestDevice } from './devices-fixture.ts';

/** What a channel of the key has to tell, until something of this kind came. */
async function told(devices: Devices, part: string): Promise<Record<string, unknown>[]> {
  for (;;) {
    const polled = await devices.connect.channels.poll(devices.key, AbortSignal.timeout(20_000));
    assert.ok(polled, `nothing came of ${part}`);
    polled.delivered();
    const entries = polled.message[part as 'notifications'];
    if (entries) return entries as Record<string, unknown>[];
  }
}

const ask = (devices: Devices, deviceId: string, method: 'GET' | 'PUT', uri: string, payload = '') =>
  devices.connect.requests.submit(devices.key, deviceId, {
    asyncId: `${method} ${uri}`,
    method,
    uri,
    ...(payload === '' ? {} : { contentFormat: 0 }),
    payload: Buffer.from(payload),
  });

test('a device that is flashed with a developer certificate joins, registers, is read, written, observed, and leaves', async (t) => {
  const devices = await deviceServers(t);
  const device = new TestDevice(await carried(devices));
  t.after(() => device.client.stop());
  await device.registered();
  const deviceId = device.internalEndpoint ?? assert.fail();

  const row = await devices.domain.storage.db.selectFrom('devices').selectAll().executeTakeFirstOrThrow();
  assert.deepEqual(
    [
      row.id,
      row.state,
      row.device_execution_mode,
      row.ca_id,
      row.endpoint_name,
      row.serial_number,
      row.vendor_id,
      row.device_class,
    ],
    [
      deviceId,
      'registered',
      1,
      devices.certificate.id,
      devices.certificate.id,
      'serial-7',
      '11'.repeat(16),
      '22'.repeat(16),
    ],
  );

  await ask(devices, deviceId, 'GET', '/3/0/0');
  const [read] = await told(devices, 'async-responses');
  assert.deepEqual(
    [read?.id, read?.status, read?.payload],
    ['GET /3/0/0', 200, Buffer.from('maker').toString('base64')],
  );

  await ask(devices, deviceId, 'PUT', '/3201/0/5853', 'on');
  const [written] = await told(devices, 'async-responses');
  assert.equal(written?.status, 200);
  assert.equal(device.light.read(5853), 'on');

  await devices.connect.subscriptions.subscribe(devices.key, deviceId, '/3200/0/5501');
  const [first] = await told(devices, 'async-responses');
  assert.equal(first?.payload, Buffer.from('0').toString('base64'));
  device.button.set(5501, 1);
  const [notified] = await told(devices, 'notifications');
  assert.deepEqual([notified?.path, notified?.payload], ['/3200/0/5501', Buffer.from('1').toString('base64')]);

  device.client.stop();
  assert.deepEqual(await told(devices, 'de-registrations'), [deviceId]);
  const after = await devices.domain.storage.db.selectFrom('devices').select('state').executeTakeFirstOrThrow();
  assert.equal(after.state, 'deregistered');
  assert.deepEqual(device.faults, []);
});

test('a client of Mbed Linux OS gets through as well', async (t) => {
  const devices = await deviceServers(t, { deviceLifetime: 600 });
  const device = new TestDevice(await carried(devices), '4.1');
  t.after(() => device.client.stop());
  await device.registered();
  assert.equal(device.client.lifetime, 600);
});

test('devices that share a certificate have ids of their own, and keep them by saying them again', async (t) => {
  const devices = await deviceServers(t);
  const [one, two] = [new TestDevice(await carried(devices)), new TestDevice(await carried(devices))];
  t.after(() => [one, two].map((device) => device.client.stop()));
  await one.registered();
  await two.registered();
  assert.notEqual(one.internalEndpoint, two.internalEndpoint);

  const before = one.internalEndpoint;
  const again = one.next(/^registered/);
  one.client.bootstrapNow();
  await again;
  assert.equal(one.internalEndpoint, before);
  const { count } = await devices.domain.storage.db
    .selectFrom('devices')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  assert.equal(Number(count), 2);
});

test('the id of a device that is connected cannot be taken by another with the same key', async (t) => {
  const devices = await deviceServers(t);
  const owner = new TestDevice(await carried(devices));
  const thief = new TestDevice(await carried(devices));
  t.after(() => [owner, thief].map((device) => device.client.stop()));
  await owner.registered();
  thief.internalEndpoint = owner.internalEndpoint;
  const refused = thief.next(/^not bootstrapped/);
  thief.client.start();
  assert.match(await refused, /4\.03/);
  const denial = await devices.domain.storage.db.selectFrom('denials').selectAll().executeTakeFirstOrThrow();
  assert.deepEqual([denial.reason, denial.endpoint_name], ['identity-live', devices.certificate.id]);
});

test('a registration outlives its connection and the servers: the device comes back with an update, and what was wanted is observed', async (t) => {
  const devices = await deviceServers(t);
  const device = new TestDevice(await carried(devices));
  t.after(() => device.client.stop());
  await device.registered();
  const deviceId = device.internalEndpoint ?? assert.fail();
  await devices.connect.subscriptions.subscribe(devices.key, deviceId, '/3200/0/5501');
  await told(devices, 'async-responses');
  const registered = device.reports.filter((report) => report.startsWith('registered')).length;

  const lost = device.next(/^lost/);
  await devices.restart();
  await lost;
  const row = await devices.domain.storage.db.selectFrom('registrations').select('device_id').executeTakeFirst();
  assert.equal(row?.device_id, deviceId);
  device.button.set(5501, 5);
  // The client waits 10 to 15 s before it comes again.
  while (devices.servers.connected === 0) await sleep(50);
  const values = [];
  while (values.at(-1) !== '5') {
    for (const { payload } of await told(devices, 'notifications'))
      values.push(Buffer.from(String(payload), 'base64').toString());
  }
  assert.equal(
    device.reports.filter((report) => report.startsWith('registered')).length,
    registered,
    'no second full registration',
  );
  assert.equal(device.internalEndpoint, deviceId);
});

test('a device that is deleted is cut off, and joins anew as another', async (t) => {
  const devices = await deviceServers(t);
  const device = new TestDevice(await carried(devices));
  t.after(() => device.client.stop());
  await device.registered();
  const before = device.internalEndpoint ?? assert.fail();
  const { deleteDevice } = await import('../../src/registry/devices/change.ts');
  const lost = device.next(/^lost/);
  await deleteDevice(devices.domain, devices.actor, before);
  await lost;
  const again = device.next(/^registered/);
  await again;
  assert.notEqual(device.internalEndpoint, before);
});
