// OpenSSL's own client at both servers for devices: nobody gets in who should not.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { carried, deviceServers, hastyBy, TestDevice } from '../test/devices/devices-fixture.ts';
import { counted, deadline, type Files, intrude, logged, openssl, skip } from './intruders.ts';

test('OpenSSL as a client that has no business here, over TLS', { skip, timeout: 110_000 }, (t) => intrude(t, 'tls'));

test('OpenSSL with good credentials that talks nonsense', { skip, timeout: 60_000 }, async (t) => {
  const devices = await deviceServers(t, {}, hastyBy(10));
  const device = new TestDevice(await carried(devices));
  await device.registered();
  device.client.stop();
  const before = await counted(devices, 'devices');
  const { key, certificate } = device.carried;
  const shown = { bootstrap: { key, certificate }, lwm2m: device.account as Files };
  const ended = { bootstrap: /bootstrap\.unasked/, lwm2m: /device\.unregistered/ };
  for (const server of ['bootstrap', 'lwm2m'] as const) {
    await t.test(`garbage is not answered by the ${server} server, and ends the connection`, async () => {
      const from = devices.log.length;
      const { received, closed } = await openssl(devices.ports[server], shown[server], Buffer.alloc(100, 0xff));
      assert.ok(closed);
      assert.equal(received.length, 0);
      await logged(devices, from, ended[server]);
    });
    await t.test(`a ClientHello and then silence is not waited for by the ${server} server`, async () => {
      const from = devices.log.length;
      const socket = connectTcp(devices.ports[server], '127.0.0.1');
      t.after(() => socket.destroy());
      socket.on('error', () => {});
      const late = setTimeout(() => socket.destroy(new Error('not closed')), deadline);
      socket.write(await clientHello());
      const [failed] = await once(socket.resume(), 'close');
      clearTimeout(late);
      assert.equal(failed, false);
      await logged(devices, from, new RegExp(`device\\.refused.*${server}.*not done in time`));
    });
  }
  assert.equal(await counted(devices, 'devices'), before);
  assert.equal(await counted(devices, 'registrations'), 0);
});

/** The first flight of OpenSSL's client, as it leaves it. */
async function clientHello(): Promise<Buffer> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const child = spawn('openssl', ['s_client', '-tls1_2', '-connect', `127.0.0.1:${port}`], { stdio: 'ignore' });
  const [socket] = await once(server, 'connection', { signal: AbortSignal.timeout(deadline) });
  const [hello] = await once(socket, 'data', { signal: AbortSignal.timeout(deadline) });
  child.kill('SIGKILL');
  await once(child, 'close');
  socket.destroy();
  server.close();
  return hello;
}
