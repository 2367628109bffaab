import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeCertificateChain } from '@mooring/lwm2m';
import { createRequest, exportPrivateKey, generateKeyPair, parseCertificate } from '@mooring/pki';
import { fakeTime } from '@mooring/platform/testing';
import { type DeviceAnswer, LinkFailure } from '../../src/connect/index.ts';
import { Renewals } from '../../src/lwm2m-server/renewals.ts';
import { renewCertificate } from '../../src/registry/renewals/renewal.ts';
import { noLog } from '../../src/serve/log.ts';
import { carried, type Devices, deviceServers, TestDevice } from './devices-fixture.ts';

const deadline = { timeout: 60_000 };

async function registered(devices: Devices): Promise<TestDevice> {
  const device = new TestDevice(await carried(devices));
  await device.registered();
  return device;
}

/** As Pelion's client does it: a key of its own, and a certificate for it over the connection that there is. */
async function enroll(device: TestDevice): Promise<string> {
  const { privateKey } = generateKeyPair();
  const request = createRequest({ subject: { commonName: device.carried.endpoint }, key: privateKey });
  const answer = await device.client.request({
    ...{ method: 'POST', path: ['est', 'LWM2M', 'sen'], contentFormat: 0, payload: request },
  });
  const [leaf] = decodeCertificateChain(answer?.payload ?? new Uint8Array());
  const { pem, fingerprint } = parseCertificate(leaf ?? assert.fail());
  assert.ok(device.account);
  device.account = { ...device.account, certificate: pem, key: exportPrivateKey(privateKey, 'pkcs8', 'pem') };
  return fingerprint;
}

async function ended({ domain }: Devices): Promise<{ result: string | null; detail: string | null }> {
  for (;;) {
    const row = await domain.storage.db
      .selectFrom('certificate_renewals')
      .select(['status', 'result', 'detail'])
      .executeTakeFirstOrThrow();
    if (row.status === 'completed') return { result: row.result, detail: row.detail };
    await sleep(10);
  }
}

const renew = ({ domain, actor, servers }: Devices, deviceId: string, name = 'LWM2M') =>
  renewCertificate(domain, actor, servers.renewals, deviceId, name);

for (const [how, prepare] of [
  ['gets a certificate over the connection that it has, and comes with it', enroll],
  ['bootstraps again', undefined],
] as const) {
  test(
    `a device that is asked to renew its certificate ${how}: it has a new one, and the old one ends`,
    deadline,
    async (t) => {
      const devices = await deviceServers(t);
      const device = await registered(devices);
      t.after(() => device.client.stop());
      const id = device.internalEndpoint ?? assert.fail();
      const before = parseCertificate(device.account?.certificate ?? '').fingerprint;
      if (prepare) {
        device.ordered = () => {
          void prepare(device).then(() => device.client.breakConnection());
        };
      }
      const made = await renew(devices, id);
      assert.equal(made.status, 'new');
      assert.deepEqual(await ended(devices), { result: 'success', detail: null });
      assert.deepEqual(device.orders, ['LWM2M']);
      const rows = await devices.domain.storage.db.selectFrom('device_credentials').select('fingerprint').execute();
      const after = parseCertificate(device.account?.certificate ?? '').fingerprint;
      assert.notEqual(after, before);
      assert.deepEqual(rows, [{ fingerprint: after }]);
      assert.equal(device.internalEndpoint, id);
    },
  );
}

test('who cannot be asked: another certificate, another device, one that is not there', deadline, async (t) => {
  const devices = await deviceServers(t);
  const device = await registered(devices);
  const id = device.internalEndpoint ?? assert.fail();
  await assert.rejects(renew(devices, id, 'customer.dlms'), { code: 'renewal.no.issuer' });
  device.client.stop();
  while (devices.servers.connected > 0) await sleep(10);
  await assert.rejects(renew(devices, id), { code: 'renewal.impossible' });
});

test('a device is asked by itself when a tenth of the time of its certificate is left', deadline, async (t) => {
  const devices = await deviceServers(t, { deviceCredentialDays: 100 });
  const device = await registered(devices);
  t.after(() => device.client.stop());
  assert.deepEqual(device.orders, []);
  const asked = new Promise<void>((resolve) => {
    device.ordered = resolve;
  });
  const { db } = devices.domain.storage;
  const soon = Date.now() + 9 * 24 * 3600_000;
  await db.updateTable('device_credentials').set({ not_after: soon }).execute();
  device.client.breakConnection();
  await asked;
  assert.deepEqual(device.orders, ['LWM2M']);
});

/** Renewals of one registered device that answers as the test says, on time that stands still. */
async function stillRegistered(t: Parameters<typeof deviceServers>[0], answers: () => Promise<DeviceAnswer>) {
  const devices = await deviceServers(t);
  const device = await registered(devices);
  const id = device.internalEndpoint ?? assert.fail();
  await devices.servers.close();
  device.client.stop();
  const time = fakeTime();
  const sessions = { isReachable: () => true, send: answers };
  const made = new Renewals(devices.domain, { sessions, log: noLog, timers: time.timers });
  t.after(() => made.stop());
  return { devices, id, time, made };
}

test('the status that a Pelion client answers with decides', deadline, async (t) => {
  for (const [answers, outcome] of [
    [async () => ({ code: 0x44, payload: Buffer.from('0') }), { result: 'success', detail: null }],
    [async () => ({ code: 0x44, payload: Buffer.from('7') }), { result: 'failure', detail: /status is 7/ }],
    [async () => ({ code: 0x84, payload: new Uint8Array() }), { result: 'failure', detail: /refused/ }],
  ] as const) {
    const { devices, id, made } = await stillRegistered(t, answers);
    await renewCertificate(devices.domain, devices.actor, made, id, 'LWM2M');
    const { result, detail } = await ended(devices);
    assert.equal(result, outcome.result);
    if (outcome.detail === null) assert.equal(detail, null);
    else assert.match(detail ?? '', outcome.detail);
  }
});

test('one that goes away with the order has ten minutes to come with a new certificate', deadline, async (t) => {
  const lost = async () => {
    throw new LinkFailure('lost');
  };
  const first = await stillRegistered(t, lost);
  await renewCertificate(first.devices.domain, first.devices.actor, first.made, first.id, 'LWM2M');
  first.made.renewed(first.id);
  assert.deepEqual(await ended(first.devices), { result: 'success', detail: null });

  const second = await stillRegistered(t, lost);
  await renewCertificate(second.devices.domain, second.devices.actor, second.made, second.id, 'LWM2M');
  await second.time.advance(10 * 60_000);
  assert.match((await ended(second.devices)).detail ?? '', /did not come with a new certificate in time/);
});
