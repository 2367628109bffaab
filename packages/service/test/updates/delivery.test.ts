import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wholeList } from '../../src/lists/page.ts';
import { listDeviceEvents } from '../../src/registry/device-log/device-event.ts';
import { actOnCampaign, type Campaign, createCampaign, getCampaign } from '../../src/updates/campaigns/campaign.ts';
import { deploymentState } from '../../src/updates/campaigns/device-machine.ts';
import type { CampaignDeviceRow } from '../../src/updates/campaigns/device-rows.ts';
import { createFirmwareManifest } from '../../src/updates/manifests/manifest.ts';
import { carried, type Devices, deviceServers } from '../devices/devices-fixture.ts';
import { manifestV1, manifestV3, owner, sha256 } from './manifests.ts';
import { UpdatableDevice } from './updatable-device.ts';

const image = Buffer.alloc(3000, 'image');
const by = owner();

type Test = { after(done: () => unknown): void };

async function device(t: Test, devices: Devices, kind: 'v1' | 'v3' = 'v3', running?: string): Promise<UpdatableDevice> {
  const made = new UpdatableDevice(await carried(devices), kind, running);
  t.after(() => made.client.stop());
  await made.registered();
  return made;
}

async function start(devices: Devices, data: Uint8Array, more: Record<string, unknown> = {}): Promise<Campaign> {
  const { domain, actor } = devices;
  const names = { name: 'm', fileName: '', description: undefined };
  const manifest = await createFirmwareManifest(domain, actor, { ...names, data });
  const campaign = await createCampaign(domain, actor, {
    device_filter: 'state__eq=registered',
    root_manifest_id: manifest.id,
    ...more,
  });
  await actOnCampaign(domain, actor, campaign.id, 'start');
  devices.campaigns.wake(campaign.id);
  return campaign;
}

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > deadline) assert.fail(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

const rowsOf = ({ domain }: Devices, { id }: Campaign): Promise<CampaignDeviceRow[]> =>
  domain.storage.db.selectFrom('campaign_devices').selectAll().where('campaign_id', '=', id).orderBy('id').execute();

const rowThat = (devices: Devices, campaign: Campaign, is: (row: CampaignDeviceRow) => boolean, what: string) =>
  until(what, async () => (await rowsOf(devices, campaign)).find(is));

const ended = (devices: Devices, { id }: Campaign) =>
  until('the end of the campaign', async () => {
    const now = await getCampaign(devices.domain, devices.actor, id);
    return now.phase === 'stopped' && now;
  });

/** Registers anew, as a device does that has restarted. */
async function restart({ domain }: Devices, one: UpdatableDevice): Promise<void> {
  const again = one.next(/^registered/);
  await domain.storage.db.deleteFrom('registrations').execute();
  one.client.updateNow();
  await again;
}

test('the newer client: manifest, states, restart with the new version', async (t) => {
  const devices = await deviceServers(t);
  const one = await device(t, devices);
  const data = await manifestV3(by, image);
  const campaign = await start(devices, data);
  await until('the manifest', async () => one.manifests.length === 1);
  assert.deepEqual(Buffer.from(one.manifests[0] as Uint8Array), Buffer.from(data));
  for (const state of [3, 4, 6, 7, 8]) {
    one.state(state);
    await rowThat(devices, campaign, ({ told_state }) => told_state === state, `state ${state}`);
  }
  assert.equal((await rowsOf(devices, campaign)).map(deploymentState)[0], 'updated_connector_channel');
  one.component.set(2, '1.2.3');
  one.state(1);
  await restart(devices, one);
  const row = await rowThat(devices, campaign, ({ status }) => status === 'success', 'success');
  assert.equal(deploymentState(row), 'deployed');
  const over = await ended(devices, campaign);
  assert.equal(over.state, 'autostopped');
  assert.match(over.stop_reason ?? '', /1 updated, 0 failed/);
  assert.equal(one.manifests.length, 1);
  const events = await listDeviceEvents(devices.domain, devices.actor, wholeList);
  const types = events.items.map(({ event_type }) => event_type).filter((type) => /^(SYS|UPD)/.test(type));
  assert.deepEqual(types, [
    'SYS_106',
    'UPD2_STATE_3',
    'UPD2_STATE_4',
    'UPD2_STATE_6',
    'UPD2_STATE_7',
    'UPD2_STATE_8',
    'SYS_112',
  ]);
  assert.deepEqual(
    devices.log.filter((line) => line.startsWith('campaign.fault')),
    [],
  );
});

test('the older client: the digest of what it runs says that it is updated', async (t) => {
  const devices = await deviceServers(t);
  const one = await device(t, devices, 'v1');
  const campaign = await start(devices, await manifestV1(by, image));
  await until('the manifest', async () => one.manifests.length === 1);
  for (const state of [2, 4, 7, 8]) one.state(state);
  await rowThat(devices, campaign, ({ told_state }) => told_state === 8, 'state 8');
  one.firmware.values.set(5, Buffer.from(sha256(image)).toString('hex'));
  one.state(1);
  await restart(devices, one);
  await rowThat(devices, campaign, ({ status }) => status === 'success', 'success');
  const { db } = devices.domain.storage;
  const facts = await until('what its certificate is', async () =>
    (await db.selectFrom('device_update_facts').selectAll().execute()).find(({ source }) => source === 'manifest'),
  );
  assert.equal(facts.client, 'mbl');
  assert.equal(facts.fingerprint, by.certificate.fingerprint);
});

test('a result ends it, good or bad, and a bad one is told in words', async (t) => {
  const devices = await deviceServers(t);
  const one = await device(t, devices);
  one.firmware.took = () => {
    one.result(-1);
    one.state(3);
    one.result(23);
    one.state(1);
  };
  const first = await start(devices, await manifestV3(by, image));
  const failed = await rowThat(devices, first, ({ status }) => status === 'failed', 'failure');
  assert.deepEqual([failed.event_type, failed.reason_code], ['UPD4_FAIL_23', 'update-failed']);
  assert.match(failed.reason_detail ?? '', /signature/);
  assert.equal((await ended(devices, first)).failed_count, 1);
  one.firmware.took = () => {
    one.result(-1);
    one.state(3);
    one.result(18);
    one.state(1);
  };
  const second = await start(devices, await manifestV3(by, image, { payloadVersion: '1.2.4' }));
  assert.equal(
    (await rowThat(devices, second, ({ status }) => status === 'success', 'success')).event_type,
    'UPD4_OK_18',
  );
  assert.equal(one.manifests.length, 2);
});

test('a device that runs the version already is done without a manifest, and one for whom it is not is skipped', async (t) => {
  const devices = await deviceServers(t);
  const [current, older, refusing] = [
    await device(t, devices, 'v3', '1.2.3'),
    await device(t, devices, 'v1'),
    await device(t, devices),
  ];
  refusing.refuse();
  const campaign = await start(devices, await manifestV3(by, image));
  const over = await ended(devices, campaign);
  assert.deepEqual([over.success_count, over.skipped_count, over.failed_count], [1, 1, 1]);
  const rows = await rowsOf(devices, campaign);
  assert.deepEqual(rows.map(({ reason_code }) => reason_code).sort(), [null, 'refused', 'schema'].sort());
  assert.deepEqual([current.manifests.length, older.manifests.length, refusing.manifests.length], [0, 0, 1]);
});

test('a device that falls back to its old version has failed', async (t) => {
  const devices = await deviceServers(t);
  const one = await device(t, devices);
  const campaign = await start(devices, await manifestV3(by, image));
  await until('the manifest', async () => one.manifests.length === 1);
  for (const state of [3, 4, 7, 8]) one.state(state);
  await rowThat(devices, campaign, ({ told_state }) => told_state === 8, 'state 8');
  one.state(1);
  await restart(devices, one);
  const row = await rowThat(devices, campaign, ({ status }) => status === 'failed', 'failure');
  assert.equal(row.reason_code, 'fell-back');
});

test('a service that ends in the middle goes on, and the manifest does not come twice', async (t) => {
  const devices = await deviceServers(t);
  const one = await device(t, devices);
  const campaign = await start(devices, await manifestV3(by, image));
  await until('the manifest', async () => one.manifests.length === 1);
  one.state(3);
  await rowThat(devices, campaign, ({ told_state }) => told_state === 3, 'state 3');
  // As if it was killed between the writing and the answer.
  await devices.domain.storage.db
    .updateTable('campaign_devices')
    .set({ progress: 'writing', told_state: null })
    .execute();
  await devices.restart();
  // Not heard by anybody: told when it is asked.
  one.state(7);
  await rowThat(devices, campaign, ({ told_state }) => told_state === 7, 'state 7');
  assert.equal(one.manifests.length, 1);
  one.component.set(2, '1.2.3');
  one.state(1);
  await restart(devices, one);
  await ended(devices, campaign);
  assert.equal(one.manifests.length, 1);
});

test('a manifest that did not arrive before the service was killed is written then', async (t) => {
  const devices = await deviceServers(t);
  const one = await device(t, devices);
  const stored = await start(devices, await manifestV3(by, image));
  await rowThat(devices, stored, ({ progress }) => progress === 'delivered', 'delivery');
  await devices.domain.storage.db
    .updateTable('campaign_devices')
    .set({ progress: 'writing', before_result: -1 })
    .execute();
  await devices.restart();
  await until('the manifest again', async () => one.manifests.length === 2);
  const row = await rowThat(devices, stored, ({ progress }) => progress === 'delivered', 'delivery');
  assert.equal(row.attempts, 2);
});

test('an absent device gets its manifest when it comes; a stopped campaign sends none', async (t) => {
  const devices = await deviceServers(t);
  const one = await device(t, devices);
  one.client.stop();
  await until(
    'its leave',
    async () => (await devices.domain.storage.db.selectFrom('registrations').selectAll().execute()).length === 0,
  );
  const filter = { device_filter: 'id__neq=0' };
  const first = await start(devices, await manifestV3(by, image), filter);
  await until('activity', async () => (await getCampaign(devices.domain, devices.actor, first.id)).phase === 'active');
  await one.registered();
  await until('the manifest', async () => one.manifests.length === 1);
  const second = await start(devices, await manifestV3(by, image, { payloadVersion: '1.2.5' }), filter);
  await until('activity', async () => (await getCampaign(devices.domain, devices.actor, second.id)).phase === 'active');
  await actOnCampaign(devices.domain, devices.actor, second.id, 'stop');
  devices.campaigns.wake(second.id);
  const over = await ended(devices, second);
  assert.equal(over.state, 'userstopped');
  assert.equal((await rowsOf(devices, second))[0]?.reason_code, 'stopped');
  assert.equal(one.manifests.length, 1);
});

test('a device that an ended campaign left with its manifest is free for the next one', async (t) => {
  const devices = await deviceServers(t);
  const one = await device(t, devices);
  const first = await start(devices, await manifestV3(by, image));
  await rowThat(devices, first, ({ progress }) => progress === 'delivered', 'delivery');
  await actOnCampaign(devices.domain, devices.actor, first.id, 'stop');
  devices.campaigns.wake(first.id);
  await ended(devices, first);
  const second = await start(devices, await manifestV3(by, image, { payloadVersion: '1.2.4' }));
  await until('the next manifest', async () => one.manifests.length === 2);
  one.result(18);
  await rowThat(devices, second, ({ status }) => status === 'success', 'success');
});

test('a continuous campaign takes devices that come later', async (t) => {
  const devices = await deviceServers(t);
  const campaign = await start(devices, await manifestV3(by, image), { campaign_strategy: 'continuous' });
  await until(
    'activity',
    async () => (await getCampaign(devices.domain, devices.actor, campaign.id)).phase === 'active',
  );
  const one = await device(t, devices);
  await until('the manifest', async () => one.manifests.length === 1);
  one.result(18);
  await rowThat(devices, campaign, ({ status }) => status === 'success', 'success');
  assert.equal((await getCampaign(devices.domain, devices.actor, campaign.id)).phase, 'active');
});
