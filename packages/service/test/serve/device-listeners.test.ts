import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, systemTimers } from '@mooring/platform';
import { connectDtls, connectTls, dtlsMissing, type SecureChannel } from '@mooring/transport';
import { anyone, identity } from '../../../transport/test/identity.ts';
import { DeviceListeners } from '../../src/serve/device-listeners.ts';
import { freePorts } from '../devices/devices-fixture.ts';

const server = identity('server', undefined, 'server');
const device = identity('device');

for (const [host, from] of [
  ['0.0.0.0', ['127.0.0.1']],
  ['::', ['127.0.0.1', '::1']],
  ['localhost', ['localhost']],
] as const) {
  test(`devices come to ${host} from ${from.join(' and ')}, over TCP and UDP`, { skip: dtlsMissing }, async (t) => {
    const [port] = await freePorts();
    const came: string[] = [];
    const door = {
      judge: anyone,
      keyOf: async () => undefined,
      accept: ({ kind, alpn, peer }: SecureChannel) => void came.push(`${kind} ${alpn} ${peer.address}`),
      refused: () => undefined,
    };
    const listeners = await DeviceListeners.open(door, {
      ...{ host, port, credentials: server, limits: {}, dtls: true },
      ...{ clock: systemClock, timers: systemTimers },
    });
    t.after(() => listeners.close(0));
    for (const each of from) {
      const to = { host: each, port, credentials: device, verifyPeer: anyone };
      const channels = [
        await connectTls(to),
        await connectTls({ ...to, alpn: ['coap'] }),
        ...(each === 'localhost' ? [] : [await connectDtls(to)]),
      ];
      for (const channel of channels) channel.close();
    }
    const due = from.length * (host === 'localhost' ? 2 : 3);
    while (came.length < due) await new Promise((resolve) => setImmediate(resolve));
    const ways = [...new Set(came.map((way) => way.split(' ').slice(0, 2).join(' ')))].sort();
    assert.deepEqual(ways, ['dtls undefined', 'tls coap', 'tls undefined'].slice(host === 'localhost' ? 1 : 0));
    for (const each of from.filter((address) => address !== 'localhost')) {
      assert.equal(came.filter((way) => way.endsWith(` ${each}`)).length, 3, came.join());
    }
  });
}

test('without DTLS there is TCP alone', async (t) => {
  const [port] = await freePorts();
  const door = { judge: anyone, keyOf: async () => undefined, accept: () => undefined, refused: () => undefined };
  const listeners = await DeviceListeners.open(door, {
    ...{ host: '127.0.0.1', port, credentials: server, limits: {}, dtls: false },
    ...{ clock: systemClock, timers: systemTimers },
  });
  t.after(() => listeners.close(0));
  assert.deepEqual(Object.keys(listeners.stats), ['tls']);
});
