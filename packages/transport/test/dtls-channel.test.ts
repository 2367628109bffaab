import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { isMooringError } from '@mooring/platform';
import { fakeTime } from '@mooring/platform/testing';
import { connectDtls, dtlsMissing } from '@mooring/transport';
import { client, device, hear, other, relay, speak } from './dtls-ends.ts';
import { anyone, identity } from './identity.ts';
import { listeningDtls, server, until } from './listening.ts';

describe('an open DTLS channel', { skip: dtlsMissing }, () => {
  test('does not mind what others send in its name', async () => {
    const all = await listeningDtls();
    const { port, seen, toServer } = await relay(all.listener.port);
    const mine = await client(port);
    await until(() => all.channels.length === 1);
    const heard = hear(all.channels[0]);
    mine.send(Buffer.from('one'));
    await until(() => heard.messages.length === 1);
    // Everything again, alerts in the clear, and noise.
    for (const { from, datagram } of [...seen]) if (from === 'client') toServer(datagram);
    for (const hex of [
      '15fefd000000000000000900020100',
      '15fefd000000000000000a00020228',
      '17fefd0001000000000009000101',
      '00',
    ]) {
      toServer(Buffer.from(hex, 'hex'));
    }
    mine.send(Buffer.from('two'));
    await until(() => heard.messages.length === 2);
    assert.deepEqual(heard, { messages: ['one', 'two'], ends: [] });
  });

  test('gives way to a new beginning from its address, but only when that is let in', async () => {
    let isTrusted = true;
    const all = await listeningDtls({
      verifyPeer: () => (isTrusted ? anyone() : { trusted: false, reason: 'untrusted', detail: 'not now' }),
    });
    const { port } = await relay(all.listener.port);
    await client(port);
    await until(() => all.channels.length === 1);
    const before = hear(all.channels[0]);
    isTrusted = false;
    const refused = hear(await client(port));
    await until(() => all.refusals.length === 1 && refused.ends.length === 1);
    assert.deepEqual([before.ends, all.listener.stats.channels, all.listener.stats.handshakes], [[], 1, 0]);
    isTrusted = true;
    const again = await client(port);
    await until(() => before.ends.length === 1);
    assert.ok(isMooringError(before.ends[0]?.error) && before.ends[0].error.code === 'transport.channel.replaced');
    await speak(again, { ...all, channels: all.channels.slice(1) });
    assert.equal(all.listener.stats.channels, 1);
  });

  test('hands over one message for each datagram, and none while it is paused', async () => {
    const all = await listeningDtls();
    const mine = await client(all.listener.port);
    const texts = ['a', 'b'.repeat(1000), 'c', 'd'];
    for (const text of texts) mine.send(Buffer.from(text));
    await until(() => all.channels.length === 1);
    const [channel] = all.channels;
    const got: string[] = [];
    channel?.listen({
      message(data) {
        got.push(Buffer.from(data).toString());
        channel.pause();
      },
      ended() {},
    });
    for (let expected = 1; expected <= texts.length; expected++) {
      await until(() => got.length === expected);
      for (let count = 0; count < 5; count++) await turn();
      assert.equal(got.length, expected);
      channel?.resume();
    }
    assert.deepEqual(got, texts);
    for (const wrong of [0, 16_385]) assert.throws(() => channel?.send(new Uint8Array(wrong)), RangeError);
  });

  test('ends on both sides when one closes it', async () => {
    const all = await listeningDtls();
    for (const closes of ['client', 'server']) {
      const mine = await client(all.listener.port);
      await until(() => all.listener.stats.channels === 1);
      const theirs = all.channels.at(-1);
      const [atServer, atClient] = [hear(theirs), hear(mine)];
      (closes === 'client' ? mine : theirs)?.close();
      await until(() => atServer.ends.length === 1 && atClient.ends.length === 1);
      assert.deepEqual(atServer.ends, [{ byPeer: closes === 'client' }]);
      assert.deepEqual(atClient.ends, [{ byPeer: closes === 'server' }]);
      assert.equal(mine.send(Buffer.from('more')), false);
      await until(() => all.listener.stats.channels === 0);
    }
    assert.equal(all.listener.stats.silent, 1);
  });

  test('is dropped when nothing was heard on it for long', async () => {
    const time = fakeTime();
    const all = await listeningDtls({ timers: time.timers, clock: time.clock, idle: 8000 });
    const mine = await client(all.listener.port);
    await until(() => all.channels.length === 1);
    const heard = hear(all.channels[0]);
    await time.advance(7000);
    mine.send(Buffer.from('still here'));
    await until(() => heard.messages.length === 1);
    await time.advance(7000);
    assert.deepEqual([heard.ends, all.listener.stats.channels], [[], 1]);
    await time.advance(2000);
    assert.deepEqual([heard.ends, all.listener.stats.channels], [[{ byPeer: false }], 0]);
  });
});

describe('a DTLS listener', { skip: dtlsMissing }, () => {
  test('takes other credentials for those who come from then on', async () => {
    const all = await listeningDtls();
    await client(all.listener.port);
    all.listener.setCredentials(identity('later', undefined, 'server'));
    const later = await client(all.listener.port);
    assert.notDeepEqual(later.peer.certificates[0], server.der);
    assert.throws(() => all.listener.setCredentials({ key: other.key, certificate: device.certificate }), {
      code: 'transport.credentials.invalid',
    });
    await client(all.listener.port);
    await until(() => all.channels.length === 3);
  });

  test('says goodbye to all when it closes', async () => {
    const all = await listeningDtls();
    const mine = await client(all.listener.port);
    await until(() => all.channels.length === 1);
    const heard = hear(mine);
    await all.listener.close();
    await until(() => heard.ends.length === 1);
    assert.deepEqual(heard.ends, [{ byPeer: true }]);
  });

  test('says which port it cannot have', async () => {
    const { listener } = await listeningDtls();
    await assert.rejects(listeningDtls({ port: listener.port }), { code: 'transport.listen.failed' });
  });
});

test('connecting over DTLS ends when nobody answers, or when it is called off', { skip: dtlsMissing }, async () => {
  const silent = createSocket('udp4');
  silent.bind(0, '127.0.0.1');
  await once(silent, 'listening');
  const place = { host: '127.0.0.1', port: silent.address().port, verifyPeer: anyone };
  const time = fakeTime();
  const late = assert.rejects(connectDtls({ ...place, timers: time.timers }), { code: 'transport.connect.timeout' });
  await once(silent, 'message');
  await time.advance(60_000);
  await late;
  await assert.rejects(connectDtls({ ...place, signal: AbortSignal.abort() }), { name: 'AbortError' });
  silent.close();
  await once(silent, 'close');
  await assert.rejects(connectDtls(place), { code: 'transport.connect.failed' });
});
