// aiocoap as client and as server, over UDP and over TCP.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pythonPeer } from '../../../test/peers/python.ts';
import { CoapConnection, codes } from '../src/index.ts';
import { connectTcp, connectUdp, listenTcp, listenUdp } from './plain-channels.ts';
import { run, started, stopped } from './programs.ts';
import { largeBody, serves } from './resources.ts';

const peer = pythonPeer({ name: 'aiocoap-0.4.17', install: [['aiocoap==0.4.17']], imports: 'aiocoap' });
const skip = typeof peer === 'string' && peer;
const python = typeof peer === 'string' ? '' : join(peer.bin, 'python');
const script = join(import.meta.dirname, 'aiocoap-peer.py');

for (const [scheme, framing, listen] of [
  ['coap', 'datagram', listenUdp],
  ['coap+tcp', 'stream', listenTcp],
] as const) {
  test(`aiocoap's client over ${scheme}`, { skip, timeout: 60_000 }, async () => {
    const served = serves(framing);
    const listener = await listen((channel) => new CoapConnection(channel, served.options));
    const { status, stdout, stderr } = await run(
      python,
      [script, 'client', `${scheme}://127.0.0.1:${listener.port}/`],
      50_000,
    );
    await listener.close();
    assert.equal(status, 0, stderr);
    const said = String(stdout)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(said.slice(0, -1), [
      { step: 'hello', code: '2.05', text: 'Hello' },
      { step: 'nothing', code: '4.04' },
      { step: 'read', code: '2.05', same: true },
      { step: 'write', code: '2.04' },
      { step: 'fetch', code: '2.04', same: true },
      { step: 'ipatch', code: '2.04', text: 'other' },
      { step: 'separate', code: '2.05', text: 'late' },
    ]);
    const { counts } = said.at(-1) as { counts: number[] };
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
    );
    assert.deepEqual(served.faults, []);
  });
}

for (const [scheme, framing, connect] of [
  ['coap', 'datagram', connectUdp],
  ['coap+tcp', 'stream', connectTcp],
] as const) {
  test(`aiocoap's server over ${scheme}`, { skip, timeout: 60_000 }, async () => {
    const port = 30_000 + (process.pid % 10_000);
    const server = await started(python, [script, 'server', '127.0.0.1', `${port}`], /ready/);
    try {
      const connection = new CoapConnection(await connect(port), { framing, limits: { bodySize: 200_000 } });
      const read = await connection.request({ method: 'GET', path: ['store'] });
      assert.equal(Buffer.compare(read.payload, largeBody), 0);
      assert.equal(read.contentFormat, 42);
      const payload = Buffer.alloc(5000, 'a');
      for (const method of ['POST', 'FETCH'] as const) {
        const echoed = await connection.request({ method, path: ['echo'], payload, contentFormat: 42 });
        assert.equal(Buffer.compare(echoed.payload, payload), 0, method);
      }
      const written = await connection.request({ method: 'PUT', path: ['store'], payload: largeBody.subarray(1) });
      assert.equal(written.code, codes.changed);
      const late = await connection.request({ method: 'GET', path: ['late'] });
      assert.equal(Buffer.from(late.payload).toString(), 'late');
      assert.equal((await connection.request({ method: 'GET', path: ['nothing'] })).code, codes.notFound);

      const seen: { value: number; length: number }[] = [];
      const observation = await connection.observe(
        { method: 'GET', path: ['count'] },
        {
          notification: (response) =>
            seen.push({
              value: Number.parseInt(Buffer.from(response.payload).toString(), 10),
              length: response.payload.length,
            }),
        },
      );
      assert.equal(observation.active, true);
      await sleep(2500);
      await observation.cancel();
      const values = seen.map(({ value }) => value);
      assert.ok(values.length >= 5, values.join());
      assert.deepEqual(
        values,
        [...values].sort((a, b) => a - b),
      );
      assert.ok(seen.some(({ length }) => length > 3000));
      await connection.close();
    } finally {
      await stopped(server);
    }
  });
}
