import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeTime } from '@mooring/platform/testing';
import fc from 'fast-check';
import type { RegistryEvent } from '../../src/registry/bus.ts';
import { getDevice } from '../../src/registry/devices/device.ts';
import { insertDevice } from '../../src/registry/devices/insert.ts';
import { nextState } from '../../src/registry/devices/state.ts';
import { expireRegistrations, nextExpiry, RegistrationExpiry } from '../../src/registry/registrations/expiry.ts';
import { factColumns } from '../../src/registry/registrations/facts.ts';
import {
  deviceDeregistered,
  deviceFacts,
  deviceRegistered,
  getRegistration,
  type RegistrationInput,
  registrationAt,
  registrationUpdated,
} from '../../src/registry/registrations/register.ts';
import type { Domain } from '../../src/storage/context.ts';
import { type Fixture, service } from '../http/service-fixture.ts';

const newDevice = ({ domain, accountId }: Fixture) =>
  domain.storage.transaction(() => insertDevice(domain, accountId, { state: 'bootstrapped' }));

const resources = [
  { path: '/3/0/0', v: 'maker', aobs: 486 },
  { path: '/3/0/13', obs: true },
];

const input = ({ accountId }: Fixture, deviceId: string, more: Partial<RegistrationInput> = {}): RegistrationInput => ({
  deviceId,
  accountId,
  endpointName: 'node-1',
  lifetime: 7200,
  version: '1.0',
  binding: 'U',
  queueMode: false,
  resources,
  ...more,
});

function listening(domain: Domain): RegistryEvent[] {
  const told: RegistryEvent[] = [];
  domain.bus.listen((event) => told.push(event));
  return told;
}

const logOf = async ({ domain }: Fixture, deviceId: string) =>
  (await domain.storage.db.selectFrom('device_events').selectAll().where('device_id', '=', deviceId).execute()).map(
    ({ description }) => description,
  );

test('the state of a device follows what happens to it', () => {
  for (const [before, happening, after] of [
    ['unenrolled', 'bootstrap-begun', 'cloud_enrolling'],
    ['cloud_enrolling', 'bootstrap-begun', 'cloud_enrolling'],
    ['cloud_enrolling', 'bootstrapped', 'bootstrapped'],
    ['deregistered', 'bootstrap-begun', 'deregistered'],
    ['deregistered', 'bootstrapped', 'bootstrapped'],
    ['registered', 'bootstrapped', 'registered'],
    ['bootstrapped', 'registered', 'registered'],
    ['unenrolled', 'registered', 'registered'],
    ['registered', 'deregistered', 'deregistered'],
    ['bootstrapped', 'deregistered', 'bootstrapped'],
  ] as const) {
    assert.equal(nextState(before, happening), after, `${before}, ${happening}`);
  }
});

test('a device registers, keeps itself alive, and leaves', async (t) => {
  const fixture = await service(t);
  const { domain, accountId, clock } = fixture;
  const { id } = await newDevice(fixture);
  const told = listening(domain);

  const outcome = await deviceRegistered(
    domain,
    input(fixture, id, {
      endpointType: 'default',
      address: '192.0.2.1',
      facts: { vendorId: new Uint8Array(16).fill(0x11), deviceClass: '22222222-2222-4222-8222-222222222222' },
    }),
  );
  assert.ok('registration' in outcome);
  const { registration } = outcome;
  const now = clock.now().getTime();
  const { resources: announced, ...rest } = registration;
  assert.deepEqual(announced, resources);
  assert.deepEqual(rest, {
    deviceId: id,
    accountId,
    endpointName: 'node-1',
    endpointType: 'default',
    location: `rd/${accountId}/${id}`,
    lifetime: 7200,
    expiresAt: now + 7_200_000,
    version: '1.0',
    binding: 'U',
    queueMode: false,
    address: '192.0.2.1',
    root: '/',
    contentFormats: [],
    registeredAt: now,
    updatedAt: now,
  });
  assert.deepEqual(await getRegistration(domain, id), registration);
  assert.deepEqual(await registrationAt(domain, registration.location), registration);
  const device = await getDevice(domain, { accountId }, id);
  assert.deepEqual(
    [device.state, device.endpoint_name, device.endpoint_type, device.vendor_id, device.device_class],
    ['registered', 'node-1', 'default', '11'.repeat(16), '22222222222242228222222222222222'],
  );

  clock.set('2026-11-22T20:30:00Z');
  const updated = await registrationUpdated(domain, id, {});
  assert.equal(updated?.expiresAt, clock.now().getTime() + 7_200_000);
  assert.equal(updated?.registeredAt, now);
  assert.deepEqual(updated?.resources, resources);
  const shorter = await registrationUpdated(domain, id, { lifetime: 120, resources: [], address: '192.0.2.2' });
  assert.equal(shorter?.expiresAt, clock.now().getTime() + 120_000);
  assert.deepEqual([shorter?.lifetime, shorter?.resources, shorter?.address], [120, [], '192.0.2.2']);
  assert.equal((await getDevice(domain, { accountId }, id)).updated_at, device.updated_at, 'nothing of it changed');

  const left = await deviceDeregistered(domain, id);
  assert.equal(left?.deviceId, id);
  assert.equal((await getDevice(domain, { accountId }, id)).state, 'deregistered');
  assert.equal(await getRegistration(domain, id), undefined);
  assert.equal(await registrationUpdated(domain, id, {}), undefined);
  assert.equal(await deviceDeregistered(domain, id), undefined);
  assert.deepEqual(
    told.map((event) => (event.kind === 'updated' ? `updated ${event.resources}` : event.kind)),
    ['registered', 'updated false', 'updated true', 'deregistered'],
  );
  assert.deepEqual(await logOf(fixture, id), ['Device record created', 'Device registered', 'Device deregistered']);
});

test('a full registration takes the place of the one before', async (t) => {
  const fixture = await service(t);
  const { id } = await newDevice(fixture);
  await deviceRegistered(fixture.domain, input(fixture, id, { queueMode: true, address: '192.0.2.1' }));
  await deviceRegistered(fixture.domain, input(fixture, id, { version: '1.1', resources: [{ path: '/1' }] }));
  const registration = await getRegistration(fixture.domain, id);
  assert.deepEqual(
    [registration?.version, registration?.queueMode, registration?.address, registration?.resources],
    ['1.1', false, null, [{ path: '/1' }]],
  );
  assert.deepEqual(await logOf(fixture, id), ['Device record created', 'Device registered'], 'no change, no event');
});

test('a device that is not in the directory of its account does not register', async (t) => {
  const fixture = await service(t);
  const told = listening(fixture.domain);
  const { id } = await newDevice(fixture);
  for (const wrong of [input(fixture, '0'.repeat(32)), input(fixture, id, { accountId: '0'.repeat(32) })]) {
    assert.deepEqual(await deviceRegistered(fixture.domain, wrong), { refused: 'unknown' });
  }
  assert.deepEqual(told, []);
  assert.equal(await getRegistration(fixture.domain, id), undefined);
});

test('thousands at once are all kept', async (t) => {
  const fixture = await service(t);
  const { domain } = fixture;
  const devices = await Promise.all(Array.from({ length: 1000 }, () => newDevice(fixture)));
  await Promise.all(devices.map(({ id }) => deviceRegistered(domain, input(fixture, id))));
  await Promise.all(devices.map(({ id }) => registrationUpdated(domain, id, {})));
  const rows = await domain.storage.db.selectFrom('registrations').select('device_id').execute();
  assert.equal(rows.length, 1000);
});

test('odd lifetimes are kept within what a time can say', async (t) => {
  const fixture = await service(t);
  const { id } = await newDevice(fixture);
  for (const [lifetime, kept] of [
    [0, 1],
    [-5, 1],
    [1.9, 1],
    [2 ** 32 - 1, 2 ** 32 - 1],
    [Number.MAX_SAFE_INTEGER, 2 ** 40],
  ] as const) {
    const outcome = await deviceRegistered(fixture.domain, input(fixture, id, { lifetime }));
    assert.ok('registration' in outcome);
    assert.equal(outcome.registration.lifetime, kept);
    assert.ok(!Number.isNaN(new Date(outcome.registration.expiresAt).getTime()));
  }
});

test('what a device says of itself is kept as far as the directory has a place for it', async (t) => {
  const fixture = await service(t);
  const { domain, accountId } = fixture;
  const { id } = await newDevice(fixture);
  await deviceFacts(domain, id, {
    serialNumber: 'S\u001b[31m1',
    firmwareChecksum: 'FB73AB87'.repeat(8),
    firmwareVersion: 1795378604000,
    endpointType: 'x'.repeat(65),
  });
  const device = await getDevice(domain, { accountId }, id);
  assert.deepEqual(
    [device.serial_number, device.firmware_checksum, device.manifest_at, device.endpoint_type],
    ['S\ufffd[31m1', 'fb73ab87'.repeat(8), 1795378604000, null],
  );
  await deviceFacts(domain, id, { firmwareVersion: 1795378604000, firmwareChecksum: '-1' });
  assert.equal((await getDevice(domain, { accountId }, id)).updated_at, device.updated_at, 'nothing new');

  const anything = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(
      anything,
      anything,
      fc.string({ unit: 'binary' }),
      fc.double(),
      (vendorId, deviceClass, text, number) => {
        const columns = factColumns({
          vendorId,
          deviceClass,
          serialNumber: text,
          endpointType: text,
          firmwareChecksum: text,
          firmwareVersion: number,
        });
        for (const value of Object.values(columns)) {
          if (typeof value === 'string') assert.ok(value.length <= 255 && !/[\u0000-\u001f]/.test(value));
          else assert.ok(!Number.isNaN(new Date(value as number).getTime()));
        }
      },
    ),
  );
});

test('registrations end when their lifetime is over, by one timer', async (t) => {
  const fixture = await service(t);
  const time = fakeTime('2026-11-22T20:00:00Z');
  const domain: Domain = { ...fixture.domain, clock: time.clock };
  const told = listening(domain);
  const short = await newDevice(fixture);
  const long = await newDevice(fixture);
  const expiry = new RegistrationExpiry(domain, time.timers, (error) => assert.fail(String(error)));
  t.after(() => expiry.stop());
  await expiry.start();
  assert.equal(time.waiting, 0, 'nothing to wait for');

  await deviceRegistered(domain, input(fixture, long.id, { lifetime: 40_000_000 }));
  await deviceRegistered(domain, input(fixture, short.id, { lifetime: 60 }));
  assert.equal(time.waiting, 1);
  const pass = async (seconds: number) => {
    await time.advance(seconds * 1000);
    // The database answers in turns of its own.
    for (let turn = 0; turn < 20; turn++) await time.settle();
  };
  await pass(50);
  await registrationUpdated(domain, short.id, {});
  await pass(59);
  assert.ok(await getRegistration(domain, short.id), 'the update has put it off');
  await pass(2);
  assert.equal(await getRegistration(domain, short.id), undefined);
  assert.equal((await getDevice(domain, fixture, short.id)).state, 'deregistered');
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['registered', 'registered', 'updated', 'expired'],
  );
  assert.equal(time.waiting, 1, 'for the other');
  assert.ok(await getRegistration(domain, long.id));

  await deviceDeregistered(domain, long.id);
  await pass(20);
  assert.equal(time.waiting, 0, 'nothing to wait for any more');
});

for (const [what, set] of [
  ['forward', '2029-01-01T00:00:00Z'],
  ['back', '1999-01-01T00:00:00Z'],
] as const) {
  test(`lifetimes go on when the clock is set ${what}`, async (t) => {
    const fixture = await service(t);
    const time = fakeTime('2026-11-22T20:00:00Z');
    const domain: Domain = { ...fixture.domain, clock: time.clock };
    const [before, after] = [await newDevice(fixture), await newDevice(fixture)];
    const expiry = new RegistrationExpiry(domain, time.timers, (error) => assert.fail(String(error)));
    t.after(() => expiry.stop());
    await expiry.start();
    const pass = async (seconds: number) => {
      await time.advance(seconds * 1000);
      for (let turn = 0; turn < 20; turn++) await time.settle();
    };
    const lives = async () => [
      (await getRegistration(domain, before.id)) !== undefined,
      (await getRegistration(domain, after.id)) !== undefined,
    ];
    await deviceRegistered(domain, input(fixture, before.id, { lifetime: 3600 }));
    await pass(1800);
    time.setClock(set);
    await pass(5);
    await deviceRegistered(domain, input(fixture, after.id, { lifetime: 3600 }));
    await pass(1700);
    assert.deepEqual(await lives(), [true, true]);
    await pass(120);
    assert.deepEqual(await lives(), [false, true]);
    await pass(1700);
    assert.deepEqual(await lives(), [false, true]);
    await pass(120);
    assert.deepEqual(await lives(), [false, false]);
  });
}

test('what expired while the service did not run ends at its start, in batches', async (t) => {
  const fixture = await service(t);
  const { domain, clock } = fixture;
  for (let count = 0; count < 5; count++) {
    await deviceRegistered(domain, input(fixture, (await newDevice(fixture)).id, { lifetime: 60 + count }));
  }
  const late = await newDevice(fixture);
  await deviceRegistered(domain, input(fixture, late.id, { lifetime: 7200 }));
  clock.set('2026-11-22T20:30:00Z');
  assert.equal((await expireRegistrations(domain, 2)).length, 2);
  const time = fakeTime();
  const expiry = new RegistrationExpiry(domain, time.timers, (error) => assert.fail(String(error)));
  await expiry.start();
  const { rows } = await domain.storage.db
    .selectFrom('registrations')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow();
  assert.equal(Number(rows), 1);
  assert.equal(await nextExpiry(domain), (await getRegistration(domain, late.id))?.expiresAt);
  assert.equal(time.waiting, 1);
  await expiry.stop();
  assert.equal(time.waiting, 0);
});

test('a listener that fails keeps nobody else from hearing', async (t) => {
  const fixture = await service(t);
  const { domain } = fixture;
  domain.bus.listen(() => {
    throw new Error('broken');
  });
  const told = listening(domain);
  const { id } = await newDevice(fixture);
  assert.ok('registration' in (await deviceRegistered(domain, input(fixture, id))));
  assert.equal(told.length, 1);
});
