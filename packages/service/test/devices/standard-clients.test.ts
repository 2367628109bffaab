import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectDtls, dtlsMissing } from '@mooring/transport';
import { resumeDevice, suspendDevice } from '../../src/registry/devices/suspension.ts';
import { createPreSharedKey, deletePreSharedKey } from '../../src/registry/pre-shared-keys/pre-shared-key.ts';
import { type Devices, deviceServers } from './devices-fixture.ts';
import { type Factory, StandardDevice } from './standard-device.ts';

const secret = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const deadline = { timeout: 60_000 };

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

async function device(devices: Devices, how: Pick<Factory, 'version' | 'scheme'>, by: 'certificate' | 'key') {
  const { certificate, ports, domain, actor } = devices;
  const endpoint = by === 'key' ? `urn:dev:${how.version}` : certificate.id;
  if (by === 'key') assert.ok(await createPreSharedKey(domain, actor, endpoint, secret));
  return new StandardDevice({
    ...how,
    endpoint,
    bootstrapPort: ports.bootstrap,
    shown:
      by === 'key'
        ? { preSharedKey: secret }
        : { key: certificate.privateKeyPem, certificate: certificate.certificate.pem },
  });
}

for (const [scheme, by] of [
  ['coaps', 'certificate'],
  ['coaps', 'key'],
  ['coaps+tcp', 'certificate'],
] as const) {
  for (const version of ['1.0', '1.1'] as const) {
    const skip = scheme === 'coaps' ? dtlsMissing : undefined;
    test(`a standard client of ${version} over ${scheme} with a ${by} bootstraps, registers, is read, written and observed`, {
      skip,
      ...deadline,
    }, async (t) => {
      const devices = await deviceServers(t);
      const one = await device(devices, { version, scheme }, by);
      t.after(() => one.client.stop());
      await one.registered();
      assert.equal(one.account?.serverUri, `${scheme}://127.0.0.1:${devices.ports.lwm2m}`);
      const row = await devices.domain.storage.db.selectFrom('devices').selectAll().executeTakeFirstOrThrow();
      assert.deepEqual([row.state, row.device_execution_mode], ['registered', by === 'key' ? 0 : 1]);

      const ask = (method: 'GET' | 'PUT', uri: string, payload = '') =>
        devices.connect.requests.submit(devices.key, row.id, {
          ...{ asyncId: uri, method, uri, payload: Buffer.from(payload) },
          ...(payload === '' ? {} : { contentFormat: 0 }),
        });
      await ask('GET', '/3/0/0');
      const [read] = await told(devices, 'async-responses');
      assert.deepEqual([read?.status, read?.payload], [200, Buffer.from('maker').toString('base64')]);
      await ask('PUT', '/3311/0/5850', '1');
      const [written] = await told(devices, 'async-responses');
      assert.equal(written?.status, 200);
      assert.equal(one.light.read(5850), true);
      await devices.connect.subscriptions.subscribe(devices.key, row.id, '/3303/0/5700');
      await told(devices, 'async-responses');
      one.temperature.set(5700, 21.5);
      const [notified] = await told(devices, 'notifications');
      assert.equal(notified?.path, '/3303/0/5700');

      // The same device again, whatever became of what it was given.
      const again = one.next(/^registered/);
      one.client.bootstrapNow();
      await again;
      const rows = await devices.domain.storage.db.selectFrom('devices').select('id').execute();
      assert.equal(rows.length, by === 'key' ? 1 : 2, 'a shared certificate does not say which device it is');
      const transport = scheme === 'coaps' ? 'dtls' : 'tls';
      assert.equal(devices.servers.report.listeners.bootstrap?.[transport]?.established, 2);
    });
  }
}

test('a device with a pre-shared key may come to the LwM2M server at once', {
  skip: dtlsMissing,
  ...deadline,
}, async (t) => {
  const devices = await deviceServers(t);
  const endpoint = 'urn:dev:at-once';
  await createPreSharedKey(devices.domain, devices.actor, endpoint, secret);
  const one = await device(devices, { version: '1.0', scheme: 'coaps' }, 'key');
  one.account = {
    ...{ serverUri: `coaps://127.0.0.1:${devices.ports.lwm2m}`, securityMode: 0, secretKey: secret },
    ...{ identity: Buffer.from('urn:dev:1.0'), serverCertificate: new Uint8Array(), certificateUsage: 3 },
    ...{ shortServerId: 1, lifetime: 300, binding: 'U' },
  };
  t.after(() => one.client.stop());
  await one.registered();
  const row = await devices.domain.storage.db.selectFrom('devices').selectAll().executeTakeFirstOrThrow();
  assert.deepEqual([row.endpoint_name, row.state], ['urn:dev:1.0', 'registered']);
});

test('whoever has no key that is known hears nothing, becomes no device, and is on record', {
  skip: dtlsMissing,
  ...deadline,
}, async (t) => {
  const devices = await deviceServers(t);
  const { domain, actor, ports } = devices;
  await createPreSharedKey(domain, actor, 'urn:dev:known', secret);
  const knock = (port: number, identity: string) =>
    assert.rejects(
      connectDtls({ host: '127.0.0.1', port, preSharedKey: { identity, key: Buffer.alloc(16, 7) }, deadline: 2000 }),
    );
  // A key that is wrong is one that cannot be read, and nothing more is known before the handshake's time is over.
  await Promise.all(
    [ports.bootstrap, ports.lwm2m].flatMap((port) => [knock(port, 'stranger'), knock(port, 'urn:dev:known')]),
  );
  const { db } = domain.storage;
  assert.deepEqual(await db.selectFrom('devices').select('id').execute(), []);
  const denials = await db.selectFrom('denials').select(['endpoint_name', 'reason']).execute();
  assert.deepEqual(
    denials.filter(({ endpoint_name }) => endpoint_name === 'stranger'),
    [{ endpoint_name: 'stranger', reason: 'key-unknown' }],
  );
});

test('a device ends with its pre-shared key, and is kept out while it is suspended', {
  skip: dtlsMissing,
  ...deadline,
}, async (t) => {
  const devices = await deviceServers(t);
  const { domain, actor, log } = devices;
  const one = await device(devices, { version: '1.1', scheme: 'coaps' }, 'key');
  await one.registered();
  one.client.stop();
  const { account } = one;
  assert.ok(account);
  const deviceId = Buffer.from(account.identity).toString();
  const come = () =>
    connectDtls({
      ...{ host: '127.0.0.1', port: devices.ports.lwm2m, deadline: 2000 },
      preSharedKey: { identity: deviceId, key: account.secretKey },
    });
  (await come()).close();
  await suspendDevice(domain, actor, deviceId, { category: 'maintenance' });
  const shut = await come();
  await new Promise<void>((resolve) => shut.listen({ message: () => undefined, ended: () => resolve() }));
  assert.ok(
    log.some((line) => /device-suspended/.test(line)),
    log.join('\n'),
  );
  await resumeDevice(domain, actor, deviceId, { category: 'maintenance' });
  const lost = one.next(/^lost/);
  await one.registered();
  await deletePreSharedKey(domain, actor, 'urn:dev:1.1');
  await lost;
  one.client.stop();
  await assert.rejects(come());
});

test('who shows no certificate is on record', deadline, async (t) => {
  const devices = await deviceServers(t);
  const { connect } = await import('node:tls');
  const socket = connect({
    host: '127.0.0.1',
    port: devices.ports.bootstrap,
    rejectUnauthorized: false,
    ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  });
  await new Promise((resolve) => socket.once('close', resolve).on('error', () => undefined));
  const denial = await devices.domain.storage.db.selectFrom('denials').selectAll().executeTakeFirstOrThrow();
  assert.equal(denial.reason, 'certificate-missing');
});
