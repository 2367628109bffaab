import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, ByteBudget, codes } from '../src/index.ts';
import { filler, hex, type RawPeer, rawPeer } from './raw-peer.ts';
import { twoEnds } from './two-ends.ts';

const id = (value: number) => value.toString(16).padStart(4, '0');

test('more requests at once than are worked on are told to come back', async () => {
  const answers: ((answer: Answer) => void)[] = [];
  const peer = rawPeer({
    limits: { handledRequests: 2, separateAfter: 1_000_000 },
    handler: () => new Promise((resolve) => answers.push(resolve)),
  });
  for (let index = 0; index < 4; index++) await peer.send(`40 01 ${id(index)}`);
  await peer.expect('60 a3 0002 d1 01 01');
  await peer.expect('60 a3 0003 d1 01 01');
  for (const answer of answers) answer({ code: codes.content });
  await peer.expect('60 45 0000');
  await peer.expect('60 45 0001');
  await peer.send('40 01 0009');
  assert.equal(answers.length, 3);
});

test('a handler that takes too long is given up, and its signal is aborted', async () => {
  let signal: AbortSignal | undefined;
  let closed = 0;
  let answer: (answer: Answer) => void = () => {};
  const peer = rawPeer({
    handler(_, context) {
      signal = context.signal;
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
  });
  await peer.send('40 01 0001');
  await peer.time.advance(60_000);
  await peer.expect('60 00 0001');
  await peer.expect('40 a3 0000');
  assert.equal(signal?.aborted, true);
  answer({ code: codes.content, payload: { size: 1, read: () => filler(1), close: () => closed++ } });
  await peer.time.settle();
  assert.equal(closed, 1);
  await peer.silent();
});

test('a handler that throws is an internal error, and its error is told', async () => {
  const faults: unknown[] = [];
  const peer = rawPeer({
    handler() {
      throw new Error('oh');
    },
    fault: (error) => faults.push(error),
  });
  await peer.send('40 01 0001');
  await peer.expect('60 a0 0001');
  assert.match(String(faults[0]), /oh/);
});

test('without a handler nothing is found', async () => {
  const peer = rawPeer();
  await peer.send('40 01 0001');
  await peer.expect('60 84 0001');
});

test('bodies that are begun and never finished give way to newer ones, and are forgotten', async () => {
  const peer = rawPeer({ limits: { gatheredBodies: 2 }, handler: () => ({ code: codes.changed }) });
  for (const [index, name] of ['61', '62', '63'].entries()) {
    await peer.send(`40 02 ${id(index)} b1 ${name} d1 03 0a ff ${hex(filler(64))}`);
    await peer.expect(`60 5f ${id(index)} d1 0e 0a`);
  }
  await peer.send(`40 02 0010 b1 61 d1 03 12 ff ${hex(filler(64))}`);
  assert.match(peer.next() ?? '', /^60880010/);
  await peer.send(`40 02 0011 b1 63 d1 03 12 ff ${hex(filler(64))}`);
  await peer.expect('60 44 0011 d1 0e 12');
  await peer.time.runOut();
  assert.equal(peer.time.waiting, 0);
});

test('bodies of all connections together are bounded, and what ends gives its room back', async () => {
  const gathered = new ByteBudget(100);
  const options = { framing: 'datagram', gathered, handler: () => ({ code: codes.changed }) } as const;
  const [one, two, three] = [rawPeer(options), rawPeer(options), rawPeer(options)];
  const block = hex(filler(64));
  const begin = (peer: RawPeer, id: number) => peer.send(`40 02 000${id} b1 73 d1 03 0a ff ${block}`);
  await begin(one, 1);
  await one.expect('60 5f 0001 d1 0e 0a');
  assert.equal(gathered.taken, 64);
  await begin(two, 1);
  assert.match(two.next() ?? '', /^60a30001/, '5.03');
  await one.send(`40 02 0002 b1 73 d1 03 12 ff ${hex(filler(10))}`);
  assert.match(one.next() ?? '', /^60440002/);
  assert.equal(gathered.taken, 0);
  await begin(two, 2);
  await two.expect('60 5f 0002 d1 0e 0a');
  two.connection.destroy();
  await two.time.settle();
  assert.equal(gathered.taken, 0);
  await begin(three, 1);
  await three.expect('60 5f 0001 d1 0e 0a');
  await three.time.advance(60_001);
  assert.equal(gathered.taken, 0);
});

test('a body of many blocks is cut off where it is larger than is taken', async () => {
  const peer = rawPeer({ limits: { bodySize: 1000 }, handler: () => ({ code: codes.changed }) });
  await peer.send(`40 02 0000 d1 0e 0d ff ${hex(filler(512))}`);
  await peer.expect('60 5f 0000 d1 0e 0d');
  await peer.send(`40 02 0001 d1 0e 1d ff ${hex(filler(512))}`);
  assert.match(peer.next() ?? '', /^608d0001d22f03e8/);
});

test('answers of which only the first block is ever fetched give way, and their bodies are closed', async () => {
  let open = 0;
  const peer = rawPeer({
    handler() {
      open++;
      return {
        code: codes.content,
        payload: { size: 10_000, read: (_, length) => filler(length), close: () => open-- },
      };
    },
  });
  for (let index = 0; index < 10; index++) {
    await peer.send(`40 01 ${id(index)} b1 ${(0x61 + index).toString(16)}`);
    peer.next();
  }
  assert.equal(open, 4);
  await peer.time.runOut();
  assert.equal(open, 0);
});

test('the end of the connection closes bodies and aborts handlers', async () => {
  let open = 0;
  let signal: AbortSignal | undefined;
  const peer = rawPeer({
    handler({ path }, context) {
      if (path.length === 0) {
        signal = context.signal;
        return new Promise(() => {});
      }
      open++;
      return {
        code: codes.content,
        payload: { size: 10_000, read: (_, length) => filler(length), close: () => open-- },
      };
    },
  });
  await peer.send('40 01 0001 b1 61');
  await peer.send('40 01 0002');
  assert.equal(open, 1);
  peer.channel.close();
  await peer.time.settle();
  assert.equal(open, 0);
  assert.equal(signal?.aborted, true);
  await peer.time.runOut();
});

test('the memory of repeated messages is bounded', async () => {
  let asked = 0;
  const peer = rawPeer({
    limits: { duplicates: 4 },
    handler() {
      asked++;
      return { code: codes.changed };
    },
  });
  for (let index = 0; index < 5; index++) await peer.send(`40 02 ${id(index)}`);
  await peer.send('40 02 0001');
  assert.equal(asked, 5);
  await peer.send('40 02 0000');
  assert.equal(asked, 6);
});

test('a peer that sends nothing that can be understood is cut off', async () => {
  const peer = rawPeer({ limits: { malformedMessages: 3 } });
  for (let index = 0; index < 2; index++) await peer.send('ff');
  await peer.send('40 00 0001');
  await peer.expect('70 00 0001');
  for (let index = 0; index < 3; index++) {
    assert.equal(peer.end, undefined);
    await peer.send('ff');
  }
  const { error } = await peer.connection.closed;
  assert.equal((error as { code?: string }).code, 'coap.peer.violation');
});

test('a peer that asks and does not read is not read any more, and is cut off after a while', async () => {
  let asked = 0;
  const peer = rawPeer(
    {
      limits: { pendingBytes: 4096, handledRequests: 100 },
      handler() {
        asked++;
        return { code: codes.content, payload: filler(512) };
      },
    },
    { window: 1000 },
  );
  peer.channel.pause();
  for (let index = 0; index < 100; index++) await peer.send(`40 01 ${id(index)}`);
  assert.ok(asked < 20, `${asked} were answered`);
  // It reads on: all is answered.
  peer.channel.resume();
  await peer.time.settle();
  assert.equal(asked, 100);
  assert.equal(peer.received.length, 100);
  await peer.time.advance(59_000);

  peer.channel.pause();
  for (let index = 100; index < 200; index++) await peer.send(`40 01 ${id(index)}`);
  await peer.time.advance(60_000);
  const { error } = await peer.connection.closed;
  assert.equal((error as { code?: string }).code, 'coap.peer.stalled');
});

test('requests beyond the bound are refused at once', async () => {
  const peer = rawPeer({ limits: { waitingRequests: 3 } });
  const waiting = Array.from({ length: 3 }, () =>
    assert.rejects(peer.connection.request({ method: 'GET' }), { code: 'coap.closed' }),
  );
  await assert.rejects(peer.connection.request({ method: 'GET' }), { code: 'coap.busy' });
  peer.channel.destroy();
  await Promise.all(waiting);
  await assert.rejects(peer.connection.request({ method: 'GET' }), { code: 'coap.closed' });
  await assert.rejects(peer.connection.ping(), { code: 'coap.closed' });
  assert.equal(peer.time.waiting, 0);
});

test('observations and subscriptions beyond the bound are refused', async () => {
  const peer = rawPeer({ limits: { observations: 1, subscriptions: 1 } });
  void peer.connection.observe({ method: 'GET' }, { notification: () => {} }).catch(() => {});
  await assert.rejects(peer.connection.observe({ method: 'GET' }, { notification: () => {} }), { code: 'coap.busy' });
  const first = peer.connection.subscribe(Uint8Array.of(1));
  assert.throws(() => peer.connection.subscribe(Uint8Array.of(2)), { code: 'coap.busy' });
  const second = peer.connection.subscribe(Uint8Array.of(1));
  assert.deepEqual([first.active, second.active], [false, true]);
});

test('a request that is never answered fails in time, however it is acknowledged', async () => {
  const peer = rawPeer();
  const silent = assert.rejects(peer.connection.request({ method: 'GET' }), { code: 'coap.timeout' });
  await peer.time.advance(30_000);
  await silent;
  peer.next();
  const acknowledged = assert.rejects(peer.connection.request({ method: 'GET' }, { timeout: 50_000 }), {
    code: 'coap.timeout',
  });
  await peer.time.settle();
  await peer.send('60 00 0001');
  await peer.time.advance(50_000);
  await acknowledged;
  assert.equal(peer.time.waiting, 0);
});

for (const framing of ['record', 'datagram', 'stream'] as const) {
  test(`${framing}: a connection at rest has no timers`, async () => {
    const ends = twoEnds({ framing, server: { handler: () => ({ code: codes.content, payload: filler(3000) }) } });
    await ends.client.request({ method: 'POST', payload: filler(3000) });
    await ends.time.runOut();
    assert.equal(ends.time.waiting, 0);
  });
}

test('what a handler sends after its answer comes after it', async () => {
  const peer = rawPeer({
    async handler(_, { connection, answered }) {
      void answered.then(() => connection.request({ method: 'DELETE', path: ['0'] })).catch(() => {});
      return { code: codes.changed };
    },
  });
  await peer.send('40 02 0001 b2 6273');
  await peer.expect('60 44 0001');
  await peer.expect('44 04 0000 00000000 b1 30');
});
