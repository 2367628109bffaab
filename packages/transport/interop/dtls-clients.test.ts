// Others' DTLS clients against our server: OpenSSL's, GnuTLS's, and libcoap's built with either.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dtlsMissing } from '@mooring/transport';
import { missing } from '../../../test/peers/missing.ts';
import { identity } from '../test/identity.ts';
import { type Listening, listeningDtls, server, until } from '../test/listening.ts';
import { answerTo } from './coap.ts';
import { conversation } from './conversation.ts';
import { file, filesOf } from './files.ts';

const deadline = { timeout: 60_000 };
const noOpenssl = dtlsMissing ?? missing(['openssl'], 'openssl');
const noGnutls = dtlsMissing ?? missing(['gnutls-cli'], 'gnutls-bin');
const noLibcoap = dtlsMissing ?? missing(['coap-client-openssl', 'coap-client-gnutls'], 'libcoap3-bin');

const own = filesOf('device', identity('device'));
const trusted = file('server.pem', server.certificate);
const preSharedKey = (name: string) =>
  name === 'me'
    ? { key: Buffer.from('secret'), judge: () => ({ trusted: true, identity: undefined }) as const }
    : undefined;

/** A server that says every message back. */
async function echoing(): Promise<Listening & { readonly messages: string[] }> {
  const messages: string[] = [];
  const all = await listeningDtls({
    preSharedKey,
    retransmission: 2000,
    channel: (channel) =>
      channel.listen({
        message(data) {
          messages.push(Buffer.from(data).toString());
          channel.send(Buffer.concat([Buffer.from('heard '), data]));
        },
        ended() {},
      }),
  });
  return { ...all, messages };
}

const openssl = (port: number, ...args: string[]) =>
  conversation('openssl', ['s_client', '-dtls1_2', '-connect', `127.0.0.1:${port}`, '-CAfile', trusted, ...args]);
const shown = ['-cert', own.certificate, '-key', own.key];

describe('openssl s_client', { skip: noOpenssl, ...deadline }, () => {
  for (const suite of [
    'ECDHE-ECDSA-AES128-CCM8',
    'ECDHE-ECDSA-AES128-CCM',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'PSK-AES128-CCM8',
    'PSK-AES128-GCM-SHA256',
    'ECDHE-PSK-CHACHA20-POLY1305',
  ]) {
    test(`with ${suite}`, async () => {
      const { listener, messages } = await echoing();
      const psk = ['-psk_identity', 'me', '-psk', Buffer.from('secret').toString('hex')];
      const peer = openssl(listener.port, '-cipher', `${suite}:@SECLEVEL=0`, ...(suite.includes('PSK') ? psk : shown));
      await peer.until(new RegExp(`Cipher is ${suite}`));
      peer.say('hello\n');
      await peer.until(/heard hello/);
      assert.deepEqual(messages, ['hello\n']);
      await peer.end();
      await until(() => listener.stats.channels === 0);
    });
  }

  test('with small datagrams, and with renegotiations until there are too many', async () => {
    const { listener } = await echoing();
    const peer = openssl(listener.port, ...shown, '-mtu', '300');
    await peer.until(/Cipher is/);
    for (let count = 1; count <= 4; count++) {
      peer.say('R\n');
      await peer.until(new RegExp(`(RENEGOTIATING[^]*?){${count}}`));
      if (count === 4) break;
      peer.say(`${count}\n`);
      await peer.until(new RegExp(`heard ${count}`));
    }
    await until(() => listener.stats.channels === 0);
    peer.process.kill();
  });

  for (const [name, args, reason] of [
    ['without a certificate', [], 'no-certificate'],
    [
      'with an unknown identity',
      ['-psk_identity', 'you', '-psk', 'aabb', '-cipher', 'PSK-AES128-CCM8:@SECLEVEL=0'],
      'unknown-identity',
    ],
    ['with RSA suites alone', ['-cipher', 'AES128-GCM-SHA256'], 'nothing-in-common'],
    [
      'that does not trust the server',
      [...shown, '-CAfile', file('foreign.pem', identity('foreign').certificate), '-verify_return_error'],
      'alert',
    ],
  ] as const) {
    test(`${name} is not let in: ${reason}`, async () => {
      const { listener, refusals } = await echoing();
      const peer = openssl(listener.port, ...args);
      await until(() => refusals.length > 0);
      assert.equal(refusals[0]?.reason, reason, refusals[0]?.detail);
      await peer.end();
      assert.equal(listener.stats.established, 0);
    });
  }
});

describe('gnutls-cli', { skip: noGnutls, ...deadline }, () => {
  for (const [name, args] of [
    ['with a certificate', ['--x509certfile', own.certificate, '--x509keyfile', own.key]],
    [
      'with a pre-shared key',
      ['--pskusername', 'me', '--pskkey', Buffer.from('secret').toString('hex'), '--priority', 'NORMAL:-KX-ALL:+PSK'],
    ],
    [
      'with AES-128-CCM-8',
      ['--x509certfile', own.certificate, '--x509keyfile', own.key, '--priority', 'NORMAL:-CIPHER-ALL:+AES-128-CCM-8'],
    ],
  ] as const) {
    test(name, async () => {
      const { listener, messages } = await echoing();
      const peer = conversation('gnutls-cli', [
        '--udp',
        '-p',
        String(listener.port),
        '--insecure',
        ...args,
        '127.0.0.1',
      ]);
      await peer.until(/Simple Client Mode/);
      peer.say('hello\n');
      await peer.until(/heard hello/);
      assert.deepEqual(messages, ['hello\n']);
      await peer.end();
    });
  }
});

describe('libcoap', { skip: noLibcoap, ...deadline }, () => {
  for (const program of ['coap-client-openssl', 'coap-client-gnutls']) {
    for (const [name, args] of [
      ['with a certificate', ['-c', own.certificate, '-j', own.key, '-R', trusted]],
      ['with a pre-shared key', ['-u', 'me', '-k', 'secret']],
    ] as const) {
      test(`${program} ${name}`, async () => {
        const { listener } = await listeningDtls({
          preSharedKey,
          retransmission: 2000,
          channel: (channel) =>
            channel.listen({ message: (data) => void channel.send(answerTo(data, 'mooring\n')), ended() {} }),
        });
        const peer = conversation(program, [...args, `coaps://127.0.0.1:${listener.port}/`]);
        await peer.until(/mooring/);
        assert.equal(await peer.end(), 0, peer.heard);
        assert.deepEqual(listener.stats.refused, {});
      });
    }
  }
});
