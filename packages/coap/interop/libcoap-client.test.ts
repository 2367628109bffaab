// libcoap's clients, built with OpenSSL and with GnuTLS, against a server of ours.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { listenDtls, listenTls, type SecureChannel } from '@mooring/transport';
import { missing } from '../../../test/peers/missing.ts';
import { anyone, identity } from '../../transport/test/identity.ts';
import { CoapConnection } from '../src/index.ts';
import { listenTcp, listenUdp } from './plain-channels.ts';
import { type Outcome, run } from './programs.ts';
import { largeBody, serves } from './resources.ts';

const builds = ['coap-client-openssl', 'coap-client-gnutls'];
const skip = missing(builds, 'libcoap3-bin');

const folder = mkdtempSync(join(tmpdir(), 'mooring-coap-'));
const file = (name: string, data: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, data);
  return path;
};
const authority = identity('authority', undefined, 'authority');
const server = identity('localhost', authority, 'server');
const client = identity('client', authority, 'developer');
const credentials = [
  ...['-c', file('client.pem', client.certificate)],
  ...['-j', file('client.key', client.key)],
  ...['-C', file('authority.pem', authority.certificate)],
];
const large = file('large', largeBody);
const fair = file('fair', largeBody.subarray(0, 12_000));

const secured = {
  host: '127.0.0.1',
  port: 0,
  credentials: server,
  profile: 'standard',
  verifyPeer: anyone,
} as const;

interface Way {
  readonly scheme: string;
  readonly framing: 'stream' | 'datagram';
  readonly args: readonly string[];
  listen(accept: (channel: SecureChannel) => void): Promise<{ port: number; close(): Promise<void> }>;
}

const ways: Way[] = [
  { scheme: 'coap', framing: 'datagram', args: [], listen: listenUdp },
  { scheme: 'coap+tcp', framing: 'stream', args: [], listen: listenTcp },
  {
    scheme: 'coaps',
    framing: 'datagram',
    args: credentials,
    listen: (channel) => listenDtls({ ...secured, channel }),
  },
  {
    scheme: 'coaps+tcp',
    framing: 'stream',
    args: credentials,
    listen: (channel) => listenTls({ ...secured, alpn: ['coap'], channel }),
  },
];

after(() => rmSync(folder, { recursive: true, force: true }));

for (const way of ways) {
  const served = serves(way.framing);
  let listener: { port: number; close(): Promise<void> } | undefined;
  before(async () => {
    if (skip === false) listener = await way.listen((channel) => new CoapConnection(channel, served.options));
  });
  after(() => listener?.close());

  for (const build of builds) {
    const ask = (path: string, ...args: string[]): Promise<Outcome> => {
      const uri = `${way.scheme}://127.0.0.1:${listener?.port}/${path}`;
      return run(build, ['-v', '4', '-B', '10', ...way.args, ...args, uri]);
    };
    const text = async (path: string, ...args: string[]) => {
      const { stdout, stderr } = await ask(path, ...args);
      return String(stdout).trim() || stderr.trim();
    };
    const name = `${build} over ${way.scheme}`;

    test(`${name}: a value, an error, a query`, { skip }, async () => {
      assert.equal(await text('hello'), 'Hello');
      assert.match(await text('nothing'), /4\.04/);
      assert.match(await text('hello', '-m', 'delete'), /4\.05/);
      assert.equal(await text('query?a=1&b=%2f'), 'a=1|b=/');
    });

    test(`${name}: 50,000 bytes read and written`, { skip }, async () => {
      const out = join(folder, 'out');
      await ask('large', '-o', out);
      assert.equal(Buffer.compare(readFileSync(out), largeBody), 0);
      await ask('large', '-b', '256', '-o', out);
      assert.equal(Buffer.compare(readFileSync(out), largeBody), 0);
      // libcoap 4.3.1 with GnuTLS gets stuck where a message is larger than a TLS record, also with its own server.
      const whole = build === 'coap-client-gnutls' && way.scheme === 'coaps+tcp' ? fair : large;
      const written = await ask('large', '-m', 'put', '-f', whole, '-v', '6');
      assert.match(`${written.stdout}${written.stderr}`, /2\.04/);
    });

    test(`${name}: FETCH and iPATCH`, { skip }, async () => {
      assert.equal(await text('echo', '-m', 'fetch', '-e', 'some'), 'some');
      assert.equal(await text('echo', '-m', 'ipatch', '-e', 'other'), 'other');
      const [fetch, patch] = served.requests.slice(-2);
      assert.deepEqual([fetch?.method, patch?.method], ['FETCH', 'iPATCH']);
    });

    test(`${name}: an answer after 2.5 s`, { skip }, async () => {
      assert.equal(await text('separate'), 'late');
    });

    test(`${name}: an observation, and its end`, { skip }, async () => {
      const seen = await text('count', '-s', '2', '-w');
      const counts = [...seen.matchAll(/count (\d+)/g)].map((match) => Number(match[1]));
      assert.ok(counts.length >= 4, seen);
      assert.deepEqual(
        counts,
        [...counts].sort((a, b) => a - b),
      );
      const last = served.requests.filter(({ path }) => path[0] === 'count').at(-1);
      assert.equal(last?.observe, 1);
    });
  }

  test(`${way.scheme}: nothing went wrong here`, { skip }, () => {
    assert.deepEqual(served.faults, []);
  });
}

test('coap-client over coap through the loss of a fifth of its datagrams', { skip }, async () => {
  const served = serves('datagram');
  const listener = await listenUdp((channel) => new CoapConnection(channel, served.options));
  const uri = `coap://127.0.0.1:${listener.port}/echo`;
  const payload = 'x'.repeat(3000);
  const { stdout } = await run(
    'coap-client-openssl',
    ['-v', '3', '-B', '80', '-l', '20%', '-m', 'post', '-f', file('x', payload), uri],
    85_000,
  );
  await listener.close();
  assert.equal(String(stdout).trim(), payload);
  assert.equal(served.requests.length, 1);
});
