import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes } from '@mooring/coap';
import {
  DeviceClient,
  type DeviceHost,
  entriesOf,
  type Flavour,
  instance,
  multiple,
  ObjectTree,
  objectShape,
  pathText,
  resource,
  resourceInstance,
  ServerObjectInstance,
  type StandardPlan,
  StoredInstance,
  standardFlavour,
  standardServerShape,
} from '../../src/index.ts';
import { textOf, utf8 } from '../bytes.ts';
import { fakeDevice, Service } from './service.ts';

const plan: StandardPlan = {
  client: 'standard',
  accounts: [
    {
      serverUri: 'coaps://lwm2m.example',
      shortServerId: 7,
      lifetime: 300,
      security: { mode: 'psk', identity: utf8('me'), key: utf8('secret') },
    },
  ],
};

const deviceShape = objectShape(
  3,
  [
    { id: 0, type: 'string', operations: 'R' },
    { id: 6, type: 'integer', operations: 'R', multiple: true },
    { id: 9, type: 'integer', operations: 'R' },
    { id: 14, type: 'string', operations: 'RW' },
    { id: 15, type: 'string', operations: 'RW' },
  ],
  '1.1',
);
const binaryShape = objectShape(19, [
  { id: 0, type: 'opaque', operations: 'RW', multiple: true },
  { id: 1, type: 'integer', operations: 'RW' },
]);
const temperatureShape = objectShape(3303, [{ id: 5700, type: 'float', operations: 'R' }]);

/** The account of the bootstrap server itself, as it is in a device from the factory. */
const accounts: DeviceHost['accounts'] = () => new Map([[0, new Map([[0, new Map([[1, resource(1, true)]])]])]]);

function bench(flavour: Flavour, account = true) {
  const service = new Service(flavour.framing);
  service.plan = plan;
  const host = fakeDevice(service, () => ({ endpoint: 'urn:dev:1', serverUri: 'coaps://lwm2m.example' }), {
    account,
    accounts,
  });
  const tree = new ObjectTree();
  const device = new StoredInstance([
    [0, 'maker'],
    [
      6,
      new Map([
        [0, 1],
        [2, 5],
      ]),
    ],
    [9, 80],
    [14, '+01:00'],
    [15, 'Europe/Vaduz'],
  ]);
  const temperature = new StoredInstance([[5700, 21.5]]);
  tree.addObject(standardServerShape(flavour.version));
  tree.addInstance(1, 0, new ServerObjectInstance(() => client, service.time.timers, 7, 'U'));
  tree.addObject(deviceShape);
  tree.addInstance(3, 0, device);
  tree.addObject(temperatureShape);
  tree.addInstance(3303, 0, temperature);
  tree.addObject(binaryShape, {
    create: (_id, resources) =>
      new StoredInstance(resources.map((one) => [one.id, one.kind === 'resource' ? one.value : one.values])),
    remove: () => true,
  });
  const client: DeviceClient = new DeviceClient({
    flavour,
    tree,
    host,
    lifetime: 600,
    timers: service.time.timers,
    random: () => 0.5,
  });
  return { service, host, tree, device, temperature, client };
}

async function registered(flavour: Flavour) {
  const made = bench(flavour);
  made.client.start();
  await made.service.time.advance(100);
  assert.equal(made.client.phase, 'registered', made.host.reports.join());
  const { session } = made.service;
  assert.ok(session);
  return { ...made, session, time: made.service.time };
}

const refused = (code: string, path: string) => ({ code: 'lwm2m.device.refused', data: { code, path } });

for (const version of ['1.0', '1.1'] as const) {
  for (const framing of ['stream', 'datagram'] as const) {
    const flavour = standardFlavour({ version, framing });
    const name = `${version} over ${framing}s`;

    test(`${name}: from nothing to registered`, async () => {
      const { service, host, client } = bench(flavour, false);
      client.start();
      await service.time.advance(10_000);
      assert.equal(client.phase, 'registered', host.reports.join());
      assert.deepEqual(service.failures, []);
      assert.deepEqual(service.completed, [plan]);
      const [account] = host.stored[0]?.accounts ?? [];
      assert.equal(account?.serverUri, 'coaps://lwm2m.example');
      assert.deepEqual(account?.secretKey, utf8('secret'));
      assert.equal(account?.shortServerId, 7);
      assert.equal(client.lifetime, 300);
      const [registration] = service.registrations;
      assert.equal(registration?.version, version);
      assert.equal(registration?.lifetime, 300);
      assert.equal(registration?.endpoint, 'urn:dev:1');
      assert.deepEqual(
        registration?.links.map(({ path, version: v }) => `${pathText(path)}${v ? ` ${v}` : ''}`),
        [...(version === '1.1' ? ['/1 1.1'] : []), '/1/0', '/3 1.1', '/3/0', '/3303/0', '/19'],
      );
    });

    test(`${name}: reads, writes, discovers, creates and deletes`, async () => {
      const { session, tree, device } = await registered(flavour);
      assert.equal(textOf((await session.read([3, 0, 0])).payload), 'maker');
      const whole = await session.read([3]);
      assert.equal(whole.contentFormat, version === '1.0' ? 11542 : 112);
      assert.deepEqual(whole.node(), tree.read([3]));
      for (const accept of [11542, 110, 112]) {
        const reading = await session.read([3, 0], { accept });
        assert.equal(reading.contentFormat, accept);
        assert.deepEqual(reading.node(), tree.read([3, 0]));
      }
      assert.deepEqual((await session.read([3, 0, 6, 2])).node(), resourceInstance(2, 5));
      assert.deepEqual(
        (await session.read([3, 0, 6])).node(),
        multiple(6, [
          [0, 1],
          [2, 5],
        ]),
      );
      assert.equal(textOf((await session.read([3, 0, 9], { accept: 60 })).payload), '\u0018P');
      await assert.rejects(session.read([3, 0], { accept: 0 }), refused('4.06', '/3/0'));
      await assert.rejects(session.read([0]), refused('4.01', '/0'));
      await assert.rejects(session.read([3, 5]), refused('4.04', '/3/5'));

      await session.write([3, 0, 14], resource(14, '+02:00'));
      assert.equal(device.read(14), '+02:00');
      await session.write([3, 0], instance(0, [resource(14, '+03:00')]), 'update');
      assert.equal(device.read(15), 'Europe/Vaduz');
      await session.write([3, 0], instance(0, [resource(14, '+04:00')]));
      assert.deepEqual([device.read(14), device.read(15)], ['+04:00', undefined]);
      await assert.rejects(session.write([3, 0], instance(0, [resource(0, 'x')])), refused('4.05', '/3/0'));
      await assert.rejects(
        session.write([3, 0, 14], { contentFormat: 50, payload: utf8('{}') }),
        refused('4.15', '/3/0/14'),
      );
      await assert.rejects(
        session.write([3, 0, 14], { contentFormat: 11542, payload: utf8('zz') }),
        refused('4.00', '/3/0/14'),
      );

      await session.writeAttributes([3, 0], { pmin: 5 });
      const links = await session.discover([3, 0]);
      assert.deepEqual(
        links.map(({ target, attributes }) => [target, Object.fromEntries(attributes)]),
        [
          ['/3/0', { pmin: '5' }],
          ['/3/0/0', {}],
          ['/3/0/6', { dim: '2' }],
          ['/3/0/9', {}],
          ['/3/0/14', {}],
        ],
      );
      assert.equal((await session.discover([3]))[0]?.attributes.get('ver'), '1.1');

      assert.equal(await session.create(19, instance(4, [multiple(0, [[0, utf8('a')]]), resource(1, 2)])), 4);
      assert.equal(await session.create(19, [resource(1, 3)]), 0);
      assert.deepEqual(tree.read([19, 0]), instance(0, [resource(1, 3)]));
      await session.write([19, 4, 0], multiple(0, [[1, utf8('b')]]), 'update');
      assert.deepEqual(
        tree.read([19, 4, 0]),
        multiple(0, [
          [0, utf8('a')],
          [1, utf8('b')],
        ]),
      );
      await session.write([19, 4, 0], multiple(0, [[3, utf8('c')]]));
      assert.deepEqual(tree.read([19, 4, 0]), multiple(0, [[3, utf8('c')]]));
      await session.write([19, 4, 0, 5], resourceInstance(5, utf8('d')));
      assert.deepEqual(
        tree.read([19, 4, 0]),
        multiple(0, [
          [3, utf8('c')],
          [5, utf8('d')],
        ]),
      );
      await assert.rejects(session.create(19, instance(4, [])), refused('4.00', '/19'));
      await assert.rejects(session.create(3, instance(1, [])), refused('4.05', '/3'));
      await session.delete([19, 4]);
      await assert.rejects(session.delete([19, 4]), refused('4.04', '/19/4'));
      await assert.rejects(session.delete([3, 0]), refused('4.05', '/3/0'));
    });

    test(`${name}: long values travel in blocks, both ways`, async () => {
      const { session, tree } = await registered(flavour);
      const large = new Uint8Array(20_000).map((_, index) => index);
      await session.create(19, instance(0, [multiple(0, [[0, large]])]));
      assert.deepEqual(tree.read([19, 0, 0]), multiple(0, [[0, large]]));
      const reading = await session.read([19, 0]);
      assert.deepEqual(reading.node(), tree.read([19, 0]));
    });

    test(`${name}: observes, and ends with the connection; the registration goes on`, async () => {
      const { session, temperature, time, client, service } = await registered(flavour);
      const heard: string[] = [];
      const ended: unknown[] = [];
      const { reading } = await session.observe([3303, 0], {
        notification: (one) =>
          heard.push(one.node().kind === 'instance' ? JSON.stringify(entriesOf([3303, 0], one.node())) : '?'),
        ended: (why) => ended.push(why),
      });
      assert.deepEqual(reading.node(), instance(0, [resource(5700, 21.5)]));
      temperature.set(5700, 22);
      await time.advance(100);
      assert.deepEqual(heard, ['[{"path":[3303,0,5700],"value":22}]']);
      client.breakConnection();
      await time.advance(1000);
      if (framing === 'stream') assert.equal(ended.length, 1);
      await time.advance(20_000);
      assert.equal(client.phase, 'registered');
      assert.equal(service.registrations.length, 1);
      assert.deepEqual(service.updates, [{ lifetime: 600 }]);
      temperature.set(5700, 23);
      await time.advance(100);
      assert.equal(heard.length, 1);
    });
  }
}

test('1.1: composite operations, and values that the device sends of itself', async () => {
  const { session, device, temperature, time, client, service } = await registered(
    standardFlavour({ version: '1.1', framing: 'stream' }),
  );
  const paths = [[3, 0, 0], [3303], [1, 0, 1]];
  const expected = [
    { path: [3, 0, 0], value: 'maker' },
    { path: [3303, 0, 5700], value: 21.5 },
    { path: [1, 0, 1], value: 600 },
  ];
  assert.deepEqual(await session.readComposite(paths), expected);
  assert.deepEqual(await session.readComposite([[77], [3, 0, 0]]), expected.slice(0, 1));
  const heard: unknown[] = [];
  const { entries } = await session.observeComposite(paths, { notification: (all) => heard.push(all) });
  assert.deepEqual(entries, expected);
  temperature.set(5700, 30);
  await time.advance(10);
  assert.deepEqual(heard, [[expected[0], { path: [3303, 0, 5700], value: 30 }, expected[2]]]);
  await session.writeComposite([
    { path: [3, 0, 14], value: '+05:00' },
    { path: [3, 0, 15], value: 'Asia/Karachi' },
  ]);
  assert.deepEqual([device.read(14), device.read(15)], ['+05:00', 'Asia/Karachi']);
  // One that cannot be written keeps the others from being written.
  await assert.rejects(
    session.writeComposite([
      { path: [3, 0, 14], value: 'x' },
      { path: [3, 0, 0], value: 'y' },
    ]),
    refused('4.05', 'several paths'),
  );
  assert.equal(device.read(14), '+05:00');
  assert.equal((await client.send([[3303, 0]]))?.code, codes.changed);
  assert.deepEqual(service.sent, [{ path: [3303, 0, 5700], value: 30 }]);
  const renewal = await client.request({ method: 'POST', path: ['est', 'LWM2M', 'sen'], payload: utf8('csr') });
  assert.equal(textOf(renewal?.payload ?? utf8('')), 'LWM2M');
});

test('1.1: a server disables the device, and has it bootstrapped anew', async () => {
  const { session, client, service, time, host } = await registered(
    standardFlavour({ version: '1.1', framing: 'stream' }),
  );
  await session.write([1, 0, 5], resource(5, 30));
  await session.execute([1, 0, 4]);
  await time.advance(100);
  assert.equal(client.phase, 'pausing');
  assert.deepEqual(service.deregistered, ['account/urn:dev:1']);
  await time.advance(31_000);
  assert.equal(client.phase, 'registered');
  assert.equal(service.registrations.length, 2);
  await service.session?.execute([1, 0, 9]);
  await time.advance(10_000);
  assert.equal(service.completed.length, 1);
  assert.equal(client.phase, 'registered', host.reports.join());
  assert.equal(service.registrations.length, 3);
  // A bootstrap that is refused leaves the device with the account that it has.
  service.plan = { refused: codes.forbidden };
  await service.session?.execute([1, 0, 9]);
  await time.advance(20_000);
  assert.equal(service.registrations.length, 4);
  assert.equal(client.phase, 'registered');
});

test('1.0 knows no composite operations', async () => {
  const { session } = await registered(standardFlavour({ version: '1.0', framing: 'datagram' }));
  await assert.rejects(session.readComposite([[3]]), refused('4.05', 'several paths'));
});

test('a device that lost messages is still bootstrapped and registered', async () => {
  const flavour = standardFlavour({ version: '1.1', framing: 'datagram' });
  const { service, host, client } = bench(flavour, false);
  // Every third message of each side is lost, every fifth comes twice.
  host.connect = async (to, signal) => {
    const pair = service.accept(to, {
      fate: ({ index, data }) => (data.length > 0 && index % 3 === 2 ? [] : index % 5 === 0 ? [0, 1] : [0]),
    });
    signal.throwIfAborted();
    return pair.client;
  };
  client.start();
  await service.time.advance(200_000);
  assert.equal(client.phase, 'registered', host.reports.join());
  assert.equal(service.completed.length, 1);
});

test('the queue mode is said as each version says it', async () => {
  const old = await registered(standardFlavour({ version: '1.0', framing: 'datagram', queueMode: true }));
  assert.equal(old.service.registrations[0]?.queueMode, true);
  const young = await registered(standardFlavour({ version: '1.1', framing: 'datagram', queueMode: true }));
  assert.equal(young.service.registrations[0]?.queueMode, true);
  assert.equal(young.service.registrations[0]?.binding, 'U');
});

test('requests that make no sense are refused, and nothing breaks', async () => {
  const { session, service, host } = await registered(standardFlavour({ version: '1.1', framing: 'stream' }));
  const cases: [Parameters<typeof session.request>[0], number][] = [
    [{ method: 'GET', path: ['x'] }, codes.notFound],
    [{ method: 'GET', path: ['3', '0', '0', '0', '0'] }, codes.notFound],
    [{ method: 'GET', path: [] }, codes.methodNotAllowed],
    [{ method: 'PATCH', path: ['3'] }, codes.methodNotAllowed],
    [{ method: 'PUT', path: ['3'], payload: utf8('') }, codes.methodNotAllowed],
    [{ method: 'PUT', path: ['3', '0'], query: ['pmin=-1'] }, codes.badRequest],
    [{ method: 'PUT', path: ['3', '0'], query: ['other=1'] }, codes.badRequest],
    [{ method: 'PUT', path: ['3', '9'], query: ['pmin=1'] }, codes.notFound],
    [{ method: 'POST', path: ['3', '0', '0'] }, codes.methodNotAllowed],
    [{ method: 'POST', path: ['3', '0', '77'] }, codes.notFound],
    [{ method: 'DELETE', path: ['3', '0', '0'] }, codes.methodNotAllowed],
    [{ method: 'FETCH', path: [], payload: utf8('x'), contentFormat: 110 }, codes.badRequest],
    [{ method: 'FETCH', path: [], payload: utf8('[]'), contentFormat: 0 }, codes.unsupportedContentFormat],
    [{ method: 'iPATCH', path: ['3'], payload: utf8('[]'), contentFormat: 110 }, codes.methodNotAllowed],
    [{ method: 'GET', path: ['3', '0', '6', '0'], accept: 40 }, codes.badRequest],
  ];
  for (const [request, code] of cases) {
    assert.equal((await session.request(request)).code, code, JSON.stringify(request));
  }
  assert.deepEqual(service.faults, []);
  assert.deepEqual(host.faults, []);
});
