import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { fakeTime } from '@mooring/platform/testing';
import { connectDtls, type DtlsConnectOptions, dtlsMissing } from '@mooring/transport';
import { clientHelloOf, isApplicationData } from '../src/dtls/record.ts';
import { client, device, hear, keyOf, other, preSharedKey, refused, relay, speak } from './dtls-ends.ts';
import { anyone, identity } from './identity.ts';
import { listeningDtls, server, until } from './listening.ts';
import type { Passing } from './udp-relay.ts';

describe('DTLS gets in', { skip: dtlsMissing }, () => {
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

  test('to a server that an authority vouches for', async (t) => {
    const root = identity('root', undefined, 'authority');
    const all = await listeningDtls({ credentials: identity('bootstrap', root, 'server') });
    const place = { host: '127.0.0.1', port: all.listener.port, credentials: device };
    const mine = await connectDtls({ ...place, authorities: [root.certificate] });
    t.after(() => mine.close());
    await speak(mine, all);
    for (const judge of [{}, { authorities: [other.certificate] }, { authorities: [] }]) {
      await assert.rejects(connectDtls({ ...place, ...judge }), { code: 'transport.peer.untrusted' });
    }
  });
});

describe('DTLS over a network that, in the handshake,', { skip: dtlsMissing }, () => {
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

describe('DTLS keeps nothing of whoever has not shown that the address is its own', { skip: dtlsMissing }, () => {
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

test('ServerHello of DTLS carries the time', { skip: dtlsMissing }, async () => {
  const all = await listeningDtls();
  const { port, seen } = await relay(all.listener.port);
  await client(port);
  const hello = seen.find(({ from, datagram }) => from === 'server' && datagram[13] === 2)?.datagram;
  // Record and message header, version.
  const time = hello?.readUInt32BE(13 + 12 + 2) ?? 0;
  assert.ok(Math.abs(time - Date.now() / 1000) < 3600);
});

describe('DTLS does not let in', { skip: dtlsMissing }, () => {
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
    assert.equal(all.refusals[0]?.peer.pskIdentity, 'urn:dev:2');
  });

  test('whom the decision on its pre-shared key shuts out', async () => {
    const judged: string[] = [];
    const judge = async () => {
      judged.push('asked');
      return { trusted: false, reason: 'revoked', detail: 'so it was decided' } as const;
    };
    const all = await listeningDtls({ preSharedKey: () => ({ key: preSharedKey.key, judge }) });
    await client(all.listener.port, { preSharedKey });
    await refused(all, 'revoked');
    assert.deepEqual(judged, ['asked']);
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
