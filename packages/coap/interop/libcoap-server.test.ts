// A client of ours against libcoap's example server.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectDtls, connectTls, type SecureChannel } from '@mooring/transport';
import { missing } from '../../../test/peers/missing.ts';
import { identity } from '../../transport/test/identity.ts';
import { CoapConnection, type CoapOptions, codes } from '../src/index.ts';
import { connectTcp, connectUdp } from './plain-channels.ts';
import { started, stopped } from './programs.ts';
import { largeBody } from './resources.ts';

const skip = missing(['coap-server-openssl'], 'libcoap3-bin');
const folder = mkdtempSync(join(tmpdir(), 'mooring-coap-'));
const file = (name: string, data: string): string => {
  const path = join(folder, name);
  writeFileSync(path, data);
  return path;
};
const authority = identity('authority', undefined, 'authority');
const server = identity('localhost', authority, 'server');
const client = identity('client', authority, 'developer');
/** libcoap takes this port and the next. */
const port = 20_000 + 2 * (process.pid % 10_000);

let running: ChildProcess | undefined;
if (skip === false) {
  running = await started(
    'coap-server-openssl',
    [
      ...['-A', '127.0.0.1', '-p', `${port}`, '-d', '10', '-v', '7'],
      ...['-c', file('server.pem', server.certificate), '-j', file('server.key', server.key)],
      ...['-C', file('authority.pem', authority.certificate)],
    ],
    /TLS|created TCP|created UDP/,
  );
}
after(async () => {
  if (running !== undefined) await stopped(running);
  rmSync(folder, { recursive: true, force: true });
});

const secured = {
  host: '127.0.0.1',
  port: port + 1,
  credentials: client,
  authorities: [authority.certificate],
  profile: 'standard',
} as const;

const ways: [scheme: string, framing: CoapOptions['framing'], connect: () => Promise<SecureChannel>][] = [
  ['coap', 'datagram', () => connectUdp(port)],
  ['coap+tcp', 'stream', () => connectTcp(port)],
  ['coaps', 'datagram', () => connectDtls(secured)],
  ['coaps+tcp', 'stream', () => connectTls({ ...secured, alpn: ['coap'] })],
];

for (const [scheme, framing, connect] of ways) {
  test(`coap-server over ${scheme}: values, blocks, late answers, observation`, { skip, timeout: 60_000 }, async () => {
    const connection = new CoapConnection(await connect(), { framing, limits: { bodySize: 200_000 } });
    const path = ['example_data'];
    const root = await connection.request({ method: 'GET' });
    assert.equal(root.code, codes.content);
    assert.match(Buffer.from(root.payload).toString(), /test server made with libcoap/);

    assert.equal((await connection.request({ method: 'GET', path: ['nothing'] })).code, codes.notFound);

    const written = await connection.request({ method: 'PUT', path, contentFormat: 42, payload: largeBody });
    assert.ok(written.code === codes.changed || written.code === codes.created, `${written.code}`);
    const read = await connection.request({ method: 'GET', path });
    assert.equal(Buffer.compare(read.payload, largeBody), 0);

    const parts: Uint8Array[] = [];
    for await (const { data } of connection.download({ method: 'GET', path }, { offset: 1000 })) parts.push(data);
    assert.equal(Buffer.compare(Buffer.concat(parts), largeBody.subarray(1000)), 0);

    const late = await connection.request({ method: 'GET', path: ['async'], query: ['2'] });
    assert.equal(late.code, codes.content);

    const seen: string[] = [];
    const observation = await connection.observe(
      { method: 'GET', path: ['time'] },
      { notification: ({ payload }) => seen.push(Buffer.from(payload).toString()) },
    );
    assert.equal(observation.active, true);
    await sleep(2500);
    assert.ok(seen.length >= 2, seen.join());
    const cancelled = await observation.cancel();
    assert.equal(cancelled.code, codes.content);
    const heard = seen.length;
    await sleep(1500);
    assert.equal(seen.length, heard);

    await connection.ping();
    await connection.close();
  });
}
