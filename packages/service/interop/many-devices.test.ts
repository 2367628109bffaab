// A thousand devices live through what happens to their service: every one comes back as who it was, and is heard.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readDeveloperCredentials } from '@mooring/credentials';
import { RestClient } from '@mooring/rest';
import { calmFleet, Fleet, flashWith, type Identity } from '@mooring/simulator/fleet';
import { PulledNotifications } from './pulled-notifications.ts';
import { ServiceProcess } from './service-process.ts';

const count = 1000;
const observed = '/3303/0/5700';
const day = 24 * 3600_000;

/** Fails, with what is missing, after so many ms. */
async function until(what: string, missing: () => number | Promise<number>, patience = 90_000): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    const left = await missing();
    if (left === 0) return;
    assert.ok(performance.now() < end, `${what}: ${left} of ${count} are missing`);
    await sleep(200);
  }
}

/** Many at a time. */
async function forAll<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  let next = 0;
  const line = async () => {
    while (next < items.length) await work(items[next++] as Item);
  };
  await Promise.all(Array.from({ length: 16 }, line));
}

test(`${count} devices, and their service is restarted, killed, and has its clock set`, async (t) => {
  const service = await ServiceProcess.make(t);
  const apiKey = await service.apiKey();
  const rest = new RestClient({ url: service.url, apiKey, userAgent: 'test' });
  const { security_file_content: source } = await rest.developerCertificates.create({ name: 'many' });
  const fleet = new Fleet({
    flash: await flashWith(readDeveloperCredentials(source ?? '', 'many')),
    settings: { ...calmFleet, rate: 50 },
    indexes: Array.from({ length: count }, (_, index) => index),
    total: count,
    version: 'test',
  });
  t.after(() => fleet.stop(1));
  const application = new PulledNotifications(service.url, apiKey);
  t.after(() => application.stop());

  const allRegistered = (what: string) => until(what, () => count - fleet.tally.registered);
  const identities = async () =>
    (await Promise.all(fleet.devices.map((device) => device.identity()))) as readonly Identity[];
  /** Ids of the devices that are registered, as the directory has them. */
  const registered = async () => {
    const ids = new Set<string>();
    for await (const { id } of rest.devices.list({ state__eq: 'registered' })) ids.add(id);
    return ids;
  };
  let before: readonly Identity[] = [];
  let value = 20;
  /** Each device changes the value that is observed. */
  const measure = () => {
    value++;
    for (const device of fleet.devices) device.application.measure(value);
  };
  const allHeard = (what: string) =>
    until(
      `${what}: values`,
      () => before.filter(({ deviceId }) => application.values.get(`${deviceId} ${observed}`) !== String(value)).length,
    );
  const nobodyChanged = async (what: string) => {
    assert.deepEqual(await identities(), before, `${what}: identities`);
    assert.deepEqual(await registered(), new Set(before.map(({ deviceId }) => deviceId)), `${what}: the directory`);
    assert.deepEqual([...fleet.faults], []);
  };

  await t.test('they come', async () => {
    fleet.start();
    await allRegistered('the first time');
    before = await identities();
    assert.equal(new Set(before.map(({ deviceId }) => deviceId)).size, count);
    await forAll(before, async ({ deviceId }) => {
      const headers = { authorization: `Bearer ${apiKey}` };
      const answer = await fetch(`${service.url}/v2/subscriptions/${deviceId}${observed}`, { method: 'PUT', headers });
      assert.equal(answer.status, 202);
    });
    measure();
    await allHeard('the first time');
    await nobodyChanged('the first time');
  });

  for (const [what, signal] of [
    ['restarted', 'SIGTERM'],
    ['killed', 'SIGKILL'],
  ] as const) {
    await t.test(`the service is ${what}; values change meanwhile`, async () => {
      const { registrations } = fleet.tally.seen;
      await service.end(signal);
      await until(`${what}: losses`, () => fleet.tally.registered);
      measure();
      await service.start();
      await allRegistered(what);
      await allHeard(what);
      measure();
      await allHeard(`${what}, afterwards`);
      await nobodyChanged(what);
      assert.equal(fleet.tally.seen.registrations, registrations, 'an update is enough to come back');
    });
  }

  for (const [what, offset] of [
    ['forward', 3 * day],
    ['back', -3 * day],
  ] as const) {
    await t.test(`its clock is set ${what} by days`, async () => {
      const { registrations } = fleet.tally.seen;
      service.setClock(offset);
      measure();
      await allHeard(what);
      for (const device of fleet.devices) device.network.cut();
      await until(`${what}: losses`, () => fleet.tally.registered);
      measure();
      await allRegistered(what);
      await allHeard(`${what}, after all connections were cut`);
      await nobodyChanged(what);
      assert.equal(fleet.tally.seen.registrations, registrations, 'no registration has ended');
    });
  }

  await t.test(
    'some bootstrap again: credentials made now are newer than those there are, whatever the clock says',
    async () => {
      const { registrations } = fleet.tally.seen;
      const some = fleet.devices.slice(0, 50);
      for (const device of some) device.bootstrap();
      await until('bootstraps', () => registrations + some.length - fleet.tally.seen.registrations);
      await allRegistered('after bootstraps');
      const after = await identities();
      assert.deepEqual(after, before);
      assert.equal(fleet.tally.seen.identityChanges, 0);
    },
  );
});
