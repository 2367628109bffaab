import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deleteTrustedCertificate, updateTrustedCertificate } from '../../src/certificates/trusted-certificates.ts';
import { resumeDevice, suspendDevice } from '../../src/registry/devices/suspension.ts';
import { carried, type Devices, deviceServers, TestDevice } from './devices-fixture.ts';

/** The same device after a start: it has what it was given. */
function restarted(before: TestDevice): TestDevice {
  const device = new TestDevice(before.carried);
  device.account = before.account;
  device.internalEndpoint = before.internalEndpoint;
  return device;
}

async function registered(devices: Devices): Promise<TestDevice> {
  const device = new TestDevice(await carried(devices));
  await device.registered();
  return device;
}

/** Starts a device that cannot get in, and waits for the server's log to say why. */
async function refused(devices: Devices, device: TestDevice, line: RegExp): Promise<void> {
  const from = devices.log.length;
  device.client.start();
  while (!devices.log.slice(from).some((each) => line.test(each)))
    await new Promise((resolve) => setTimeout(resolve, 20));
  device.client.stop();
}

test('a deleted developer certificate lets nobody in any more; devices that came with it stay', {
  timeout: 60_000,
}, async (t) => {
  const devices = await deviceServers(t);
  const first = await registered(devices);
  await deleteTrustedCertificate(devices.domain, devices.actor, devices.certificate.id);
  assert.equal(devices.servers.connected, 1);
  first.client.stop();

  const again = restarted(first);
  t.after(() => again.client.stop());
  await again.registered();
  assert.equal(again.internalEndpoint, first.internalEndpoint);
  const refusal = again.next(/^not bootstrapped/);
  again.client.bootstrapNow();
  assert.match(await refusal, /4\.03/);
  const { reason } = await devices.domain.storage.db.selectFrom('denials').select('reason').executeTakeFirstOrThrow();
  assert.equal(reason, 'certificate-revoked');
});

test('an inactive developer certificate cuts its devices off, and keeps them out until it is active again', {
  timeout: 60_000,
}, async (t) => {
  const devices = await deviceServers(t);
  const first = await registered(devices);
  const { id } = devices.certificate;
  const lost = first.next(/^lost/);
  await updateTrustedCertificate(devices.domain, devices.actor, id, { status: 'INACTIVE' });
  await lost;
  first.client.stop();
  await refused(devices, restarted(first), /^device\.refused: .*certificate-inactive/);
  await updateTrustedCertificate(devices.domain, devices.actor, id, { status: 'ACTIVE' });
  const again = restarted(first);
  t.after(() => again.client.stop());
  await again.registered();
  assert.equal(again.internalEndpoint, first.internalEndpoint);
});

test('a suspended device is cut off and kept out, and is the same one when it is resumed', {
  timeout: 60_000,
}, async (t) => {
  const devices = await deviceServers(t);
  const first = await registered(devices);
  const id = first.internalEndpoint ?? assert.fail();
  const lost = first.next(/^lost/);
  await suspendDevice(devices.domain, devices.actor, id, { category: 'maintenance' });
  await lost;
  first.client.stop();
  assert.equal(devices.servers.connected, 0);
  await refused(devices, restarted(first), /^device\.refused: .*device-suspended/);
  await resumeDevice(devices.domain, devices.actor, id, { category: 'maintenance' });
  const again = restarted(first);
  t.after(() => again.client.stop());
  await again.registered();
  assert.equal(again.internalEndpoint, id);
});
