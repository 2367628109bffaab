import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes } from '@mooring/coap';
import {
  DeviceClient,
  type Flavour,
  type ObjectShape,
  ObjectTree,
  objectShape,
  type PelionPlan,
  parsePath,
  pathText,
  pelionFlavour,
  pelionServerShape,
  ServerObjectInstance,
  StoredInstance,
} from '../../src/index.ts';
import { textOf, utf8 } from '../bytes.ts';
import { fakeDevice, Service } from './service.ts';

const aid = '016c0000000000000000000000000001';
const deviceShape: ObjectShape = objectShape(3, [
  { id: 0, type: 'string', operations: 'R', autoObserved: true, published: true },
  { id: 4, type: 'none', operations: 'E' },
  { id: 11, type: 'integer', operations: 'R', multiple: true, observable: true },
  { id: 13, type: 'time', operations: 'RW' },
]);
const updateShape: ObjectShape = objectShape(10252, [
  { id: 1, type: 'opaque', operations: 'E', name: 'Package' },
  { id: 2, type: 'integer', operations: 'R', name: 'State', autoObserved: true, published: true },
]);
const buttonShape: ObjectShape = objectShape(3200, [{ id: 5501, type: 'integer', operations: 'R', observable: true }]);

const certificate = utf8('certificate of the device');
const plan: PelionPlan = {
  client: 'pelion',
  internalEndpoint: 'i1',
  lifetime: 3600,
  account: {
    serverUri: `coaps://lwm2m.example:5684?aid=${aid}`,
    serverAuthority: new Uint8Array(461).fill(1),
    credentials: { certificate, privateKey: new Uint8Array(121).fill(2) },
  },
};

class UpdateInstance extends StoredInstance {
  readonly manifests: Uint8Array[] = [];
  execute(_resourceId: number, payload: Uint8Array): undefined {
    this.manifests.push(payload);
    this.set(2, 2);
  }
}

function bench(flavour: Flavour = pelionFlavour({ generation: '4.13', clientVersion: '4.13.2' }), account = false) {
  const service = new Service('record');
  service.plan = plan;
  const host = fakeDevice(
    service,
    (to) => ({
      endpoint: 'e1',
      serverUri: to === 'bootstrap' ? `coaps://bootstrap.example?aid=${aid}` : plan.account.serverUri,
    }),
    { account },
  );
  const tree = new ObjectTree();
  const device = new StoredInstance([
    [0, 'maker'],
    [11, new Map([[0, 0]])],
    [13, new Date(0)],
  ]);
  const update = new UpdateInstance([[2, 1]]);
  const button = new StoredInstance([[5501, 0]]);
  tree.addObject(pelionServerShape);
  tree.addInstance(1, 0, new ServerObjectInstance(() => client, service.time.timers, 1, 'U'));
  tree.addObject(deviceShape);
  tree.addInstance(3, 0, device);
  tree.addObject(updateShape);
  tree.addInstance(10252, 0, update);
  tree.addObject(buttonShape);
  tree.addInstance(3200, 0, button);
  const client: DeviceClient = new DeviceClient({
    flavour,
    tree,
    host,
    lifetime: 7200,
    timers: service.time.timers,
    random: () => 0.5,
  });
  return { service, host, client, device, update, button, tree };
}

async function registered(flavour?: Flavour) {
  const made = bench(flavour, true);
  made.client.start();
  await made.service.time.advance(100);
  assert.equal(made.client.phase, 'registered');
  const { session } = made.service;
  assert.ok(session);
  return { ...made, session, time: made.service.time };
}

test('from nothing to registered: bootstrap with a key of the server, then registration', async () => {
  const { service, host, client } = bench();
  client.start();
  await service.time.advance(1000);
  assert.deepEqual(host.reports, [
    'connecting: bootstrap',
    'connected: bootstrap',
    'bootstrapped',
    'connecting: server',
    'connected: server',
    'registered',
  ]);
  assert.equal(client.phase, 'registered');
  assert.deepEqual(client.location, ['rd', 'account', 'e1']);
  assert.deepEqual(service.completed, [plan]);
  assert.equal(service.bootstrapRequests[0]?.accountId, aid);
  const [account] = host.stored[0]?.accounts ?? [];
  assert.deepEqual(account?.identity, certificate);
  assert.equal(account?.serverUri, plan.account.serverUri);
  assert.equal(account?.lifetime, 3600);
  const [registration] = service.registrations;
  assert.equal(registration?.lifetime, 3600);
  assert.equal(registration?.clientVersion, '4.13.2');
  assert.equal(registration?.accountId, aid);
  assert.deepEqual(service.failures, []);
  assert.deepEqual(service.faults, []);
  assert.deepEqual(host.faults, []);
});

test('a client of Mbed Linux OS waits until the server has closed', async () => {
  const { service, client, host } = bench(pelionFlavour({ generation: '4.1', clientVersion: '4.1.0' }));
  client.start();
  await service.time.advance(249);
  assert.equal(client.phase, 'bootstrapping');
  await service.time.advance(10);
  assert.equal(client.phase, 'registered');
  assert.ok(!host.reports.some((report) => report.startsWith('not')));
});

test('with a key that the device makes: the connection stays for the certificate', async () => {
  for (const generation of ['4.13', '4.1'] as const) {
    const { service, host, client } = bench(pelionFlavour({ generation, clientVersion: '4' }));
    const { credentials: _, ...account } = plan.account;
    service.plan = { ...plan, account };
    // Larger than a block, so that the device fetches it in two.
    const chain = [new Uint8Array(470).fill(7), new Uint8Array(450).fill(8)];
    service.certificates = chain;
    client.start();
    await service.time.advance(1000);
    assert.equal(textOf(service.certificateRequests[0] ?? utf8('')), 'request of i1');
    assert.deepEqual(host.stored[0]?.certificates, chain);
    assert.equal(client.phase, 'registered');
    assert.equal(service.completed.length, 1);
  }
});

test('a bootstrap that is refused, or cannot be stored, is tried again later and later', async () => {
  const { service, host, client } = bench();
  service.plan = { refused: codes.forbidden };
  client.start();
  await service.time.advance(12_000);
  assert.equal(service.bootstrapRequests.length, 1);
  assert.equal(service.failures[0]?.reason, 'refused');
  await service.time.advance(2_000);
  assert.equal(service.bootstrapRequests.length, 2);
  await service.time.advance(24_000);
  assert.equal(service.bootstrapRequests.length, 2);
  service.plan = plan;
  host.storeFails = true;
  await service.time.advance(3_000);
  assert.equal(service.bootstrapRequests.length, 3);
  assert.ok(host.reports.includes('not bootstrapped: the disk is full'));
  host.storeFails = false;
  await service.time.advance(60_000);
  assert.equal(client.phase, 'registered');
});

test('what a server reads, writes and executes', async () => {
  const { session, update, client, service, time } = await registered();
  const reading = await session.read([3, 0, 0]);
  assert.equal(reading.contentFormat, 0);
  assert.equal(textOf(reading.payload), 'maker');
  assert.equal(reading.maxAge, 0);
  const whole = await session.read([3, 0]);
  assert.equal(whole.contentFormat, 11542);
  assert.equal(Buffer.from(whole.payload).toString('hex'), 'c5006d616b6572830b410000c10d00');
  await assert.rejects(session.read([0, 0, 0]), {
    code: 'lwm2m.device.refused',
    data: { code: '4.04', path: '/0/0/0' },
  });
  await assert.rejects(session.read([3, 0, 99]), { data: { code: '4.04', path: '/3/0/99' } });
  await assert.rejects(session.read([3, 0, 4]), { data: { code: '4.05', path: '/3/0/4' } });
  await session.write([3, 0, 13], { kind: 'resource', id: 13, value: new Date(5000) });
  assert.deepEqual((await session.read([3, 0, 13])).node(), { kind: 'resource', id: 13, value: new Date(5000) });
  await assert.rejects(session.write([3, 0, 0], { payload: utf8('x') }), { data: { code: '4.05', path: '/3/0/0' } });
  await session.execute([10252, 0, 1], { contentFormat: 0, payload: utf8('manifest') });
  assert.deepEqual(update.manifests, [utf8('manifest')]);
  await assert.rejects(session.execute([3, 0, 0]), { data: { code: '4.05', path: '/3/0/0' } });

  // The lifetime, and the trigger for an update: both lead to one, after the answer.
  await session.write([1, 0, 1], { contentFormat: 0, payload: utf8('120') });
  await time.advance(10);
  assert.deepEqual(service.updates.at(-1), { endpointType: 'default', lifetime: 120 });
  await session.execute([1, 0, 8]);
  await time.advance(10);
  assert.deepEqual(service.updates.at(-1), { endpointType: 'default' });
  assert.equal(client.lifetime, 120);
});

test('auto-observation: the device notifies by itself, under the numbers of its registration', async () => {
  const { session, service, update, device, time } = await registered();
  const numbers = new Map(service.registrations[0]?.links.map((link) => [pathText(link.path), link.autoObserve]));
  assert.equal(numbers.get('/3/0/0'), 1);
  assert.equal(numbers.get('/10252/0/2'), 2);
  assert.equal(numbers.get('/3200/0/5501'), undefined);
  update.set(2, 4);
  device.set(0, 'other maker');
  await time.advance(10);
  assert.deepEqual(
    service.autoObserved.map(({ path, payload }) => [pathText(path), textOf(payload)]),
    [
      ['/10252/0/2', '4'],
      ['/3/0/0', 'other maker'],
    ],
  );
  // It cannot be observed besides.
  await assert.rejects(session.observe([10252, 0, 2], { notification: () => assert.fail() }), {
    data: { code: '4.00', path: '/10252/0/2' },
  });
});

test('what changes while the registration is under way, or while there is no connection, is told afterwards', async () => {
  const { service, client, update } = bench(undefined, true);
  client.start();
  await service.time.settle();
  update.set(2, 3);
  await service.time.advance(100);
  assert.deepEqual(service.autoObserved.map(({ payload }) => textOf(payload)).at(-1), '3');
  client.breakConnection();
  await service.time.advance(1000);
  assert.equal(client.phase, 'pausing');
  update.set(2, 8);
  await service.time.advance(15_000);
  assert.equal(client.phase, 'registered');
  assert.equal(service.registrations.length, 1);
  assert.deepEqual(service.updates, [{ endpointType: 'default', lifetime: 7200 }]);
  assert.deepEqual(service.autoObserved.map(({ payload }) => textOf(payload)).at(-1), '8');
});

test('a notification that was not acknowledged when the connection broke is sent again', async () => {
  const { service, host, client, update, time } = await registered();
  host.connections.at(-1)?.server.pause();
  update.set(2, 4);
  await time.advance(10);
  assert.deepEqual(service.autoObserved, []);
  client.breakConnection();
  await time.advance(20_000);
  assert.equal(client.phase, 'registered');
  assert.deepEqual(
    service.autoObserved.map(({ payload }) => textOf(payload)),
    ['4'],
  );
});

test('a device can wait until the server has heard', async () => {
  const { host, update, client, time, button } = await registered();
  update.set(2, 3);
  assert.equal(await client.heard([10252, 0, 2]), true);
  button.set(5501, 1);
  assert.equal(await client.heard([3200, 0, 5501]), false);
  host.connections.at(-1)?.server.pause();
  update.set(2, 4);
  let heard: boolean | undefined;
  void client.heard([10252, 0, 2]).then((told) => {
    heard = told;
  });
  await time.advance(1000);
  assert.equal(heard, undefined);
  client.breakConnection();
  await time.advance(10);
  assert.equal(heard, false);
});

test('a value that does not fit one message is read whole after its notification', async () => {
  const { service, device, time } = await registered();
  const long = 'maker '.repeat(200);
  device.set(0, long);
  await time.advance(100);
  assert.deepEqual(
    service.autoObserved.map(({ payload }) => textOf(payload)),
    [long],
  );
});

test('an observation is notified of, goes on over a new connection, and ends when it is cancelled', async () => {
  const { session, button, time, client, service } = await registered();
  const heard: string[] = [];
  const { observation, reading } = await session.observe([3200, 0, 5501], {
    notification: ({ payload }) => heard.push(textOf(payload)),
  });
  assert.equal(textOf(reading.payload), '0');
  button.set(5501, 1);
  await time.advance(10);
  button.set(5501, 2);
  button.set(5501, 3);
  await time.advance(10);
  assert.deepEqual(heard, ['1', '2', '3']);
  await observation.cancel();
  button.set(5501, 4);
  await time.advance(10);
  assert.deepEqual(heard, ['1', '2', '3']);
  client.breakConnection();
  await time.advance(20_000);
  assert.equal(service.faults.length, 0);
});

test('pmin, pmax and limits hold back what is not wanted', async () => {
  const { session, button, time } = await registered();
  const heard: [number, string][] = [];
  await session.writeAttributes(parsePath('/3200/0/5501'), { pmin: 10, pmax: 60 });
  const start = time.timers.now();
  await session.observe([3200, 0, 5501], {
    notification: ({ payload }) => heard.push([Math.round((time.timers.now() - start) / 1000), textOf(payload)]),
  });
  button.set(5501, 1);
  await time.advance(5_000);
  button.set(5501, 2);
  await time.advance(6_000);
  assert.deepEqual(heard, [[10, '2']]);
  await time.advance(60_000);
  assert.deepEqual(heard, [
    [10, '2'],
    [70, '2'],
  ]);
  await session.writeAttributes([3200, 0, 5501], { pmin: undefined, pmax: undefined, st: 5 });
  button.set(5501, 6);
  await time.advance(1000);
  button.set(5501, 7);
  await time.advance(1000);
  assert.deepEqual(heard.slice(2), [[72, '7']]);
  const [link] = await session.discover([3200, 0, 5501]);
  assert.deepEqual(Object.fromEntries(link?.attributes ?? []), { st: '5' });
  await assert.rejects(session.writeAttributes([3200, 0, 5501], { gt: 1, lt: 5 }), {
    data: { code: '4.00', path: '/3200/0/5501' },
  });
  await assert.rejects(session.writeAttributes([3, 0, 0], { gt: 1 }), { data: { code: '4.00', path: '/3/0/0' } });
});

test('what the device notifies of by itself keeps the periods that a server sets', async () => {
  const { session, service, update, time } = await registered();
  await session.writeAttributes([10252, 0, 2], { pmin: 10, pmax: 30 });
  await time.advance(31_000);
  update.set(2, 4);
  await time.advance(1_000);
  assert.deepEqual(
    service.autoObserved.map(({ payload }) => textOf(payload)),
    ['1'],
  );
  await time.advance(10_000);
  assert.deepEqual(
    service.autoObserved.map(({ payload }) => textOf(payload)),
    ['1', '4'],
  );
});

test('a registration that is refused leads to a new bootstrap; another error to a new attempt', async () => {
  const { service, host, client } = bench(undefined, true);
  service.refusal = codes.serviceUnavailable;
  client.start();
  await service.time.advance(100);
  assert.equal(client.phase, 'pausing');
  service.refusal = codes.forbidden;
  await service.time.advance(14_000);
  assert.equal(host.account, false);
  assert.equal(service.bootstrapRequests.length, 0);
  service.refusal = undefined;
  await service.time.advance(61_000);
  assert.equal(service.bootstrapRequests.length, 1);
  assert.equal(client.phase, 'registered');
});

test('a server that forgot the registration gets a new one over the same connection', async () => {
  const { service, client, time, host } = await registered();
  service.updateCode = codes.notFound;
  await time.advance(5_400_000);
  assert.equal(service.updates.length, 1);
  assert.equal(service.registrations.length, 2);
  assert.equal(host.connections.length, 1);
  assert.equal(client.phase, 'registered');
});

test('Max-Age in the answer to the registration sets the pace of updates', async () => {
  const { service, client } = bench(undefined, true);
  service.maxAge = 300;
  client.start();
  await service.time.advance(224_000);
  assert.equal(service.updates.length, 0);
  await service.time.advance(2_000);
  assert.equal(service.updates.length, 1);
});

test('objects that come and go are announced', async () => {
  const { service, tree, time, session } = await registered();
  tree.addInstance(3200, 1, new StoredInstance([[5501, 9]]));
  await time.advance(100);
  const links = service.updates.at(-1)?.links?.links.map(({ path }) => pathText(path));
  assert.ok(links?.includes('/3200/1/5501'));
  assert.equal(textOf((await session.read([3200, 1, 5501])).payload), '9');
});

test('stopping deregisters, and nothing is left waiting', async () => {
  const { service, client, time, host } = await registered();
  client.stop();
  await time.advance(100);
  assert.equal(client.phase, 'stopped');
  assert.deepEqual(service.deregistered, ['account/e1']);
  assert.equal(host.reports.at(-1), 'stopped');
  await time.runOut();
  assert.equal(time.waiting, 0);
});

test('a silent connection is tried after 9 to 14 minutes, and one that is dead is replaced', async () => {
  const { host, client, time, service } = await registered();
  await time.advance(20 * 60_000);
  assert.equal(host.connections.length, 1);
  host.connections[0]?.server.pause();
  await time.advance(16 * 60_000);
  assert.equal(host.connections.length, 2);
  assert.equal(client.phase, 'registered');
  assert.equal(service.registrations.length, 1);
});
