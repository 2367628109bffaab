// Over real TLS: every message is a record of its own, both ways, also when many go at once.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connectTls, listenTls, type SecureChannel } from '@mooring/transport';
import { anyone, identity } from '../../transport/test/identity.ts';
import { CoapConnection, type CoapOptions, codes, decodeMessage } from '../src/index.ts';
import { filler, hex, utf8 } from './raw-peer.ts';

const authority = identity('authority', undefined, 'authority');
const server = identity('localhost', authority, 'server');
const client = identity('device', authority, 'developer');

const accepting: ((channel: SecureChannel) => void)[] = [];
const listener = await listenTls({
  host: '127.0.0.1',
  port: 0,
  credentials: server,
  verifyPeer: anyone,
  channel: (channel) => accepting.shift()?.(channel),
});
after(() => listener.close(0));

async function tls(): Promise<{ client: SecureChannel; server: SecureChannel }> {
  const accepted = new Promise<SecureChannel>((resolve) => accepting.push(resolve));
  const { port } = listener;
  const mine = await connectTls({ host: '127.0.0.1', port, credentials: client, authorities: [authority.certificate] });
  return { client: mine, server: await accepted };
}

const echo: CoapOptions['handler'] = ({ payload }) => ({ code: codes.content, payload });

for (const framing of ['record', 'stream'] as const) {
  test(`${framing}: many exchanges with bodies of many sizes, both ways at once`, { timeout: 60_000 }, async () => {
    const channels = await tls();
    const options: CoapOptions = { framing, handler: echo };
    const ends = [new CoapConnection(channels.client, options), new CoapConnection(channels.server, options)];
    await Promise.all(
      ends.flatMap((end) =>
        Array.from({ length: 30 }, async (_, index) => {
          const payload = filler(index * index * 5, index);
          const response = await end.request({ method: 'POST', path: ['echo'], payload });
          assert.equal(hex(response.payload), hex(payload));
        }),
      ),
    );
    await ends[0]?.close();
    await ends[1]?.closed;
  });
}

test('requests that are sent at once come as so many records', { timeout: 60_000 }, async () => {
  const channels = await tls();
  const received: Uint8Array[] = [];
  const limits = { requests: 40 };
  const connection = new CoapConnection(channels.server, { framing: 'record', limits });
  const all = new Promise<void>((resolve) => {
    channels.client.listen({
      message(data) {
        received.push(data);
        if (received.length === 40) resolve();
      },
      ended: () => {},
    });
  });
  const asked = Array.from({ length: 40 }, (_, index) =>
    connection.request({ method: 'PUT', path: [`${index}`], payload: filler(index * 10) }).catch(() => {}),
  );
  await all;
  assert.deepEqual(
    received
      .map((data) => decodeMessage(data))
      .map(({ options, payload }) => [hex(options[0]?.value ?? utf8('')), payload.length]),
    Array.from({ length: 40 }, (_, index) => [hex(utf8(`${index}`)), index * 10]),
  );
  connection.destroy();
  await Promise.all(asked);
});
