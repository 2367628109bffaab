// OpenSSL's own client at both servers for devices, over DTLS: nobody gets in who should not.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { dtlsMissing } from '@mooring/transport';
import { createPreSharedKey } from '../src/registry/pre-shared-keys/pre-shared-key.ts';
import { deviceServers, hastyBy } from '../test/devices/devices-fixture.ts';
import { asks, directory, intrude, logged, skip } from './intruders.ts';

test(
  'OpenSSL as a client that has no business here, over DTLS',
  {
    skip: skip || dtlsMissing,
    timeout: 110_000,
  },
  (t) => intrude(t, 'dtls'),
);

for (const [name, identity, key] of [
  ['a pre-shared key that nobody knows', 'stranger', '00112233445566778899aabbccddeeff'],
  ['a wrong pre-shared key', 'urn:dev:known', '00112233445566778899aabbccddeeff'],
] as const) {
  test(`OpenSSL with ${name}`, { skip: skip || dtlsMissing, timeout: 60_000 }, async (t) => {
    const devices = await deviceServers(t, {}, hastyBy(10));
    await createPreSharedKey(devices.domain, devices.actor, 'urn:dev:known', Buffer.alloc(16, 1));
    for (const port of Object.values(devices.ports)) {
      const from = devices.log.length;
      const suite = ['-cipher', 'PSK-AES128-CCM8:@SECLEVEL=0', '-psk_identity', identity, '-psk', key];
      const child = spawn('openssl', ['s_client', '-quiet', '-dtls1_2', '-connect', `127.0.0.1:${port}`, ...suite]);
      t.after(() => child.kill('SIGKILL'));
      child.stdin.on('error', () => {});
      child.stdin.write(asks('lwm2m', [`ep=${identity}`, 'lt=3600']));
      await logged(devices, from, /device\.refused/);
    }
    assert.deepEqual(await directory(devices), [0, 0, 0]);
    const denials = await devices.domain.storage.db.selectFrom('denials').select(['endpoint_name', 'reason']).execute();
    assert.deepEqual(denials, [{ endpoint_name: identity, reason: 'key-unknown' }]);
  });
}
