import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { isMooringError } from '@mooring/platform';
import { fakeTime } from '@mooring/platform/testing';
import { connectTls, type RefusalReason, type Verdict } from '@mooring/transport';
import { anyone, identity } from './identity.ts';
import { type Listening, listening, server, until } from './listening.ts';
import { wireClient } from './wire.ts';

const device = identity('device');
const other = identity('other');

function client(port: number, options: ConnectionOptions = {}) {
  const tls = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    key: device.key,
    cert: device.certificate,
    maxVersion: 'TLSv1.2',
    ...options,
  });
  tls.on('error', () => {});
  return tls;
}

const closed = (tls: TLSSocket) => new Promise<void>((resolve) => tls.once('close', () => resolve()));

/** That the one who came was refused, and that nothing of it is left. */
async function refused({ listener, refusals, channels }: Listening, reason: RefusalReason) {
  await until(() => refusals.length === 1);
  assert.equal(refusals[0]?.reason, reason);
  assert.ok(refusals[0]?.detail);
  assert.equal(refusals[0]?.peer.address, '127.0.0.1');
  assert.deepEqual(channels, []);
  const { channels: there, handshakes, refused: counts } = listener.stats;
  assert.deepEqual([there, handshakes, counts], [0, 0, { [reason]: 1 }]);
}

describe('who is not let in', () => {
  test('without a certificate', async () => {
    const all = await listening();
    const tls = client(all.listener.port, { key: undefined, cert: undefined });
    await closed(tls);
    await refused(all, 'no-certificate');
  });

  for (const reason of ['expired', 'not-yet-valid', 'revoked', 'untrusted'] as const) {
    test(`whose certificate is judged to be ${reason}`, async () => {
      let shown: readonly Uint8Array[] = [];
      const all = await listening({
        verifyPeer(certificates) {
          shown = certificates;
          return { trusted: false, reason, detail: 'so it was decided' };
        },
      });
      const tls = client(all.listener.port);
      tls.write('bootstrap me');
      await closed(tls);
      await refused(all, reason);
      assert.deepEqual(shown.map(Buffer.from), [Buffer.from(device.der)]);
      assert.deepEqual(all.refusals[0]?.peer.certificates, shown);
    });
  }

  test('on whom the decision fails', async () => {
    for (const verifyPeer of [
      () => {
        throw new Error('no database');
      },
      () => Promise.reject(new Error('no database')),
    ]) {
      const all = await listening({ verifyPeer });
      await closed(client(all.listener.port));
      await refused(all, 'untrusted');
      assert.equal(all.refusals[0]?.detail, 'no database');
    }
  });

  test('who says nothing, or says it too slowly, or on whom no decision is made in time', async () => {
    for (const kind of ['silent', 'slow', 'undecided']) {
      const time = fakeTime();
      const all = await listening({
        timers: time.timers,
        handshakeDeadline: 5000,
        ...(kind === 'undecided' ? { verifyPeer: () => new Promise<Verdict<undefined>>(() => {}) } : {}),
      });
      if (kind === 'undecided') client(all.listener.port);
      else {
        const tcp = connectTcp(all.listener.port, '127.0.0.1').on('error', () => {});
        if (kind === 'slow') tcp.write(Buffer.of(22, 3));
      }
      await until(() => all.listener.stats.handshakes === 1);
      await time.advance(4999);
      assert.deepEqual(all.refusals, []);
      await time.advance(1);
      await refused(all, 'timeout');
    }
  });

  test('who sends what is not TLS', async () => {
    const all = await listening();
    connectTcp(all.listener.port, '127.0.0.1')
      .on('error', () => {})
      .write('GET / HTTP/1.1\r\n\r\n');
    await refused(all, 'malformed');
  });

  test('who has no suite, version or application protocol that is spoken here', async () => {
    for (const options of [
      { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' },
      { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' },
      { ALPNProtocols: ['http/1.1'] },
      { ecdhCurve: 'P-384' },
    ] as const) {
      const all = await listening({ alpn: ['coap'] });
      client(all.listener.port, options as ConnectionOptions);
      await refused(all, 'nothing-in-common');
    }
  });

  test('who goes away in the middle', async () => {
    const all = await listening();
    const tcp = connectTcp(all.listener.port, '127.0.0.1');
    await until(() => all.listener.stats.handshakes === 1);
    tcp.destroy();
    await refused(all, 'closed');
  });
});

describe('limits', () => {
  test('of connections in all and from one address: who leaves makes room', async () => {
    for (const [limits, reason] of [
      [{ connections: 2 }, 'limit'],
      [{ perAddress: 2 }, 'address-limit'],
    ] as const) {
      const { listener, channels, refusals } = await listening({ limits });
      const first = client(listener.port);
      const silent = connectTcp(listener.port, '127.0.0.1');
      await until(() => channels.length === 1 && listener.stats.handshakes === 1);
      await closed(client(listener.port));
      assert.deepEqual(
        refusals.map((refusal) => refusal.reason),
        [reason],
      );
      silent.destroy();
      await until(() => listener.stats.handshakes === 0);
      client(listener.port);
      await until(() => channels.length === 2);
      first.destroy();
      await until(() => listener.stats.channels === 1);
      client(listener.port);
      await until(() => channels.length === 3);
    }
  });

  test('of connections with one certificate', async () => {
    const { listener, channels, refusals } = await listening({ limits: { perCertificate: 1 } });
    const first = client(listener.port);
    await until(() => channels.length === 1);
    client(listener.port, { key: other.key, cert: other.certificate });
    await until(() => channels.length === 2);
    await closed(client(listener.port));
    assert.equal(refusals[0]?.reason, 'certificate-limit');
    first.destroy();
    await until(() => listener.stats.channels === 1);
    client(listener.port);
    await until(() => channels.length === 3);
  });
});

describe('a channel', () => {
  test('knows the peer, its chain as it was sent, and the application protocol', async () => {
    const root = identity('root', undefined, 'authority');
    const factory = identity('factory', root, 'authority');
    const deviceOfFactory = identity('device', factory);
    const { listener, channels } = await listening({ alpn: ['coap'] });
    const tls = client(listener.port, {
      key: deviceOfFactory.key,
      cert: deviceOfFactory.certificate,
      ALPNProtocols: ['coap'],
    });
    await until(() => channels.length === 1);
    const { peer, alpn } = channels[0] ?? {};
    assert.equal(alpn, 'coap');
    assert.equal(peer?.port, tls.localPort);
    assert.deepEqual(
      peer?.certificates.map(Buffer.from),
      [deviceOfFactory, factory, root].map(({ der }) => Buffer.from(der)),
    );
    client(listener.port);
    await until(() => channels.length === 2);
    assert.equal(channels[1]?.alpn, undefined);
  });

  test('ends with a goodbye of the peer, and a peer that never spoke is counted', async () => {
    const { listener, channels } = await listening();
    const tls = client(listener.port);
    await until(() => channels.length === 1);
    const ended = new Promise((resolve) => channels[0]?.listen({ message() {}, ended: resolve }));
    tls.end();
    assert.deepEqual(await ended, { byPeer: true });
    assert.equal(listener.stats.silent, 1);
  });

  test('ends with an error when the connection is reset', async () => {
    const { listener, channels } = await listening();
    const { tls, tcp } = await wireClient(listener.port, { key: device.key, cert: device.certificate });
    await until(() => channels.length === 1);
    const ended = new Promise<{ byPeer: boolean; error?: Error }>((resolve) =>
      channels[0]?.listen({ message() {}, ended: resolve }),
    );
    await once(tls, 'secureConnect');
    tcp.resetAndDestroy();
    const { byPeer, error } = await ended;
    assert.equal(byPeer, false);
    assert.ok(error);
    assert.equal(listener.stats.silent, 0);
  });

  test('close lets through what was sent before, says goodbye, and cuts off who does not answer', async () => {
    const time = fakeTime();
    const { listener, channels } = await listening({ timers: time.timers });
    const tls = client(listener.port, { allowHalfOpen: true } as ConnectionOptions);
    await until(() => channels.length === 1);
    const [channel] = channels;
    const ended = new Promise((resolve) => channel?.listen({ message() {}, ended: resolve }));
    const got: string[] = [];
    tls.on('data', (data) => got.push(String(data)));
    channel?.send(Buffer.from('last words'));
    channel?.close();
    assert.equal(channel?.send(Buffer.from('more')), false);
    await once(tls, 'end');
    assert.deepEqual(got, ['last words']);
    await time.runOut();
    assert.deepEqual(await ended, { byPeer: false });
    assert.equal(listener.stats.channels, 0);
  });

  test('says when its peer is slow, and cuts off one that takes in nothing at all', async () => {
    const { listener, channels } = await listening();
    const tls = client(listener.port);
    await until(() => channels.length === 1);
    const [channel] = channels;
    let drained = 0;
    let end: { error?: Error } | undefined;
    channel?.listen({ message() {}, drained: () => drained++, ended: (how) => (end = how) });
    await once(tls, 'secureConnect');
    tls.pause();
    const record = new Uint8Array(16_384);
    let wasTold = false;
    // As much as the socket buffers of both ends take first.
    while (!wasTold) {
      wasTold = channel?.send(record) === false;
      await new Promise(setImmediate);
    }
    assert.ok((channel?.pending ?? 0) > 0);
    tls.resume();
    await until(() => drained === 1);
    assert.equal(channel?.pending, 0);
    tls.pause();
    while (end === undefined) {
      for (let count = 0; count < 64; count++) channel?.send(record);
      await new Promise(setImmediate);
    }
    assert.ok(isMooringError(end.error) && end.error.code === 'transport.channel.slow');
  });
});

describe('a listener', () => {
  test('takes other credentials for those who come from then on, and keeps its own when they are bad', async () => {
    const { listener, channels } = await listening();
    const subject = async () => {
      const tls = client(listener.port);
      await once(tls, 'secureConnect');
      return { tls, name: tls.getPeerX509Certificate()?.subject };
    };
    const before = await subject();
    assert.equal(before.name, 'CN=server');
    listener.setCredentials(other);
    assert.equal((await subject()).name, 'CN=other');
    for (const bad of [
      { key: device.key, certificate: other.certificate },
      { key: 'none', certificate: 'none' },
    ]) {
      assert.throws(() => listener.setCredentials(bad), { code: 'transport.credentials.invalid' });
    }
    assert.equal((await subject()).name, 'CN=other');
    await until(() => channels.length === 3);
    assert.equal(before.tls.destroyed, false);
  });

  test('says goodbye to all when it closes, and takes no one in', async () => {
    const { listener, channels } = await listening();
    const tls = client(listener.port);
    await until(() => channels.length === 1);
    connectTcp(listener.port, '127.0.0.1').on('error', () => {});
    await until(() => listener.stats.handshakes === 1);
    const ended = once(tls, 'end');
    tls.resume();
    await listener.close();
    await ended;
    assert.deepEqual([...listener.channels()], []);
    await assert.rejects(
      connectTls({ host: '127.0.0.1', port: listener.port, credentials: device, authorities: [server.certificate] }),
      { code: 'transport.connect.failed' },
    );
  });

  test('says which port it cannot have', async () => {
    const { listener } = await listening();
    await assert.rejects(listening({ port: listener.port }), { code: 'transport.listen.failed' });
    await assert.rejects(listening({ credentials: { key: other.key, certificate: device.certificate } }), {
      code: 'transport.credentials.invalid',
    });
  });
});

describe('connecting', () => {
  const root = identity('root', undefined, 'authority');
  const trusted = identity('bootstrap.example', root, 'server');

  test('to a server of a trusted authority, both ways', async () => {
    const { listener, channels } = await listening({ credentials: trusted, alpn: ['coap'] });
    const mine = await connectTls({
      host: '127.0.0.1',
      port: listener.port,
      credentials: device,
      authorities: [root.certificate],
      alpn: ['coap'],
    });
    await until(() => channels.length === 1);
    const [theirs] = channels;
    assert.equal(mine.alpn, 'coap');
    assert.deepEqual(mine.peer.certificates.length > 0, true);
    const atServer = new Promise((resolve) => theirs?.listen({ message: resolve, ended() {} }));
    mine.send(Buffer.from('hello'));
    assert.equal(String(await atServer), 'hello');
    const atClient = new Promise((resolve) => mine.listen({ message: resolve, ended() {} }));
    theirs?.send(Buffer.from('welcome'));
    assert.equal(String(await atClient), 'welcome');
    mine.close();
    await until(() => listener.stats.channels === 0);
  });

  test('is refused by the client when the server is not the right one', async () => {
    const { listener } = await listening({ credentials: trusted });
    const place = { host: '127.0.0.1', port: listener.port, credentials: device };
    for (const judge of [
      {},
      { authorities: [other.certificate] },
      { authorities: [root.certificate], serverName: 'elsewhere.example' },
      { verifyPeer: () => ({ trusted: false, reason: 'untrusted', detail: 'I do not like it' }) as const },
    ]) {
      await assert.rejects(connectTls({ ...place, ...judge }), { code: 'transport.peer.untrusted' });
    }
    const channel = await connectTls({ ...place, verifyPeer: anyone });
    channel.destroy();
  });

  test('ends at its deadline, or when it is called off', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const time = fakeTime();
    const place = { host: '127.0.0.1', port, authorities: [], timers: time.timers };
    const late = assert.rejects(connectTls(place), { code: 'transport.connect.timeout' });
    await time.runOut();
    await late;
    const controller = new AbortController();
    const aborted = assert.rejects(connectTls({ ...place, signal: controller.signal }), { name: 'AbortError' });
    controller.abort();
    await aborted;
    assert.equal(time.waiting, 0);
    silent.close();
  });
});
