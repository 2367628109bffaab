// Our DTLS client against others' servers: OpenSSL's, and libcoap's built with OpenSSL and with GnuTLS.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { connectDtls, type DtlsConnectOptions, dtlsMissing, type SecureChannel } from '@mooring/transport';
import { missing } from '../../../test/peers/missing.ts';
import { identity } from '../test/identity.ts';
import { server } from '../test/listening.ts';
import { getRoot, payloadOf } from './coap.ts';
import { conversation } from './conversation.ts';
import { file, filesOf } from './files.ts';

const deadline = { timeout: 60_000 };
const noOpenssl = dtlsMissing ?? missing(['openssl'], 'openssl');
const noLibcoap = dtlsMissing ?? missing(['coap-server-openssl', 'coap-server-gnutls'], 'libcoap3-bin');

const device = identity('device');
const serving = filesOf('server', server);
const trusted = file('device.pem', device.certificate);
const byCertificate = { credentials: device, authorities: [server.certificate] };
const byKey = { preSharedKey: { identity: 'me', key: Buffer.from('secret') } };

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** As soon as the server is there. */
async function connected(port: number, options: Partial<DtlsConnectOptions>): Promise<SecureChannel> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await connectDtls({ host: '127.0.0.1', port, deadline: 20_000, ...options });
    } catch (error) {
      if (attempt === 50 || !/ECONNREFUSED/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const answerOf = (channel: SecureChannel) =>
  new Promise<Uint8Array>((resolve, reject) =>
    channel.listen({ message: resolve, ended: ({ error }) => reject(error ?? new Error('It ended.')) }),
  );

describe('openssl s_server', { skip: noOpenssl, ...deadline }, () => {
  for (const [name, args, options] of [
    [
      'with certificates',
      ['-cert', serving.certificate, '-key', serving.key, '-Verify', '1', '-CAfile', trusted],
      byCertificate,
    ],
    ['with a pre-shared key', ['-nocert', '-psk_identity', 'me', '-psk', Buffer.from('secret').toString('hex')], byKey],
  ] as const) {
    test(name, async () => {
      const port = await freePort();
      const peer = conversation('openssl', [
        's_server',
        '-dtls1_2',
        '-listen',
        '-accept',
        `127.0.0.1:${port}`,
        ...args,
      ]);
      const channel = await connected(port, options);
      const answer = answerOf(channel);
      channel.send(Buffer.from('hello\n'));
      await peer.until(/hello/);
      peer.say('welcome\n');
      assert.equal(Buffer.from(await answer).toString(), 'welcome\n');
      channel.close();
      peer.process.kill();
      await peer.end();
    });
  }

  test('of another authority is not spoken to', async () => {
    const port = await freePort();
    const peer = conversation('openssl', [
      's_server',
      '-dtls1_2',
      '-listen',
      '-accept',
      `127.0.0.1:${port}`,
      '-cert',
      serving.certificate,
      '-key',
      serving.key,
    ]);
    await assert.rejects(connected(port, { credentials: device, authorities: [device.certificate] }), {
      code: 'transport.peer.untrusted',
    });
    peer.process.kill();
    await peer.end();
  });
});

describe('libcoap', { skip: noLibcoap, ...deadline }, () => {
  for (const program of ['coap-server-openssl', 'coap-server-gnutls']) {
    for (const [name, args, options] of [
      ['with certificates', ['-c', serving.certificate, '-j', serving.key, '-R', trusted], byCertificate],
      ['with a pre-shared key', ['-k', 'secret', '-h', 'hint'], byKey],
    ] as const) {
      test(`${program} ${name}`, async () => {
        const port = await freePort();
        // It takes the plain port that is given and the next one for DTLS.
        const peer = conversation(program, ['-A', '127.0.0.1', '-p', String(port - 1), ...args]);
        const channel = await connected(port, options);
        const answer = answerOf(channel);
        channel.send(getRoot);
        assert.match(payloadOf(await answer), /libcoap/);
        channel.close();
        peer.process.kill();
        await peer.end();
      });
    }
  }
});
