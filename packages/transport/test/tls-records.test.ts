import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { SecureChannel } from '@mooring/transport';
import { anyone, identity } from './identity.ts';
import { listening, until } from './listening.ts';
import { recordsOf, wireClient } from './wire.ts';

const device = identity('device');

const client = (port: number) =>
  wireClient(port, { key: device.key, cert: device.certificate, ciphers: 'ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0' });

const texts = ['a', 'bb', 'c'.repeat(1152), 'd', 'e'.repeat(16_384), 'f'];

for (const size of [undefined, 1460, 7] as const) {
  test(`records come in as they were sent, in ${size === undefined ? 'one segment' : `segments of ${size} bytes`}`, async () => {
    const { listener, channels } = await listening();
    const { tls, hold, release } = await client(listener.port);
    await once(tls, 'secureConnect');
    const held = hold();
    for (const text of texts) tls.write(text);
    // Header, explicit nonce and tag of CCM_8 (RFC 6655 §3) go with each.
    await until(() => held() === texts.join('').length + texts.length * 21 && channels.length === 1);
    const [channel] = channels as [SecureChannel];
    const got: string[] = [];
    channel.listen({ message: (data) => got.push(Buffer.from(data).toString()), ended() {} });
    await release(size);
    await until(() => got.length >= texts.length);
    assert.deepEqual(got, texts);
    tls.destroy();
  });
}

test('records stay apart that came before anyone listened, or while reading was paused', async () => {
  let decide: (verdict: ReturnType<typeof anyone>) => void = () => {};
  const { listener, channels } = await listening({ verifyPeer: () => new Promise((resolve) => (decide = resolve)) });
  const { tls, hold, release } = await client(listener.port);
  await once(tls, 'secureConnect');
  let held = hold();
  for (const text of ['1', '22', '333']) tls.write(text);
  await until(() => held() === 6 + 3 * 21);
  await release();
  await until(() => listener.stats.handshakes === 1);
  await turn();
  decide(anyone());
  await until(() => channels.length === 1);
  const [channel] = channels as [SecureChannel];
  const got: string[] = [];
  channel.listen({
    message(data) {
      got.push(Buffer.from(data).toString());
      channel.pause();
    },
    ended() {},
  });
  await until(() => got.length === 1);
  held = hold();
  for (const text of ['4444', '5']) tls.write(text);
  await until(() => held() === 5 + 2 * 21);
  await release();
  for (let count = 0; count < 20; count++) await turn();
  for (let expected = 1; expected <= 5; expected++) {
    assert.equal(got.length, expected, 'one for each time that it is resumed');
    channel.resume();
    await until(() => got.length > expected || expected === 5);
  }
  assert.deepEqual(got, ['1', '22', '333', '4444', '5']);
  tls.destroy();
});

test('what is sent in one turn goes out as one record each', async () => {
  const { listener, channels } = await listening();
  const { tls, received } = await client(listener.port);
  await once(tls, 'secureConnect');
  await until(() => channels.length === 1);
  const [channel] = channels as [SecureChannel];
  channel.listen({ message() {}, ended() {} });
  const before = recordsOf(received()).length;
  const sizes = [1, 2, 3, 500, 4, 16_384, 5];
  for (const size of sizes) channel.send(new Uint8Array(size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let bytes = 0;
  tls.on('data', (data) => (bytes += data.length));
  await until(() => bytes === total);
  // Nonce of 8 bytes and tag of 8.
  assert.deepEqual(
    recordsOf(received())
      .slice(before)
      .map(({ type, body }) => [type, body.length - 16]),
    sizes.map((size) => [23, size]),
  );
  for (const wrong of [0, 16_385]) assert.throws(() => channel.send(new Uint8Array(wrong)), RangeError);
  tls.destroy();
});

describe('renegotiation, with which the old clients judge the server again', () => {
  test('goes on with the records around it, and is stopped when it is asked for again and again', async () => {
    const { listener, channels } = await listening();
    const { tls, hold, release } = await client(listener.port);
    await once(tls, 'secureConnect');
    await until(() => channels.length === 1);
    const got: string[] = [];
    let error: (Error & { code?: string }) | undefined;
    let isOver = false;
    channels[0]?.listen({
      message: (data) => got.push(Buffer.from(data).toString()),
      ended(end) {
        isOver = true;
        error = end.error;
      },
    });
    const renegotiate = () => new Promise<unknown>((resolve) => tls.renegotiate({}, resolve));
    for (const text of ['one', 'two', 'three']) {
      // The last record of the old keys and the first message of the new handshake come in one segment.
      hold();
      tls.write(`before ${text}`);
      const done = renegotiate();
      for (let count = 0; count < 5; count++) await turn();
      await release();
      assert.equal(await done, null);
      tls.write(`after ${text}`);
    }
    await until(() => got.length === 6);
    assert.deepEqual(
      got,
      ['one', 'two', 'three'].flatMap((text) => [`before ${text}`, `after ${text}`]),
    );
    void renegotiate();
    await until(() => isOver);
    assert.equal(error?.code, 'ERR_TLS_SESSION_ATTACK');
    assert.equal(listener.stats.channels, 0);
  });
});
