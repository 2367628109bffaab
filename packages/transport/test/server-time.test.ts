import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { createServer } from 'node:tls';
import { serverTime } from '@mooring/transport';
import { build, compilerHere, nodeHeaders } from '../native/build.ts';
import { loadNative, nativePlatforms } from '../src/native.ts';
import { identity } from './identity.ts';
import { listening, server } from './listening.ts';
import { serverRandom, wireClient } from './wire.ts';

const device = identity('device');
const platform = `${process.platform}-${process.arch}`;
const isPrebuilt = (nativePlatforms as readonly string[]).includes(platform);
const notHere = isPrebuilt ? false : `no addon for ${platform}`;

/** Seconds by which the first four bytes of a ServerHello.random are ahead of this machine's clock. */
const ahead = (random: Uint8Array) => Buffer.from(random).readUInt32BE(0) - Math.floor(Date.now() / 1000);

async function randomOf(port: number): Promise<Uint8Array> {
  const { tls, received, destroy } = await wireClient(port, { key: device.key, cert: device.certificate });
  await once(tls, 'secureConnect');
  destroy();
  return serverRandom(received());
}

/**
 * The clock of an old client, by which it judges certificates: what a ServerHello says counts from 2017 on, whatever it is
 * when it is later than what the clock shows, and within limits when it is earlier.
 */
function clockOfDevice() {
  let clock = 0;
  return (told: number) => {
    if (told > 1_483_264_800 && (told > clock || (told - 1_483_264_800) / 480 > clock - told)) clock = told;
    return clock;
  };
}

test('where there is an addon, it says that the time is sent', { skip: notHere }, () => {
  assert.deepEqual(serverTime(), { carries: 'time' });
});

test('where there is none, it says what is missing', () => {
  assert.deepEqual(loadNative('server-time', 'plan9-mips', ''), {
    why: 'There is no build of the addon server-time for plan9-mips.',
  });
});

describe('ServerHello of TLS 1.2', { skip: notHere }, () => {
  test('carries the time: a device that believes it stays within a day over 50 connections', async () => {
    const { listener } = await listening();
    const clock = clockOfDevice();
    const randoms = new Set<string>();
    for (let connection = 0; connection < 50; connection++) {
      const random = await randomOf(listener.port);
      randoms.add(Buffer.from(random.subarray(4)).toString('hex'));
      const believed = clock(Buffer.from(random).readUInt32BE(0));
      assert.ok(Math.abs(believed - Date.now() / 1000) < 86_400, `it believes in ${new Date(believed * 1000)}`);
      assert.ok(Math.abs(ahead(random)) < 3600);
    }
    assert.equal(randoms.size, 50, 'the other 28 bytes are random');
  });

  test('carries it after the credentials were replaced, too', async () => {
    const { listener } = await listening();
    for (let change = 0; change < 5; change++) {
      listener.setCredentials(identity(`server ${change}`));
      assert.ok(Math.abs(ahead(await randomOf(listener.port))) < 3600);
    }
  });

  test('carries it in every handshake of a connection', async () => {
    const { listener } = await listening();
    const client = spawn(
      process.execPath,
      [join(import.meta.dirname, 'renegotiating-client.ts'), String(listener.port)],
      { stdio: ['pipe', 'ignore', 'pipe'] },
    );
    client.stdin.end(JSON.stringify(device));
    const trace = await text(client.stderr);
    const times = [...trace.matchAll(/ ServerHello, [\s\S]*?gmt_unix_time=0x([0-9A-F]{8})/g)].map(([, hex]) =>
      Number.parseInt(hex as string, 16),
    );
    assert.equal(times.length, 3, trace);
    for (const time of times) assert.ok(Math.abs(time - Date.now() / 1000) < 3600);
  });

  test('is random without the addon, which is why there is one', async () => {
    const plain = createServer({ key: server.key, cert: server.certificate }, () => {}).listen(0, '127.0.0.1');
    plain.on('tlsClientError', () => {});
    await once(plain, 'listening');
    const { port } = plain.address() as AddressInfo;
    const offsets = [await randomOf(port), await randomOf(port), await randomOf(port)].map(ahead);
    assert.ok(
      offsets.some((offset) => Math.abs(offset) > 86_400),
      'Node sends the time by itself now',
    );
    plain.close();
  });
});

const compiler = compilerHere();
const noBuild =
  process.platform === 'win32' || compiler === undefined || nodeHeaders() === undefined
    ? 'no compiler or headers here'
    : false;

test('the addon can be built from its source, and then does what the one in the tree does', {
  skip: noBuild,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-native-'));
  try {
    assert.equal(build('server-time', compiler ?? '', folder), undefined);
    const addon = createRequire(import.meta.url)(join(folder, 'server-time.node'));
    addon.begin();
    const plain = createServer({ key: server.key, cert: server.certificate }, () => {}).listen(0, '127.0.0.1');
    assert.equal(addon.end(), 1, 'contexts that were noticed');
    plain.on('tlsClientError', () => {});
    await once(plain, 'listening');
    assert.ok(Math.abs(ahead(await randomOf((plain.address() as AddressInfo).port))) < 3600);
    plain.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
