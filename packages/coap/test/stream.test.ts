import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes, encodeFrame, FrameReader, type Message, noBytes, signals, uintOption } from '../src/index.ts';
import { filler, hex, type RawPeer, rawPeer, text, utf8 } from './raw-peer.ts';
import { twoEnds } from './two-ends.ts';

const framing = 'stream' as const;
const token = (value: number) => Uint8Array.of(value);
const frame = (fields: Partial<Message>): Uint8Array =>
  encodeFrame({ code: codes.empty, token: noBytes, options: [], payload: noBytes, ...fields });
const csm = (...options: Message['options']) => frame({ code: signals.csm, options });
const blockWise = { number: 4, value: noBytes };

/** A peer whose CSM was answered. */
async function greeted(options: Parameters<typeof rawPeer>[0] = {}): Promise<RawPeer> {
  const peer = rawPeer({ framing, ...options });
  await peer.send(csm());
  await peer.expect('50 e1 23 010000 20');
  return peer;
}

const reader = new FrameReader(1_000_000);
async function read(peer: RawPeer): Promise<Message[]> {
  await peer.time.settle();
  return peer.received.splice(0).flatMap((data) => [...reader.push(data)]);
}

test('the CSM comes first, without waiting for that of the other end', async () => {
  const peer = rawPeer({ framing });
  await peer.expect('50 e1 23 010000 20');
  const asked = peer.connection.request({ method: 'GET', path: ['a'] });
  await peer.expect('24 01 00000000 b1 61');
  await peer.send(csm());
  await peer.send('24 45 00000000 ff 31');
  assert.equal(text((await asked).payload), '1');
});

test('a first message that is no CSM aborts the connection', async () => {
  const peer = rawPeer({ framing });
  await peer.send('01 01 aa');
  const [, abort] = await read(peer);
  assert.equal(abort?.code, signals.abort);
  assert.match(text(abort?.payload ?? noBytes), /not a CSM/);
  assert.equal(peer.end?.byPeer, true);
});

test('a critical option of a CSM that is not known aborts, and is named', async () => {
  const peer = rawPeer({ framing });
  await peer.send(csm({ number: 2, value: Uint8Array.of(4, 0) }, { number: 9, value: noBytes }));
  const [, abort] = await read(peer);
  assert.equal(abort?.code, signals.abort);
  assert.deepEqual(
    abort?.options.map(({ number, value }) => [number, hex(value)]),
    [[2, '09']],
  );
});

test('an elective option of a CSM that is not known is read over', async () => {
  const peer = await greeted();
  await peer.send(csm({ number: 10, value: noBytes }));
  await peer.silent();
  assert.equal(peer.end, undefined);
});

test('a message that cannot be read aborts the connection', async () => {
  const peer = await greeted();
  await peer.send('10 01 ff');
  const [abort] = await read(peer);
  assert.equal(abort?.code, signals.abort);
  assert.match(text(abort?.payload ?? noBytes), /At byte 2/);
  assert.ok(peer.end);
});

test('a message above the size that was announced aborts by its head', async () => {
  const peer = await greeted();
  await peer.send('f0 00010000');
  const [abort] = await read(peer);
  assert.match(text(abort?.payload ?? noBytes), /above the 65536 announced/);
});

test('empty messages, reserved codes and unknown signals are ignored', async () => {
  const peer = await greeted();
  await peer.send('00 00  00 20  00 e9  00 45');
  await peer.silent();
  assert.equal(peer.end, undefined);
});

test('a ping gets a pong with its token; with custody, when all before it was answered', async () => {
  let answer: () => void = () => {};
  const peer = await greeted({
    handler: () => new Promise((resolve) => (answer = () => resolve({ code: codes.content }))),
  });
  await peer.send('01 e2 42');
  await peer.expect('01 e3 42');
  await peer.send('01 01 aa');
  await peer.send('11 e2 43 20');
  await peer.silent();
  answer();
  await peer.expect('01 45 aa');
  await peer.expect('11 e3 43 20');
});

test('our ping is answered, or fails after a while', async () => {
  const peer = await greeted();
  const answered = peer.connection.ping();
  await peer.expect('00 e2');
  await peer.send('10 e3 20');
  await answered;
  const lost = assert.rejects(peer.connection.ping(), { code: 'coap.timeout' });
  await peer.time.runOut();
  await lost;
});

test('a release closes the connection when the requests before it are answered', async () => {
  let answer: () => void = () => {};
  const peer = await greeted({
    handler: () => new Promise((resolve) => (answer = () => resolve({ code: codes.content }))),
  });
  const asked = peer.connection.request({ method: 'GET', path: ['a'] });
  await peer.send('01 01 aa');
  await peer.send('00 e4');
  await assert.rejects(peer.connection.request({ method: 'GET' }), { code: 'coap.closed' });
  await peer.send('04 45 00000000');
  await asked;
  assert.ok(!peer.end);
  answer();
  await peer.time.settle();
  assert.ok(peer.end);
  const codesSeen = (await read(peer)).map(({ code }) => code);
  assert.deepEqual(codesSeen, [1, codes.content]);
});

test('we close with a release and leave the rest to the other end, for two seconds', async () => {
  const peer = await greeted();
  const closed = peer.connection.close();
  await peer.expect('00 e4');
  await peer.time.advance(1999);
  assert.equal(peer.end, undefined);
  await peer.time.advance(1);
  await closed;
  assert.ok(peer.end);
  assert.equal(peer.time.waiting, 0);
});

test('an abort ends all that waits, with its words', async () => {
  const peer = await greeted();
  const asked = peer.connection.request({ method: 'GET', path: ['a'] });
  const failed = assert.rejects(asked, (error: Error) => /going down/.test(String(error.cause)));
  await peer.send(frame({ code: signals.abort, payload: utf8('going down') }));
  await failed;
  assert.match(String((await peer.connection.closed).error), /going down/);
});

test('an observation that is forgotten is cancelled, as nothing can be rejected', async () => {
  const peer = await greeted();
  const observed = peer.connection.observe({ method: 'GET', path: ['v'] }, { notification: () => {} });
  await peer.expect('34 01 00000000 60 51 76');
  await peer.send('44 45 00000000 61 05 ff 61');
  (await observed).forget();
  await peer.expect('44 01 00000000 61 01 51 76');
  await peer.send('24 45 00000000 ff 61');
  await peer.time.runOut();
});

test('destroying ends at once, and all that waits', async () => {
  const peer = await greeted();
  const asked = assert.rejects(peer.connection.request({ method: 'GET' }), { code: 'coap.closed' });
  peer.connection.destroy();
  await asked;
  await assert.rejects(peer.connection.ping(), { code: 'coap.closed' });
});

test('a peer that takes 1152 bytes is sent blocks of 1024', async () => {
  const peer = await greeted();
  const payload = filler(1500);
  const asked = peer.connection.request({ method: 'PUT', payload });
  const [first] = await read(peer);
  assert.deepEqual(
    first?.options.map(({ number, value }) => [number, hex(value)]),
    [
      [27, '0e'],
      [60, '05dc'],
      [292, ''],
    ],
  );
  await peer.send(frame({ code: codes.continue, token: first?.token ?? noBytes, options: [uintOption(27, 0x0e)] }));
  const [second] = await read(peer);
  assert.equal(second?.payload.length, 476);
  await peer.send(frame({ code: codes.changed, token: first?.token ?? noBytes, options: [uintOption(27, 0x16)] }));
  assert.equal((await asked).code, codes.changed);
});

test('a peer that takes less than 1152 bytes is sent no more', async () => {
  const peer = await greeted();
  await peer.send(csm(uintOption(2, 300), blockWise));
  void peer.connection.request({ method: 'PUT', payload: filler(500) }).catch(() => {});
  const [first] = await read(peer);
  assert.equal(first?.payload.length, 128);
  await peer.send(csm(uintOption(2, 20)));
  const [abort] = await read(peer);
  assert.equal(abort?.code, signals.abort);
});

test('RFC 8323 §6.1: a body in BERT blocks, read and written', async () => {
  const body = filler(12_903);
  const peer = await greeted({
    handler: (request) => (request.method === 'GET' ? { code: codes.content, payload: body } : { code: codes.changed }),
  });
  await peer.send(csm(uintOption(2, 6000), blockWise));
  // Blocks are as large as the other end takes: 5 units of 1024.
  let at = 0;
  for (const [number, length, more] of [
    [0, 5120, true],
    [5, 5120, true],
    [10, 2663, false],
  ] as const) {
    const options = number === 0 ? [] : [uintOption(23, number * 16 + 7)];
    await peer.send(frame({ code: 1, token: token(number), options }));
    const [block] = await read(peer);
    assert.equal(hex(block?.payload ?? noBytes), hex(body.subarray(at, at + length)));
    assert.equal(hex(block?.options[0]?.value ?? noBytes), hex(uintOption(23, number * 16 + (more ? 8 : 0) + 7).value));
    at += length;
  }
  const written = peer.connection.request({ method: 'PUT', path: ['options'], payload: body });
  for (const [value, length] of [
    [0x0f, 5120],
    [0x5f, 5120],
    [0xa7, 2663],
  ] as const) {
    const [block] = await read(peer);
    assert.equal(block?.payload.length, length);
    assert.equal(hex(block?.options.find(({ number }) => number === 27)?.value ?? noBytes), hex(Uint8Array.of(value)));
    const code = value === 0xa7 ? codes.changed : codes.continue;
    await peer.send(frame({ code, token: block?.token ?? noBytes, options: [uintOption(27, value)] }));
  }
  assert.equal((await written).code, codes.changed);
});

test('large bodies between two of ours go both ways', async () => {
  const image = filler(400_000);
  const ends = twoEnds({
    framing,
    server: {
      limits: { bodySize: 500_000 },
      handler: (request) => ({ code: codes.content, payload: request.payload.map((byte) => byte ^ 0xff) }),
    },
    client: { limits: { bodySize: 500_000 } },
  });
  await ends.client.ping();
  const response = await ends.client.request({ method: 'POST', path: ['echo'], payload: image });
  assert.equal(
    Buffer.compare(
      response.payload,
      image.map((byte) => byte ^ 0xff),
    ),
    0,
  );
});

test('many requests at once, answered in any order', async () => {
  const waiting: (() => void)[] = [];
  const ends = twoEnds({
    framing,
    server: {
      limits: { handledRequests: 100 },
      handler: ({ path }) =>
        new Promise((resolve) => waiting.push(() => resolve({ code: codes.content, payload: utf8(path[0] ?? '') }))),
    },
  });
  const asked = Array.from({ length: 50 }, (_, index) => ends.client.request({ method: 'GET', path: [`${index}`] }));
  await ends.time.settle();
  for (const answer of waiting.reverse()) answer();
  const answers = await Promise.all(asked);
  assert.deepEqual(
    answers.map(({ payload }) => text(payload)),
    Array.from({ length: 50 }, (_, index) => `${index}`),
  );
});
