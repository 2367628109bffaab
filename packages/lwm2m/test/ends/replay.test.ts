import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DeviceClient,
  encodeCertificateChain,
  ObjectTree,
  objectShape,
  type PelionPlan,
  pelionFlavour,
  pelionSecurityObject,
  pelionServerObject,
  pelionServerShape,
  ServerObjectInstance,
  StoredInstance,
} from '../../src/index.ts';
import { hexOf, utf8 } from '../bytes.ts';
import { c413, mbl } from '../registration/real-devices.ts';
import { fakeDevice, Service } from './service.ts';
import { Wire } from './wire.ts';

const aid = '016c0000000000000000000000000001';
const endpoint = '0170000000000000000000000000d001';
const text = (value: string) => hexOf(utf8(value));

const plan: PelionPlan = {
  client: 'pelion',
  internalEndpoint: endpoint,
  lifetime: 3600,
  account: {
    serverUri: `coaps://127.0.0.1:5684?aid=${aid}x`,
    serverAuthority: new Uint8Array(0x1cd).fill(0x31),
    credentials: { certificate: new Uint8Array(0x20a).fill(0x30), privateKey: new Uint8Array(0x79).fill(0x32) },
  },
};

/** POST /bs of mbed-cloud-client, Max-Age 0 among its options. */
const bootstrapRequest = (id: string, version: string) =>
  `4402${id}abd4d9d7 b26273 30 1d16${text(`ep=${endpoint}`)} 0d17${text(`aid=${aid}`)} 0${(5 + version.length).toString(16)}${text(`mccv=${version}`)}`;

test('a whole bootstrap of C4.13, message for message as on the wire', async () => {
  const service = new Service('record');
  service.plan = plan;
  const device = new Wire(service.accept('bootstrap').client);
  const { time } = service;
  device.say(bootstrapRequest('a797', '4.13.2'));
  await time.advance(1);
  assert.equal(device.heard[0], '6444a797abd4d9d7');
  // CON DELETE /0
  assert.equal(Wire.shape(device.heard[1]), '4404…b130');
  device.say(`6442${Wire.idOf(device.heard[1])}${Wire.tokenOf(device.heard[1])}`);
  await time.advance(1);
  // CON PUT /0, TLV, in three blocks of 512 bytes under one token
  const security = hexOf(pelionSecurityObject(plan.account));
  const token = Wire.tokenOf(device.heard[2]);
  const blocks = [
    ['0d', security.slice(0, 1024), '00'],
    ['1d', security.slice(1024, 2048), '10'],
    ['25', security.slice(2048), ''],
  ] as const;
  for (const [index, [block, payload]] of blocks.entries()) {
    const message = device.heard[2 + index];
    assert.equal(Wire.shape(message), `4403…b130122d16d102${block}ff${payload}`);
    assert.equal(Wire.tokenOf(message), token);
    const id = Wire.idOf(message);
    device.say(index < 2 ? `645f${id}${token}d001d100${block}` : `6444${id}${token}`);
    await time.advance(1);
  }
  // CON PUT /1
  assert.equal(Wire.shape(device.heard[5]), `4403…b131122d16ff${hexOf(pelionServerObject(3600))}`);
  device.say(`6444${Wire.idOf(device.heard[5])}${Wire.tokenOf(device.heard[5])}`);
  await time.advance(1);
  // CON POST /bs, answered with an empty ACK (of five bytes) and a CON of its own
  assert.equal(Wire.shape(device.heard[6]), '4402…b26273');
  device.say(`6000${Wire.idOf(device.heard[6])}c0`);
  await time.advance(5);
  device.say(`4444e7f5${Wire.tokenOf(device.heard[6])}`);
  await time.advance(1);
  assert.equal(device.heard[7], '6000e7f5');
  assert.equal(device.heard.length, 8);
  assert.deepEqual(service.completed, [plan]);
  // The server closes between 200 and 300 ms after that.
  await time.advance(200);
  assert.equal(device.closedByPeer, undefined);
  await time.advance(100);
  assert.equal(device.closedByPeer, true);
  assert.deepEqual(service.failures, []);
});

test('the client of Mbed Linux OS, which answers every write on its own', async () => {
  const service = new Service('record');
  const { lifetime: _, ...withoutServer } = plan;
  service.plan = withoutServer;
  const device = new Wire(service.accept('bootstrap').client);
  const { time } = service;
  device.say(bootstrapRequest('0001', '4.1.0'));
  let answered = 1;
  let id = 0x100;
  for (let round = 0; round < 40; round++) {
    await time.advance(2);
    const message = device.heard[answered];
    if (message === undefined) break;
    answered++;
    if (message.startsWith('60')) continue;
    device.say(`6000${Wire.idOf(message)}c0`);
    await time.advance(2);
    const block = /d102([0-9a-f]{2})ff/.exec(message)?.[1];
    const more = block !== undefined && (Number.parseInt(block, 16) & 8) !== 0;
    const code = message.slice(2, 4) === '04' ? '42' : more ? '5f' : '44';
    device.say(`44${code}${(id++).toString(16).padStart(4, '0')}${Wire.tokenOf(message)}${more ? `d10e${block}` : ''}`);
  }
  assert.deepEqual(service.failures, []);
  assert.deepEqual(service.completed, [withoutServer]);
});

test('a device with a key of its own: the request for a certificate, and its answer in blocks', async () => {
  const service = new Service('record');
  const { credentials: _, ...account } = plan.account;
  service.plan = { client: 'pelion', internalEndpoint: endpoint, account };
  const chain = [new Uint8Array(470).fill(7), new Uint8Array(450).fill(8)];
  service.certificates = chain;
  const device = new Wire(service.accept('bootstrap').client);
  const { time } = service;
  device.say(bootstrapRequest('a797', '4.13.2'));
  await time.advance(1);
  const success = (message: string | undefined, code: string) =>
    device.say(`64${code}${Wire.idOf(message)}${Wire.tokenOf(message)}`);
  success(device.heard[1], '42');
  await time.advance(1);
  device.say(`645f${Wire.idOf(device.heard[2])}${Wire.tokenOf(device.heard[2])}d001d1000d`);
  await time.advance(1);
  success(device.heard[3], '44');
  await time.advance(1);
  const finish = device.heard.at(-1);
  assert.equal(Wire.shape(finish), `4402…b26273 4d17${text(`iep=${endpoint}`)}`.replaceAll(' ', ''));
  success(finish, '44');
  await time.advance(1);
  // POST /est/sen, Content-Format 0, Max-Age 0, Block2 0/0/512
  const request = '3082013f'.padEnd(646, 'ab');
  device.say(`44026f4b83c37d10 b3657374 0373656e 10 20 9105 ff${request}`);
  await time.advance(1);
  assert.equal(hexOf(service.certificateRequests[0] ?? utf8('')), request);
  const payload = hexOf(encodeCertificateChain(chain));
  const first = device.heard.at(-1) ?? '';
  assert.ok(first.startsWith('64446f4b83c37d10c12a'), first.slice(0, 40));
  assert.ok(first.endsWith(`ff${payload.slice(0, 1024)}`));
  // The next block: the same token, a new id, no payload.
  device.say('44026f4c83c37d10 b3657374 0373656e 10 20 9115');
  await time.advance(1);
  const second = device.heard.at(-1) ?? '';
  assert.ok(second.startsWith('64446f4c83c37d10'));
  assert.ok(second.endsWith(`ff${payload.slice(1024)}`));
  assert.equal(service.certificateRequests.length, 1);
  // The device closes here; the server would not, for a minute.
  await time.advance(30_000);
  assert.equal(device.closedByPeer, undefined);
});

/** Options of a registration in the order of the real clients, with or without Content-Format. */
function registration(query: readonly string[], withFormat: boolean, block: string, id: string): string {
  const queries = query.map((item, index) => {
    const delta = index === 0 ? 1 : 0;
    const bytes = utf8(item);
    return bytes.length < 13
      ? `${delta}${bytes.length.toString(16)}${hexOf(bytes)}`
      : `${delta}d${(bytes.length - 13).toString(16).padStart(2, '0')}${hexOf(bytes)}`;
  });
  return `4402${id}9dd82d66 b27264 ${withFormat ? '1128 20' : '30'} ${queries.join('')} c1${block}`;
}

for (const [name, device, withFormat] of [
  ['C4.13', c413, true],
  ['the client of Mbed Linux OS', mbl, false],
] as const) {
  test(`the registration of ${name} in blocks, and the update on the next connection`, async () => {
    const service = new Service('record');
    const wire = new Wire(service.accept('server').client);
    const links = hexOf(utf8(device.links));
    const blocks = Math.ceil(links.length / 1024);
    for (let index = 0; index < blocks; index++) {
      const more = index < blocks - 1;
      const block = ((index << 4) | (more ? 8 : 0) | 5).toString(16).padStart(2, '0');
      const id = `e7f${index}`;
      wire.say(
        `${registration(device.query, withFormat, block, id)}ff${links.slice(1024 * index, 1024 * index + 1024)}`,
      );
      await service.time.advance(1);
      if (more) assert.equal(wire.heard.at(-1), `645f${id}9dd82d66d10e${block}`);
    }
    const [registered] = service.registrations;
    assert.equal(registered?.accountId, aid);
    const location = `82${text('rd')}07${text('account')}0d13${text(registered?.endpoint ?? '')}`;
    assert.ok(wire.heard.at(-1)?.startsWith(`6441e7f${blocks - 1}9dd82d66${location}`), wire.heard.at(-1));

    const next = new Wire(service.accept('server').client);
    next.say(
      `4402da6bb52ff2a8 b27264 07${text('account')} 0d13${text(registered?.endpoint ?? '')} 1128 20 1a${text('et=default')} 06${text('lt=120')}`,
    );
    await service.time.advance(1);
    assert.deepEqual(next.heard, ['6444da6bb52ff2a8']);
    assert.deepEqual(service.updates, [{ endpointType: 'default', lifetime: 120 }]);
    // A notification of the device's own: of C4.13 its state with number 478, of the older one with 2.
    const token = withFormat ? '01de' : '0002';
    next.say(`4245b37a${token}6102 60 20 ff33`);
    await service.time.advance(1);
    assert.equal(next.heard.at(-1), '6000b37a');
    assert.deepEqual(
      service.autoObserved.map(({ path, node }) => [path, node()]),
      [[[10252, 0, 2], { kind: 'resource', id: 2, value: 3 }]],
    );
    // Deregistration on SIGTERM.
    next.say(`4404da6cb52ff2a9 b27264 07${text('account')} 0d13${text(registered?.endpoint ?? '')}`);
    await service.time.advance(1);
    assert.equal(next.heard.at(-1), '6442da6cb52ff2a9');
  });
}

test('what our client sends is what C4.13 sends', async () => {
  const service = new Service('record');
  const tree = new ObjectTree();
  tree.addObject(pelionServerShape);
  tree.addInstance(1, 0, new ServerObjectInstance(() => client, service.time.timers, 1, 'U'));
  tree.addObject(objectShape(3, [{ id: 0, type: 'string', operations: 'R', autoObserved: true, published: true }]));
  const device = new StoredInstance([[0, 'dev_manufacturer']]);
  tree.addInstance(3, 0, device);
  const host = fakeDevice(service, (to) => ({
    endpoint,
    serverUri: `coaps://${to}?aid=${aid}`,
  }));
  const wires: Wire[] = [];
  host.connect = async () => {
    const { channelPair } = await import('@mooring/transport/testing');
    const pair = channelPair({ timers: service.time.timers });
    wires.push(new Wire(pair.server));
    return pair.client;
  };
  const client: DeviceClient = new DeviceClient({
    flavour: pelionFlavour({ generation: '4.13', clientVersion: '4.13.2' }),
    tree,
    host,
    lifetime: 7200,
    timers: service.time.timers,
    random: () => 0.5,
  });
  client.start();
  await service.time.advance(1);
  const wire = wires[0] as Wire;
  const request = wire.heard[0] ?? '';
  assert.equal(Wire.shape(request), Wire.shape(bootstrapRequest('0000', '4.13.2').replaceAll(' ', '')));
  // The server's side, as it was run against the real client.
  wire.say(`6444${Wire.idOf(request)}${Wire.tokenOf(request)}`);
  wire.say('440410020110a501b130');
  await service.time.advance(1);
  assert.equal(wire.heard.at(-1), '644210020110a501');
  const security = hexOf(pelionSecurityObject(plan.account));
  for (const [index, [block, from, to]] of (
    [
      ['0d', 0, 1024],
      ['1d', 1024, 2048],
      ['25', 2048, undefined],
    ] as const
  ).entries()) {
    wire.say(`4403100${4 + index}0310b101b130122d16d102${block}ff${security.slice(from, to)}`);
    await service.time.advance(1);
  }
  assert.equal(wire.heard.at(-1)?.slice(0, 4), '6444');
  wire.say(`440310080410b101b131122d16ff${hexOf(pelionServerObject(3600))}`);
  await service.time.advance(1);
  assert.equal(wire.heard.at(-1), '644410080410b101');
  wire.say('4402100a0910a501b26273');
  await service.time.advance(10);
  assert.equal(wire.heard.at(-1), '6444100a0910a501');
  assert.equal(wire.closedByPeer, true);

  const server = wires[1] as Wire;
  const register = server.heard[0] ?? '';
  const query = [...c413.query];
  query[2] = 'lt=3600';
  const expected = registration(query, true, '', '0000').replaceAll(' ', '').slice(0, -2);
  assert.ok(Wire.shape(register).startsWith(Wire.shape(expected)), `${register}\n${expected}`);
  server.say(`6441${Wire.idOf(register)}${Wire.tokenOf(register)} 827264 0d13${text(aid)} 0d13${text(endpoint)}`);
  await service.time.advance(1);
  assert.equal(client.phase, 'registered');
  device.set(0, '3');
  await service.time.advance(1);
  const notification = server.heard.at(-1) ?? '';
  assert.equal(Wire.shape(notification), '4245…61026020ff33');
  assert.equal(Wire.tokenOf(notification), '0001');
  server.say(`6000${Wire.idOf(notification)}`);
  // PUT /1/0/1
  server.say('44032001aaaaaaaa b131 0130 0131 10 ff313230');
  await service.time.advance(1);
  const answers = server.heard.slice(2);
  assert.equal(answers[0], '64442001aaaaaaaa');
  assert.equal(
    Wire.shape(answers[1]),
    `4402…b272640d13${text(aid)}0d13${text(endpoint)}1128201a${text('et=default')}06${text('lt=120')}`,
  );
});
