// OpenSSL's own client over TLS: what a device is like that has nothing of ours.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { missing } from '../../../test/peers/missing.ts';
import { identity } from '../test/identity.ts';
import { listening, server, until } from '../test/listening.ts';
import { conversation } from './conversation.ts';
import { file, filesOf } from './files.ts';

const skip = missing(['openssl'], 'openssl');
const noPython = missing(['python3'], 'python3');
const deadline = { timeout: 60_000 };

const device = identity('device');
const own = filesOf('device', device);
const trusted = file('server.pem', server.certificate);
const foreign = file('foreign.pem', identity('foreign').certificate);

const ccm8 = [
  '-tls1_2',
  '-cipher',
  'ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0',
  '-curves',
  'P-256',
  '-sigalgs',
  'ECDSA+SHA256',
];
const shown = ['-cert', own.certificate, '-key', own.key];

const client = (port: number, ...args: string[]) =>
  conversation('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', trusted, ...args]);

describe('openssl s_client', { skip, ...deadline }, () => {
  test('with CCM_8 alone: one write is one message both ways, also after two renegotiations', async () => {
    const { listener, channels } = await listening();
    const peer = client(listener.port, ...ccm8, ...shown);
    await peer.until(/Cipher is ECDHE-ECDSA-AES128-CCM8/);
    await until(() => channels.length === 1);
    const messages: string[] = [];
    channels[0]?.listen({
      message(data) {
        messages.push(Buffer.from(data).toString());
        channels[0]?.send(Buffer.from(`heard ${Buffer.from(data)}`));
      },
      ended() {},
    });
    for (const [index, text] of ['one', 'two', 'three'].entries()) {
      peer.say(`${text}\n`);
      await peer.until(new RegExp(`heard ${text}`));
      if (index < 2) {
        peer.say('R\n');
        await peer.until(new RegExp(`(RENEGOTIATING[^]*verify return:1[^]*){${index + 1}}`));
      }
    }
    assert.deepEqual(messages, ['one\n', 'two\n', 'three\n']);
    await peer.end();
    await until(() => listener.stats.channels === 0);
  });

  test('with the suites of a larger device, and with the application protocol of RFC 8323', async () => {
    const { listener, channels } = await listening({ alpn: ['coap'] });
    const peer = client(listener.port, ...shown, '-alpn', 'coap');
    await peer.until(/ALPN protocol: coap/);
    await until(() => channels.length === 1);
    assert.equal(channels[0]?.alpn, 'coap');
    await peer.end();
    const standard = await listening({ profile: 'standard' });
    const modern = client(standard.listener.port, ...shown);
    await modern.until(/New, TLSv1.3/);
    await modern.end();
  });

  for (const [name, args, reason] of [
    ['without a certificate', ccm8, 'no-certificate'],
    ['that does not trust the server', [...ccm8, ...shown, '-CAfile', foreign, '-verify_return_error'], 'alert'],
    ['with TLS 1.3 alone', ['-tls1_3', ...shown], 'nothing-in-common'],
    ['with RSA suites alone', ['-tls1_2', '-cipher', 'AES128-GCM-SHA256', ...shown], 'nothing-in-common'],
    ['with P-384 alone', ['-tls1_2', '-curves', 'P-384', ...shown], 'nothing-in-common'],
    ['with another application protocol', ['-alpn', 'http/1.1', ...shown], 'nothing-in-common'],
  ] as const) {
    test(`${name} is not let in: ${reason}`, async () => {
      const { listener, channels, refusals } = await listening({ alpn: ['coap'] });
      const peer = client(listener.port, ...args);
      await until(() => refusals.length === 1);
      assert.equal(refusals[0]?.reason, reason, refusals[0]?.detail);
      await peer.end();
      assert.deepEqual(channels, []);
    });
  }

  test('with a certificate of a kind that is not spoken here is not let in', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = file('rsa.key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const certificate = file('rsa.pem', '');
    const made = conversation('openssl', ['req', '-x509', '-key', key, '-subj', '/CN=rsa', '-out', certificate]);
    assert.equal(await made.end(), 0, made.heard);
    const { listener, refusals } = await listening();
    const peer = client(listener.port, '-tls1_2', '-cert', certificate, '-key', key);
    await until(() => refusals.length === 1);
    assert.notEqual(refusals[0]?.reason, 'untrusted');
    await peer.end();
  });
});

test('who shows another certificate in a renegotiation is cut off', {
  skip: skip || noPython,
  ...deadline,
}, async () => {
  const { listener, channels } = await listening();
  const other = filesOf('other', identity('other'));
  const peer = conversation('python3', [
    join(import.meta.dirname, 'changes-certificate.py'),
    String(listener.port),
    ...[own.certificate, own.key, other.certificate, other.key],
  ]);
  await until(() => channels.length === 1);
  const messages: string[] = [];
  const end = await new Promise<{ error?: Error }>((resolve) =>
    channels[0]?.listen({ message: (data) => messages.push(String(Buffer.from(data))), ended: resolve }),
  );
  assert.deepEqual(messages, ['as the first'], peer.heard);
  assert.equal((end.error as (Error & { code?: string }) | undefined)?.code, 'transport.peer.changed', peer.heard);
  await peer.end();
});
