// libcoap's clients and a device made of aiocoap at the listeners of the service: TLS with the framing of RFC 8323, and DTLS.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dtlsMissing } from '@mooring/transport';
import { missing } from '../../../test/peers/missing.ts';
import { pythonPeer } from '../../../test/peers/python.ts';
import { run } from '../../coap/interop/programs.ts';
import { conversation } from '../../transport/interop/conversation.ts';
import { activeAuthority } from '../src/certificates/index.ts';
import { createPreSharedKey } from '../src/registry/pre-shared-keys/pre-shared-key.ts';
import { carried, type Devices, deviceServers, TestDevice } from '../test/devices/devices-fixture.ts';
import { application } from './application.ts';

const builds = ['coap-client-openssl', 'coap-client-gnutls'];
const noLibcoap = missing(builds, 'libcoap3-bin');
// tinydtls is built from source.
const noBuild = missing(['autoreconf', 'libtoolize', 'gcc'], 'autoconf automake libtool gcc libc6-dev');
const aiocoap =
  noBuild ||
  pythonPeer({ name: 'aiocoap-tinydtls-0.4.17', install: [['aiocoap[tinydtls]==0.4.17']], imports: 'DTLSSocket' });
const noAiocoap = typeof aiocoap === 'string' && aiocoap;

const folder = mkdtempSync(join(tmpdir(), 'mooring-peers-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
};

const secret = Buffer.from('6d6f6f72696e672d6b65792d30303031', 'hex');

interface Way {
  readonly scheme: 'coaps' | 'coaps+tcp';
  readonly by: 'certificate' | 'key';
}

const ways: readonly Way[] = [
  { scheme: 'coaps+tcp', by: 'certificate' },
  { scheme: 'coaps', by: 'certificate' },
  { scheme: 'coaps', by: 'key' },
];

/** What a device has at the LwM2M server, and its endpoint name. */
async function credentials(devices: Devices, { by }: Way) {
  if (by === 'key') {
    await createPreSharedKey(devices.domain, devices.actor, 'urn:dev:peer', secret);
    return { endpoint: 'urn:dev:peer', files: undefined };
  }
  const device = new TestDevice(await carried(devices));
  await device.registered();
  device.client.stop();
  while ((await registrations(devices)).length > 0) await sleep(10);
  const { key, certificate } = device.account ?? assert.fail();
  const authority = async (purpose: 'lwm2m' | 'bootstrap') =>
    file(`${purpose}.pem`, (await activeAuthority(devices.domain, devices.accountId, purpose)).certificate.pem);
  const files = {
    own: [file('own.pem', certificate), file('own.key', key)],
    // OpenSSL's build of libcoap takes one authority of a file.
    authority: { lwm2m: await authority('lwm2m'), bootstrap: await authority('bootstrap') },
  } as const;
  return { endpoint: device.carried.endpoint, files };
}

const skipOf = ({ scheme }: Way, absent: string | false) => absent || (scheme === 'coaps' && dtlsMissing);

const registrations = (devices: Devices) =>
  devices.domain.storage.db.selectFrom('registrations').select(['lifetime', 'binding', 'version']).execute();

const links = Array.from({ length: 300 }, (_, index) => `</3300/${index}>`).join();

for (const way of ways) {
  for (const build of builds) {
    test(`${build} over ${way.scheme} with a ${way.by}: registers, updates, leaves`, {
      skip: skipOf(way, noLibcoap),
      timeout: 60_000,
    }, async (t: TestContext) => {
      const devices = await deviceServers(t);
      const { endpoint, files } = await credentials(devices, way);
      const shown = (server: 'bootstrap' | 'lwm2m') =>
        files
          ? ['-c', files.own[0], '-j', files.own[1], '-C', files.authority[server]]
          : ['-u', endpoint, '-k', secret.toString('latin1')];
      const ask = async (server: 'bootstrap' | 'lwm2m', method: string, path: string, ...args: string[]) => {
        const uri = `${way.scheme}://127.0.0.1:${devices.ports[server]}${path}`;
        const { stdout, stderr } = await run(build, [
          '-v',
          '6',
          '-B',
          '10',
          ...shown(server),
          '-m',
          method,
          ...args,
          uri,
        ]);
        return `${stdout}${stderr}`;
      };
      const payload = file('links', `</>;ct="110 112",</3/0>,${links}`);
      const made = await ask('lwm2m', 'post', `/rd?ep=${endpoint}&lt=300&lwm2m=1.1&b=U`, '-t', '40', '-f', payload);
      const place = [...(/2\.01.*?\[([^\]]*)\]/s.exec(made)?.[1] ?? '').matchAll(/Location-Path:([^,\s\]]+)/g)];
      assert.equal(place.length, 3, made);
      assert.deepEqual(await registrations(devices), [{ lifetime: 300, binding: 'U', version: '1.1' }]);
      const at = `/${place.map(([, segment]) => segment).join('/')}`;
      assert.match(await ask('lwm2m', 'post', `${at}?lt=900`), /2\.04/);
      assert.equal((await registrations(devices))[0]?.lifetime, 900);
      assert.match(await ask('lwm2m', 'get', at), /4\.05/);
      assert.match(await ask('lwm2m', 'delete', at), /2\.02/);
      assert.deepEqual(await registrations(devices), []);
      // A certificate for the LwM2M server is none for the other; a key is, and the client has nothing to be written.
      assert.match(await ask('bootstrap', 'post', `/bs?ep=${endpoint}`), way.by === 'key' ? /2\.04/ : /4\.03/);
    });
  }

  // aiocoap's DTLS has pre-shared keys alone.
  if (way.scheme === 'coaps' && way.by === 'certificate') continue;
  test(`a device made of aiocoap over ${way.scheme} with a ${way.by}: registers, is read, written and observed, updates, leaves`, {
    skip: skipOf(way, noAiocoap),
    timeout: 90_000,
  }, async (t: TestContext) => {
    assert.ok(typeof aiocoap !== 'string' && aiocoap);
    const devices = await deviceServers(t);
    const app = await application(t, devices);
    const { endpoint, files } = await credentials(devices, way);
    const uri = `${way.scheme}://127.0.0.1:${devices.ports.lwm2m}`;
    const shown = files ? ['tls', ...files.own, files.authority.lwm2m] : ['psk', endpoint, secret.toString('hex')];
    const script = join(import.meta.dirname, 'aiocoap-device.py');
    const peer = conversation(join(aiocoap.bin, 'python'), [script, uri, endpoint, ...shown], 80_000);
    t.after(() => peer.process.kill('SIGKILL'));
    await peer.until(/^registered 2\.01 Created rd/m);
    const { db } = devices.domain.storage;
    const { id } = await db.selectFrom('registrations').select('device_id as id').executeTakeFirstOrThrow();

    assert.deepEqual(await app.ask(id, 'GET', '/3/0/0'), [200, 'aiocoap']);
    assert.deepEqual(await app.ask(id, 'GET', '/3/0/1'), [200, 'm'.repeat(3000)]);
    assert.deepEqual(await app.ask(id, 'PUT', '/3/0/15', 'z'.repeat(2500)), [200, '']);
    await peer.until(/^written 2500 z+$/m);
    assert.equal((await app.ask(id, 'GET', '/3/0/2'))[0], 404);
    assert.equal((await app.request('PUT', `/v2/subscriptions/${id}/3303/0/5700`)).status, 202);
    await app.told('async-responses');
    peer.say('21.5\n');
    const [notified] = await app.told('notifications');
    assert.deepEqual(
      [notified?.path, Buffer.from(String(notified?.payload), 'base64').toString()],
      ['/3303/0/5700', '21.5'],
    );
    peer.say('update\n');
    await peer.until(/^updated 2\.04/m);
    assert.equal((await registrations(devices))[0]?.lifetime, 600);
    peer.process.stdin.end();
    await peer.until(/^gone 2\.02/m);
    assert.deepEqual(await registrations(devices), []);
  });
}
