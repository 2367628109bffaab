import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { isMooringError } from '@mooring/platform';
import { fakeTime } from '@mooring/platform/testing';
import {
  type ChannelEnd,
  connectDtls,
  type DtlsConnectOptions,
  dtlsMissing,
  type RefusalReason,
  type SecureChannel,
} from '@mooring/transport';
import { clientHelloOf, isApplicationData } from '../src/dtls/record.ts';
import { anyone, identity } from './identity.ts';
import { type Listening, listeningDtls, server, until } from './listening.ts';
import { type Passing, type UdpRelay, udpRelay } from './udp-relay.ts';

const device = identity('device');
const other = identity('other');
const preSharedKey = { identity: 'urn:dev:1', key: Buffer.from('0102030405060708', 'hex') };
const keyOf = (name: string) =>
  name === preSharedKey.identity ? { key: preSharedKey.key, identity: undefined } : undefined;

const made: { close(): void }[] = [];
after(() => made.forEach((one) => void one.close()));

/** Closed at the end of the file. */
async function client(port: number, options: Partial<DtlsConnectOptions> = {}): Promise<SecureChannel> {
  const channel = await connectDtls({
    host: '127.0.0.1',
    port,
    verifyPeer: anyone,
    ...(options.preSharedKey === undefined ? { credentials: device } : {}),
    ...options,
  });
  made.push(channel);
  return channel;
}

async function relay(...args: Parameters<typeof udpRelay>): Promise<UdpRelay> {
  const made = await udpRelay(...args);
  relays.push(made);
  return made;
}
const relays: UdpRelay[] = [];
after(() => relays.forEach((one) => void one.close()));

interface Heard {
  readonly messages: string[];
  readonly ends: ChannelEnd[];
}

function hear(channel: SecureChannel | undefined): Heard {
  const heard: Heard = { messages: [], ends: [] };
  channel?.listen({
    message: (data) => heard.messages.push(Buffer.from(data).toString()),
    ended: (end) => heard.ends.push(end),
  });
  return heard;
}

/** That messages go both ways between the client and the channel that came of it. */
async function speak(mine: SecureChannel, { channels }: Listening): Promise<void> {
  await until(() => channels.length > 0);
  const theirs = channels.at(-1);
  const [atServer, atClient] = [hear(theirs), hear(mine)];
  mine.send(Buffer.from('question'));
  await until(() => atServer.messages.length === 1);
  theirs?.send(Buffer.from('answer'));
  await until(() => atClient.messages.length === 1);
  assert.deepEqual([atServer.messages, atClient.messages], [['question'], ['answer']]);
}

async function refused({ listener, refusals, channels }: Listening, reason: RefusalReason): Promise<void> {
  await until(() => refusals.length > 0);
  assert.deepEqual([refusals[0]?.reason, refusals.length, channels.length], [reason, 1, 0], refusals[0]?.detail);
  assert.ok(refusals[0]?.detail);
  assert.equal(listener.stats.handshakes, 0);
}

describe('DTLS', { skip: dtlsMissing }, () => {
  describe('gets in', () => {
    test('with a certificate, and the chain is handed over as it was sent', async () => {
      const all = await listeningDtls();
      const factory = identity('factory', undefined, 'authority');
      const own = identity('device', factory);
      const mine = await client(all.listener.port, { credentials: own });
      await speak(mine, all);
      const peer = all.channels[0]?.peer;
      assert.deepEqual(
        peer?.certificates.map(Buffer.from),
        [own, factory].map(({ der }) => Buffer.from(der)),
      );
      assert.equal(peer?.pskIdentity, undefined);
      assert.deepEqual(mine.peer.certificates.map(Buffer.from), [Buffer.from(server.der)]);
    });

    test('with a pre-shared key that is looked up while the client waits', async () => {
      const all = await listeningDtls({
        preSharedKey: async (name) => {
          await turn();
          return keyOf(name);
        },
      });
      await speak(await client(all.listener.port, { preSharedKey }), all);
      const peer = all.channels[0]?.peer;
      assert.deepEqual([peer?.pskIdentity, peer?.certificates], ['urn:dev:1', []]);
    });

    test('where there are no certificates at all', async () => {
      const none = { credentials: undefined, verifyPeer: undefined } as object;
      const all = await listeningDtls({ preSharedKey: keyOf, ...none });
      await speak(await client(all.listener.port, { preSharedKey }), all);
    });

    test('to a server that an authority vouches for', async () => {
      const root = identity('root', undefined, 'authority');
      const all = await listeningDtls({ credentials: identity('bootstrap', root, 'server') });
      const place = { host: '127.0.0.1', port: all.listener.port, credentials: device };
      const mine = await connectDtls({ ...place, authorities: [root.certificate] });
      made.push(mine);
      await speak(mine, all);
      for (const judge of [{}, { authorities: [other.certificate] }, { authorities: [] }]) {
        await assert.rejects(connectDtls({ ...place, ...judge }), { code: 'transport.peer.untrusted' });
      }
    });
  });

  describe('over a network that, in the handshake,', () => {
    const run = async (fate: (passing: Passing) => readonly number[], options: Partial<DtlsConnectOptions> = {}) => {
      const all = await listeningDtls({ preSharedKey: keyOf });
      const { port } = await relay(all.listener.port, (passing) =>
        isApplicationData(passing.datagram) ? [0] : fate(passing),
      );
      await speak(await client(port, { retransmission: 20, ...options }), all);
    };

    for (const lost of [0, 1, 2]) {
      for (const from of ['client', 'server'] as const) {
        test(`loses the ${from}'s datagram number ${lost}`, () =>
          run((passing) => (passing.from === from && passing.index === lost ? [] : [0])));
      }
    }
    test('loses every other datagram of the handshake', () =>
      run(({ index }) => (index < 8 && index % 2 === 0 ? [] : [0])));
    test('doubles every datagram', () => run(({ index }) => (index < 8 ? [0, 0] : [0])));
    test('lets datagrams change places', () =>
      run(({ index, from }) => (from === 'server' && index % 2 === 0 && index < 6 ? [1] : [0])));
    test('loses and doubles with a pre-shared key', () =>
      run(({ index }) => (index % 3 === 0 && index < 7 ? [] : [0, 0]), { preSharedKey }));
    test('passes only datagrams of 576 bytes', async () => {
      const seen: number[] = [];
      await run(({ datagram }) => {
        seen.push(datagram.length);
        return datagram.length <= 548 ? [0] : [];
      });
      assert.ok(
        seen.some((length) => length > 548),
        'it had to become smaller',
      );
    });
  });

  describe('keeps nothing of whoever has not shown that the address is its own', () => {
    test('asks for a cookie in no more bytes than it got, and takes it from that address alone, for two minutes', async () => {
      const time = fakeTime();
      const all = await listeningDtls({ timers: time.timers });
      const { port, seen } = await relay(all.listener.port);
      await client(port);
      await until(() => all.channels.length === 1);
      const hello = (hasCookie: boolean) =>
        seen.find(({ from, datagram }) => from === 'client' && clientHelloOf(datagram)?.hasCookie === hasCookie);
      const [first, second] = [hello(false), hello(true)];
      const verifyRequest = seen.find(({ from }) => from === 'server')?.datagram;
      assert.ok(first && second && verifyRequest && verifyRequest.length <= first.datagram.length);

      const stranger = createSocket('udp4');
      const answers: Buffer[] = [];
      stranger.on('message', (datagram) => answers.push(datagram));
      stranger.bind(0, '127.0.0.1');
      await once(stranger, 'listening');
      for (const hello of [first, second]) {
        stranger.send(hello.datagram, all.listener.port, '127.0.0.1');
        await until(() => answers.length > 0);
        assert.equal(answers.pop()?.[13], 3, 'a HelloVerifyRequest and nothing else');
        assert.deepEqual([all.listener.stats.accepted, all.listener.stats.handshakes], [1, 0]);
      }
      stranger.close();
    });

    test('a cookie is of no use later', async () => {
      for (const [later, works] of [
        [60_000, true],
        [180_000, false],
      ] as const) {
        const time = fakeTime();
        const all = await listeningDtls({ timers: time.timers, handshakeDeadline: 600_000 });
        let held: Buffer | undefined;
        const between = await relay(all.listener.port, ({ from, datagram }) => {
          if (from !== 'client' || !clientHelloOf(datagram)?.hasCookie) return [0];
          held ??= datagram;
          return [];
        });
        const controller = new AbortController();
        const gone = assert.rejects(client(between.port, { signal: controller.signal }));
        await until(() => held !== undefined);
        controller.abort();
        await gone;
        await time.advance(later);
        const before = between.seen.filter(({ from }) => from === 'server').length;
        between.toServer(held as Buffer);
        await until(() => between.seen.filter(({ from }) => from === 'server').length > before);
        assert.equal(all.listener.stats.accepted, works ? 1 : 0);
      }
    });

    test('does not answer what belongs to no one', async () => {
      const all = await listeningDtls();
      const stranger = createSocket('udp4');
      let answers = 0;
      stranger.on('message', () => answers++);
      for (const datagram of [
        Buffer.from('17fefd00010000000000010010000102030405060708090a0b0c0d0e0f', 'hex'),
        Buffer.from('15fefd000000000000000100020228', 'hex'),
        Buffer.from('16fefd0000000000000001000c0e0000000001000000000000', 'hex'),
        Buffer.alloc(1),
        Buffer.alloc(1400, 0x16),
      ]) {
        stranger.send(datagram, all.listener.port, '127.0.0.1');
      }
      await speak(await client(all.listener.port), all);
      assert.equal(answers, 0);
      stranger.close();
    });
  });

  test('ServerHello carries the time', async () => {
    const all = await listeningDtls();
    const { port, seen } = await relay(all.listener.port);
    await client(port);
    const hello = seen.find(({ from, datagram }) => from === 'server' && datagram[13] === 2)?.datagram;
    // Record and message header, version.
    const time = hello?.readUInt32BE(13 + 12 + 2) ?? 0;
    assert.ok(Math.abs(time - Date.now() / 1000) < 3600);
  });

  describe('does not let in', () => {
    const refusal = (promise: Promise<unknown>) => assert.rejects(promise, { code: /^transport\./ });

    test('who has no certificate', async () => {
      const all = await listeningDtls();
      await refusal(connectDtls({ host: '127.0.0.1', port: all.listener.port, verifyPeer: anyone }));
      await refused(all, 'no-certificate');
    });

    test('whose certificate is not trusted: it hears a goodbye, and what it said is not handed over', async () => {
      for (const verdict of [
        { trusted: false, reason: 'expired', detail: 'so it was decided' } as const,
        Promise.resolve({ trusted: false, reason: 'expired', detail: 'so it was decided' } as const),
      ]) {
        const all = await listeningDtls({ verifyPeer: () => verdict });
        const mine = await client(all.listener.port);
        const heard = hear(mine);
        mine.send(Buffer.from('bootstrap me'));
        await refused(all, 'expired');
        await until(() => heard.ends.length === 1);
        assert.deepEqual(heard.ends, [{ byPeer: true }]);
      }
    });

    test('on whom the decision fails', async () => {
      for (const options of [
        { verifyPeer: () => Promise.reject(new Error('no database')) },
        {
          verifyPeer: () => {
            throw new Error('no database');
          },
        },
      ]) {
        const all = await listeningDtls(options);
        await client(all.listener.port);
        await refused(all, 'untrusted');
      }
      const all = await listeningDtls({ preSharedKey: () => Promise.reject(new Error('no database')) });
      const controller = new AbortController();
      const gone = assert.rejects(client(all.listener.port, { preSharedKey, signal: controller.signal }));
      await refused(all, 'unknown-identity');
      controller.abort();
      await gone;
    });

    test('whose pre-shared key is unknown', async () => {
      const all = await listeningDtls({ preSharedKey: keyOf });
      await refusal(client(all.listener.port, { preSharedKey: { ...preSharedKey, identity: 'urn:dev:2' } }));
      await refused(all, 'unknown-identity');
    });

    test('whose pre-shared key is wrong', async () => {
      const time = fakeTime();
      const all = await listeningDtls({ preSharedKey: keyOf, timers: time.timers });
      const controller = new AbortController();
      const wrong = { ...preSharedKey, key: Buffer.from('wrong') };
      const gone = assert.rejects(client(all.listener.port, { preSharedKey: wrong, signal: controller.signal }));
      await until(() => all.listener.stats.handshakes === 1);
      for (let count = 0; count < 20; count++) await turn();
      await time.advance(60_000);
      await refused(all, 'unknown-identity');
      controller.abort();
      await gone;
    });

    test('who does not go on in time', async () => {
      const time = fakeTime();
      const all = await listeningDtls({ timers: time.timers, handshakeDeadline: 5000 });
      const { port } = await relay(all.listener.port, ({ from, index }) => (from === 'client' && index > 1 ? [] : [0]));
      const controller = new AbortController();
      const gone = assert.rejects(client(port, { signal: controller.signal }));
      await until(() => all.listener.stats.handshakes === 1);
      await time.advance(4999);
      assert.equal(all.refusals.length, 0);
      await time.advance(1);
      await refused(all, 'timeout');
      controller.abort();
      await gone;
    });

    test('who has nothing in common with it', async () => {
      const all = await listeningDtls();
      await refusal(client(all.listener.port, { preSharedKey }));
      await refused(all, 'nothing-in-common');
    });

    test('and who had to repeat its first word hears of it as well', async () => {
      const all = await listeningDtls();
      const { port } = await relay(all.listener.port, ({ from, index }) =>
        from === 'server' && index === 0 ? [1] : [0],
      );
      await assert.rejects(client(port, { preSharedKey, retransmission: 50 }), /alert/);
    });

    test('more than may be there, in all and with one certificate', async () => {
      const few = await listeningDtls({ limits: { connections: 1 } });
      const first = await client(few.listener.port);
      const controller = new AbortController();
      const gone = assert.rejects(client(few.listener.port, { signal: controller.signal }));
      await until(() => few.refusals.length > 0);
      assert.equal(few.refusals[0]?.reason, 'limit');
      controller.abort();
      await gone;
      first.close();
      await until(() => few.listener.stats.channels === 0);
      await client(few.listener.port);

      const one = await listeningDtls({ limits: { perCertificate: 1 }, preSharedKey: keyOf });
      await client(one.listener.port);
      await client(one.listener.port, { credentials: other });
      await client(one.listener.port, { preSharedKey });
      await until(() => one.channels.length === 3);
      await client(one.listener.port);
      await until(() => one.refusals.length === 1);
      assert.equal(one.refusals[0]?.reason, 'certificate-limit');
    });
  });

  describe('an open channel', () => {
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

  describe('a listener', () => {
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

  test('connecting ends when nobody answers, or when it is called off', async () => {
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
});
