// Eclipse Leshan's client, a standard LwM2M device over DTLS: it bootstraps, registers, is read, written, executed, observed.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { derOf, exportPrivateKey, importPrivateKey } from '@mooring/pki';
import { dtlsMissing } from '@mooring/transport';
import { mavenPeer } from '../../../test/peers/maven.ts';
import { conversation } from '../../transport/interop/conversation.ts';
import { deviceServerCertificate } from '../src/certificates/index.ts';
import { createPreSharedKey } from '../src/registry/pre-shared-keys/pre-shared-key.ts';
import { type Devices, deviceServers } from '../test/devices/devices-fixture.ts';
import { application } from './application.ts';

const leshan = mavenPeer('leshan-client-2.0.0-M15', 'org.eclipse.leshan:leshan-client-cf:2.0.0-M15');
const skip = dtlsMissing ?? (typeof leshan === 'string' && leshan);
const secret = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

interface Kind {
  readonly name: string;
  readonly mode: number;
  /** The endpoint name, and what the client is given to come with. */
  prepare(devices: Devices, folder: string): Promise<readonly [endpoint: string, ...args: string[]]>;
}

const kinds: readonly Kind[] = [
  {
    name: 'a pre-shared key',
    mode: 0,
    async prepare({ domain, actor }) {
      const endpoint = 'urn:dev:os:leshan';
      await createPreSharedKey(domain, actor, endpoint, secret);
      return [endpoint, 'psk', endpoint, secret.toString('hex')];
    },
  },
  {
    name: 'a certificate',
    mode: 1,
    async prepare({ domain, accountId, certificate }, folder) {
      const file = (name: string, bytes: Uint8Array): string => {
        writeFileSync(join(folder, name), bytes);
        return join(folder, name);
      };
      const key = exportPrivateKey(importPrivateKey(certificate.privateKeyPem), 'pkcs8', 'der');
      const server = await deviceServerCertificate(domain, accountId, 'bootstrap');
      const files = [
        file('device.der', derOf(certificate.certificate.pem, 'CERTIFICATE')),
        file('device.key', key),
        file('server.der', server.leaf),
      ];
      return [certificate.id, 'x509', ...files];
    },
  },
];

async function started(t: TestContext, devices: Devices, kind: Kind) {
  assert.ok(typeof leshan !== 'string');
  const folder = mkdtempSync(join(tmpdir(), 'mooring-leshan-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const args = await kind.prepare(devices, folder);
  const uri = `coaps://127.0.0.1:${devices.ports.bootstrap}`;
  const source = join(import.meta.dirname, 'LeshanPeer.java');
  const peer = conversation('java', ['-cp', leshan.classPath, source, uri, ...args], 100_000);
  t.after(() => peer.process.kill('SIGKILL'));
  await peer.until(/registered at/);
  return peer;
}

for (const kind of kinds) {
  test(`Leshan's client with ${kind.name}`, { skip, timeout: 110_000 }, async (t) => {
    const devices = await deviceServers(t);
    const app = await application(t, devices);
    const peer = await started(t, devices, kind);
    assert.match(peer.heard, /^bootstrapped$/m);
    assert.match(peer.heard, new RegExp(`^registered at coaps://127.0.0.1:${devices.ports.lwm2m}$`, 'm'));

    const row = await devices.domain.storage.db.selectFrom('devices').selectAll().executeTakeFirstOrThrow();
    assert.deepEqual([row.state, row.device_execution_mode], ['registered', kind.mode]);
    assert.deepEqual(await app.ask(row.id, 'GET', '/3/0/0'), [200, 'Leshan']);
    assert.deepEqual(await app.ask(row.id, 'PUT', '/3/0/15', 'Europe/Zurich'), [200, '']);
    await peer.until(/^zone Europe\/Zurich$/m);
    assert.equal((await app.ask(row.id, 'POST', '/3/0/4'))[0], 200);
    await peer.until(/^executed 4$/m);
    assert.equal((await app.ask(row.id, 'GET', '/3/0/1'))[0], 404);

    const { status } = await app.request('PUT', `/v2/subscriptions/${row.id}/3/0/9`);
    assert.equal(status, 202);
    await app.told('async-responses');
    peer.say('\n');
    const [notified] = await app.told('notifications');
    assert.deepEqual([notified?.path, Buffer.from(String(notified?.payload), 'base64').toString()], ['/3/0/9', '79']);

    peer.process.stdin.end();
    assert.deepEqual(await app.told('de-registrations'), [row.id]);
  });
}
