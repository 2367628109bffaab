import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes, textOption } from '../src/index.ts';
import { filler, hex, rawPeer, text, utf8 } from './raw-peer.ts';

const framing = 'datagram' as const;

test('an unanswered message is sent five times, each wait twice the one before, and fails after 93 s at the most', async () => {
  for (const [random, waits] of [
    [0, [2000, 4000, 8000, 16_000, 32_000]],
    [0.999_999, [3000, 6000, 12_000, 24_000, 48_000]],
  ] as const) {
    const peer = rawPeer({ framing, random: () => random });
    const failed = assert.rejects(peer.connection.request({ method: 'GET', path: ['a'] }), { code: 'coap.timeout' });
    await peer.time.settle();
    const first = peer.next();
    for (const wait of waits.slice(0, 4)) {
      await peer.time.advance(wait - 1);
      await peer.silent();
      await peer.time.advance(1);
      assert.equal(peer.next(), first);
    }
    await peer.time.advance(waits[4]);
    await failed;
    assert.equal(peer.time.waiting, 0);
  }
});

test('an empty acknowledgement ends the repetition, and the answer may come much later', async () => {
  const peer = rawPeer({ framing });
  const asked = peer.connection.request({ method: 'GET', path: ['a'] });
  await peer.expect('44 01 0000 00000000 b1 61');
  await peer.send('60 00 0000');
  await peer.time.advance(60_000);
  await peer.silent();
  await peer.send('44 45 1111 00000000 ff 31');
  await peer.expect('60 00 1111');
  assert.equal(text((await asked).payload), '1');
  // The acknowledgement was lost: the answer comes again and is acknowledged again.
  await peer.send('44 45 1111 00000000 ff 31');
  await peer.expect('60 00 1111');
});

test('an answer that overtakes the acknowledgement is enough', async () => {
  const peer = rawPeer({ framing });
  const asked = peer.connection.request({ method: 'GET', path: ['a'] });
  await peer.expect('44 01 0000 00000000 b1 61');
  await peer.send('44 45 1111 00000000 ff 31');
  await peer.expect('60 00 1111');
  await asked;
  await peer.send('60 00 0000');
  await peer.time.advance(100_000);
  await peer.silent();
});

test('an acknowledgement with another token is not the answer', async () => {
  const peer = rawPeer({ framing });
  const asked = peer.connection.request({ method: 'GET', path: ['a'] });
  await peer.expect('44 01 0000 00000000 b1 61');
  await peer.send('64 45 0000 00000009 ff 30');
  await peer.send('64 45 0000 00000000 ff 31');
  assert.equal(text((await asked).payload), '1');
});

test('one request at a time, until it is acknowledged', async () => {
  const peer = rawPeer({ framing });
  const first = peer.connection.request({ method: 'GET', path: ['a'] });
  const second = peer.connection.request({ method: 'GET', path: ['b'] });
  const third = assert.rejects(peer.connection.request({ method: 'GET', path: ['c'] }), { code: 'coap.reset' });
  await peer.expect('44 01 0000 00000000 b1 61');
  await peer.silent();
  await peer.send('60 00 0000');
  await peer.expect('44 01 0001 00000001 b1 62');
  await peer.send('64 45 0001 00000001');
  await second;
  await peer.expect('44 01 0002 00000002 b1 63');
  await peer.send('70 00 0002');
  await third;
  await peer.send('54 45 2222 00000000');
  await first;
});

test('a repeated request gets the same answer, and the handler is not asked again', async () => {
  let count = 0;
  const peer = rawPeer({ framing, handler: () => ({ code: codes.changed, payload: utf8(String(++count)) }) });
  await peer.send('41 02 0101 aa');
  await peer.expect('61 44 0101 aa ff 31');
  await peer.time.advance(246_000);
  await peer.send('41 02 0101 aa');
  await peer.expect('61 44 0101 aa ff 31');
  await peer.time.advance(2000);
  assert.equal(peer.time.waiting, 0);
  await peer.send('41 02 0101 aa');
  await peer.expect('61 44 0101 aa ff 32');
});

test('a slow answer comes on its own, and is repeated until it is acknowledged', async () => {
  let answer: (code: number) => void = () => {};
  const peer = rawPeer({
    framing,
    handler: () => new Promise((resolve) => (answer = (code) => resolve({ code }))),
  });
  await peer.send('41 01 0101 aa');
  await peer.time.advance(999);
  await peer.silent();
  await peer.time.advance(1);
  await peer.expect('60 00 0101');
  await peer.send('41 01 0101 aa');
  await peer.expect('60 00 0101');
  answer(codes.content);
  await peer.expect('41 45 0000 aa');
  await peer.time.advance(2000);
  await peer.expect('41 45 0000 aa');
  await peer.send('60 00 0000');
  await peer.time.advance(100_000);
  await peer.silent();
});

test('an unconfirmed request gets an unconfirmed answer, once', async () => {
  const peer = rawPeer({ framing, handler: () => ({ code: codes.content }) });
  await peer.send('51 01 0101 aa');
  await peer.expect('51 45 0000 aa');
  await peer.send('51 01 0101 aa');
  await peer.expect('51 45 0000 aa');
  assert.equal(peer.connection.channel.kind, 'dtls');
});

test('what is not for us is rejected or ignored as it should be', async () => {
  const peer = rawPeer({ framing });
  await peer.send('41 45 0101 aa ff 31');
  await peer.expect('70 00 0101');
  await peer.send('40 20 0102');
  await peer.expect('70 00 0102');
  await peer.send('40 e1 0103');
  await peer.expect('70 00 0103');
  for (const ignored of ['60 00 0999', '70 00 0999', '60 45 0999', '60 01 0999', '50 00 0104', '80 01 0105'])
    await peer.send(ignored);
  await peer.silent();
});

test('an unknown critical option is refused, an elective one read over', async () => {
  const seen: string[] = [];
  const peer = rawPeer({
    framing,
    understood: new Set([65_001]),
    handler(request) {
      seen.push(request.options.map(({ number }) => number).join());
      return { code: codes.content };
    },
  });
  await peer.send('40 01 0001 d1 f4 01');
  assert.match(peer.next() ?? '', /^60820001ff/);
  // Elective: unknown, too long, or there twice.
  await peer.send('40 01 0002 15 0102030405 e1 fdd2 01');
  await peer.expect('60 45 0002');
  // Uri-Port twice, and too long.
  await peer.send('40 01 0003 71 01 01 02');
  assert.match(peer.next() ?? '', /^60820003ff/);
  await peer.send('40 01 0004 73 010203');
  assert.match(peer.next() ?? '', /^60820004ff/);
  await peer.send('40 01 0005 e1 fcdc 07');
  await peer.expect('60 45 0005');
  assert.deepEqual(seen, ['1', '65001']);
});

test('a path that is not UTF-8 is a bad request, a method that nobody knows is not allowed', async () => {
  const peer = rawPeer({ framing, handler: () => ({ code: codes.content }) });
  await peer.send('40 01 0001 b1 ff');
  assert.match(peer.next() ?? '', /^60800001ff/);
  await peer.send('40 1f 0002');
  await peer.expect('60 85 0002');
});

test('a message that the other end could not read is not sent', async () => {
  const faults: unknown[] = [];
  const long = Array.from({ length: 5 }, () => textOption(15, 'x'.repeat(250)));
  const peer = rawPeer({
    framing,
    handler: () => ({ code: codes.content, options: long.map((option) => ({ ...option, number: 20 })) }),
    fault: (error) => faults.push(error),
  });
  await assert.rejects(peer.connection.request({ method: 'GET', options: long }), { code: 'coap.message.too.large' });
  await peer.silent();
  await peer.send('40 01 0001');
  await peer.expect('60 a0 0001');
  assert.match(String(faults[0]), /1265 bytes, more than the 1152/);
});

test('a request can be given up, before and after it went out', async () => {
  const peer = rawPeer({ framing });
  const aborted = AbortSignal.abort(new Error('no'));
  await assert.rejects(peer.connection.request({ method: 'GET' }, { signal: aborted }), { code: 'coap.cancelled' });
  const first = new AbortController();
  const second = new AbortController();
  const sent = assert.rejects(peer.connection.request({ method: 'GET' }, { signal: first.signal }), {
    code: 'coap.cancelled',
  });
  const waits = assert.rejects(peer.connection.request({ method: 'GET' }, { signal: second.signal }), {
    code: 'coap.cancelled',
  });
  await peer.time.settle();
  peer.next();
  second.abort();
  first.abort();
  await sent;
  await waits;
  await peer.time.runOut();
  await peer.silent();
  await peer.send('44 45 0001 00000000');
  await peer.expect('70 00 0001');
});

test('a ping is answered by a reset', async () => {
  const peer = rawPeer({ framing });
  const ping = peer.connection.ping();
  await peer.expect('40 00 0000');
  await peer.send('70 00 0000');
  await ping;
  const lost = assert.rejects(peer.connection.ping(), { code: 'coap.timeout' });
  await peer.time.runOut();
  await lost;
  const soon = assert.rejects(peer.connection.ping(5000), { code: 'coap.timeout' });
  await peer.time.advance(5000);
  await soon;
  assert.equal(peer.time.waiting, 0);
});

test('a body larger than 1024 bytes goes in blocks with its size in the first', async () => {
  const peer = rawPeer({ framing });
  const payload = filler(1500);
  const asked = peer.connection.request({ method: 'PUT', path: ['x'], payload });
  await peer.expect(`44 03 0000 00000000 b1 78 d1 03 0e d2 14 05dc ff ${hex(payload.subarray(0, 1024))}`);
  // The other end wants smaller ones, which are counted from the next byte on.
  await peer.send('64 5f 0000 00000000 d1 0e 0c');
  for (const [id, start, last] of [
    [1, 1024, false],
    [2, 1280, true],
  ] as const) {
    const value = ((start / 256) * 16 + (last ? 0 : 8) + 4).toString(16).padStart(2, '0');
    await peer.expect(`44 03 000${id} 00000000 b1 78 d1 03 ${value} ff ${hex(payload.subarray(start, start + 256))}`);
    await peer.send(`64 ${last ? '44' : '5f'} 000${id} 00000000 d1 0e ${value}`);
  }
  assert.equal((await asked).code, codes.changed);
});
