import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as settled } from 'node:timers/promises';
import type { ChannelEnd, SecureChannel } from '@mooring/transport';
import { channelPair } from '@mooring/transport/testing';

const bytes = (text: string) => new TextEncoder().encode(text);

/** A time that goes on when it is told to. */
function steppedTimers() {
  let time = 0;
  const waiting: { due: number; run: () => void }[] = [];
  return {
    now: () => time,
    after(milliseconds: number, run: () => void) {
      waiting.push({ due: time + milliseconds, run });
    },
    async advance(milliseconds: number) {
      const until = time + milliseconds;
      for (;;) {
        waiting.sort((a, b) => a.due - b.due);
        const next = waiting[0];
        if (next === undefined || next.due > until) break;
        waiting.shift();
        time = next.due;
        next.run();
        await settled();
      }
      time = until;
      await settled();
    },
  };
}

function recorded(channel: SecureChannel) {
  const got = { messages: [] as string[], drained: 0, ends: [] as ChannelEnd[] };
  channel.listen({
    message: (data) => got.messages.push(new TextDecoder().decode(data)),
    drained: () => got.drained++,
    ended: (end) => got.ends.push(end),
  });
  return got;
}

describe('a pair of channels in memory', () => {
  test('hands over messages whole and in order, also what came before anyone listened', async () => {
    const { client, server } = channelPair();
    const buffer = bytes('one');
    client.send(buffer);
    buffer.fill(0);
    client.send(bytes('two'));
    await settled();
    const got = recorded(server);
    await settled();
    assert.deepEqual(got.messages, ['one', 'two']);
  });

  test('stops between two messages when it is paused while one is handed over', async () => {
    const { client, server } = channelPair();
    const got: string[] = [];
    server.listen({
      message(data) {
        got.push(new TextDecoder().decode(data));
        server.pause();
      },
      ended() {},
    });
    for (const text of ['one', 'two', 'three']) client.send(bytes(text));
    await settled();
    assert.deepEqual(got, ['one']);
    server.resume();
    await settled();
    assert.deepEqual(got, ['one', 'two']);
  });

  test('tells a fast sender to wait, and when to go on', async () => {
    const { client, server } = channelPair({ window: 10 });
    const sender = recorded(client);
    server.pause();
    recorded(server);
    assert.equal(client.send(bytes('12345')), true);
    assert.equal(client.send(bytes('678901')), false);
    assert.equal(client.pending, 11);
    await settled();
    assert.equal(sender.drained, 0);
    server.resume();
    await settled();
    assert.equal(client.pending, 0);
    assert.equal(sender.drained, 1);
  });

  test('close: what was sent arrives, then both ends hear of the end', async () => {
    const { client, server } = channelPair();
    const atClient = recorded(client);
    const atServer = recorded(server);
    client.send(bytes('last'));
    client.close();
    assert.equal(client.send(bytes('too late')), false);
    await settled();
    assert.deepEqual(atServer, { messages: ['last'], drained: 0, ends: [{ byPeer: true }] });
    assert.deepEqual(atClient.ends, [{ byPeer: false }]);
  });

  test('destroy over TLS: the other end hears a reset; over DTLS it hears nothing', async () => {
    for (const kind of ['tls', 'dtls'] as const) {
      const { client, server } = channelPair({ kind });
      const atClient = recorded(client);
      const atServer = recorded(server);
      client.destroy(new Error('enough'));
      await settled();
      assert.equal(atClient.ends[0]?.error?.message, 'enough');
      assert.equal(atServer.ends.length, kind === 'tls' ? 1 : 0);
      if (kind === 'tls') assert.equal(atServer.ends[0]?.byPeer, false);
    }
  });

  test('DTLS: messages are lost, doubled, and change places as told', async () => {
    const timers = steppedTimers();
    const fates = [[20], [], [0, 5], [10]];
    const { client, server } = channelPair({
      kind: 'dtls',
      timers,
      now: timers.now,
      fate: ({ index }) => fates[index] ?? [],
    });
    const got = recorded(server);
    for (const text of ['a', 'b', 'c', 'd']) client.send(bytes(text));
    await timers.advance(30);
    assert.deepEqual(got.messages, ['c', 'c', 'd', 'a']);
    assert.equal(server.lastHeard, 20);
  });

  test('TLS: a late message holds up those behind it, and a lost one breaks the connection', async () => {
    const timers = steppedTimers();
    const fates = [[20], [0], []];
    const { client, server } = channelPair({ timers, now: timers.now, fate: ({ index }) => fates[index] ?? [] });
    const got = recorded(server);
    client.send(bytes('a'));
    client.send(bytes('b'));
    await timers.advance(19);
    assert.deepEqual(got.messages, []);
    await timers.advance(1);
    assert.deepEqual(got.messages, ['a', 'b']);
    client.send(bytes('c'));
    await settled();
    assert.equal(got.ends.length, 1);
    assert.ok(got.ends[0]?.error);
  });
});
