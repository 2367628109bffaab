import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, codes, codeText, type IncomingRequest, type Response } from '../src/index.ts';
import { filler, hex, rawPeer, text, utf8 } from './raw-peer.ts';
import { twoEnds } from './two-ends.ts';

const framing = 'datagram' as const;
const body = filler(300);
const part = (from: number, to: number) => hex(body.subarray(from, to));
const serves = (answer: Answer) => ({ framing, handler: () => answer }) as const;

test('RFC 7959 figure 3: the reader asks for smaller blocks from the start', async () => {
  const peer = rawPeer(serves({ code: codes.content, payload: body }));
  await peer.send('40 01 0001 b1 73 c1 02');
  await peer.expect(`60 45 0001 d1 0a 0a 52 012c ff ${part(0, 64)}`);
  await peer.send('40 01 0002 b1 73 c1 12');
  await peer.expect(`60 45 0002 d1 0a 1a ff ${part(64, 128)}`);
  await peer.send('40 01 0003 b1 73 c1 22');
  await peer.expect(`60 45 0003 d1 0a 2a ff ${part(128, 192)}`);
});

test('RFC 7959 figure 4: the reader asks for smaller blocks later on', async () => {
  const peer = rawPeer({ ...serves({ code: codes.content, payload: body }), limits: { blockSize: 128 } });
  await peer.send('40 01 0001 b1 73');
  await peer.expect(`60 45 0001 d1 0a 0b 52 012c ff ${part(0, 128)}`);
  await peer.send('40 01 0002 b1 73 c1 22');
  await peer.expect(`60 45 0002 d1 0a 2a ff ${part(128, 192)}`);
  await peer.send('40 01 0003 b1 73 c1 32');
  await peer.expect(`60 45 0003 d1 0a 3a ff ${part(192, 256)}`);
  await peer.send('40 01 0004 b1 73 c1 42');
  await peer.expect(`60 45 0004 d1 0a 42 ff ${part(256, 300)}`);
});

test('a block past the end is a bad request', async () => {
  const peer = rawPeer(serves({ code: codes.content, payload: body }));
  await peer.send('40 01 0001 b1 73 c2 0152');
  assert.match(peer.next() ?? '', /^60800001ff/);
});

test('block size 7 is refused on datagrams', async () => {
  const peer = rawPeer(serves({ code: codes.content, payload: body }));
  await peer.send('40 01 0001 b1 73 c1 07');
  assert.match(peer.next() ?? '', /^60800001ff/);
  await peer.send(`40 03 0002 b1 73 d1 03 0f ff ${part(0, 16)}`);
  assert.match(peer.next() ?? '', /^60800002ff/);
});

test('RFC 7959 figure 10: a request in blocks is answered in blocks', async () => {
  const requests: IncomingRequest[] = [];
  const peer = rawPeer({
    framing,
    limits: { blockSize: 128 },
    handler(request) {
      requests.push(request);
      return { code: codes.changed, payload: body };
    },
  });
  await peer.send(`40 02 0001 b1 73 d1 03 0b ff ${part(0, 128)}`);
  await peer.expect('60 5f 0001 d1 0e 0b');
  await peer.send(`40 02 0002 b1 73 d1 03 1b ff ${part(128, 256)}`);
  await peer.expect('60 5f 0002 d1 0e 1b');
  await peer.send(`40 02 0003 b1 73 d1 03 23 ff ${part(256, 300)}`);
  await peer.expect(`60 44 0003 d1 0a 0b 41 23 12 012c ff ${part(0, 128)}`);
  await peer.send('40 02 0004 b1 73 c1 12');
  await peer.expect(`60 44 0004 d1 0a 1a ff ${part(64, 128)}`);
  await peer.send('40 02 0005 b1 73 c1 13');
  await peer.expect(`60 44 0005 d1 0a 1b ff ${part(128, 256)}`);
  await peer.send('40 02 0006 b1 73 c1 23');
  await peer.expect(`60 44 0006 d1 0a 23 ff ${part(256, 300)}`);
  assert.equal(requests.length, 1);
  assert.equal(hex(requests[0]?.payload ?? body), hex(body));
  // All was fetched: what the request did is not done again for another block.
  await peer.send('40 02 0007 b1 73 c1 13');
  assert.match(peer.next() ?? '', /^60880007ff/);
  assert.equal(requests.length, 1);
});

test('the size of a block is negotiated down by the server', async () => {
  const requests: IncomingRequest[] = [];
  const peer = rawPeer({
    framing,
    limits: { blockSize: 64 },
    handler(request) {
      requests.push(request);
      return { code: codes.changed };
    },
  });
  await peer.send(`40 03 0001 b1 73 d1 03 0b ff ${part(0, 128)}`);
  await peer.expect('60 5f 0001 d1 0e 0a');
  await peer.send(`40 03 0002 b1 73 d1 03 2a ff ${part(128, 192)}`);
  await peer.expect('60 5f 0002 d1 0e 2a');
  await peer.send(`40 03 0003 b1 73 d1 03 32 ff ${part(192, 200)}`);
  await peer.expect('60 44 0003 d1 0e 32');
  assert.equal(hex(requests[0]?.payload ?? body), part(0, 200));
});

const incomplete: [name: string, first: string, second: string, code: string][] = [
  ['a first block that never came', '', `40 03 0002 b1 73 d1 03 12 ff ${part(64, 128)}`, '88'],
  ['a gap', `40 03 0001 b1 73 d1 03 0a ff ${part(0, 64)}`, `40 03 0002 b1 73 d1 03 22 ff ${part(64, 128)}`, '88'],
  [
    'another Content-Format',
    `40 03 0001 b1 73 11 28 d1 02 0a ff ${part(0, 64)}`,
    `40 03 0002 b1 73 11 2a d1 02 12 ff ${part(64, 128)}`,
    '88',
  ],
  [
    'another resource',
    `40 03 0001 b1 73 d1 03 0a ff ${part(0, 64)}`,
    `40 03 0002 b1 74 d1 03 12 ff ${part(64, 128)}`,
    '88',
  ],
  ['a block that is too short', '', `40 03 0002 b1 73 d1 03 0a ff ${part(0, 63)}`, '80'],
  ['more than is taken', '', `40 03 0002 b1 73 d1 03 0a d3 14 010001 ff ${part(0, 64)}`, '8d'],
];

for (const [name, first, second, code] of incomplete) {
  test(`${name}: ${codeText(Number.parseInt(code, 16))}`, async () => {
    const peer = rawPeer({ framing, handler: () => ({ code: codes.changed }) });
    if (first !== '') await peer.send(first);
    peer.next();
    await peer.send(second);
    assert.match(peer.next() ?? '', new RegExp(`^60${code}0002`));
  });
}

test('two bodies for one resource at the same time are told apart by token, or by Request-Tag', async () => {
  const bodies: string[] = [];
  const handler = ({ payload }: IncomingRequest): Answer => {
    bodies.push(hex(payload));
    return { code: codes.changed };
  };
  for (const [head, one, two] of [
    ['41', { token: 'aa', tag: '' }, { token: 'bb', tag: '' }],
    ['40', { token: '', tag: 'd1 fc 01' }, { token: '', tag: 'd1 fc 02' }],
  ] as const) {
    const peer = rawPeer({ framing, handler });
    await peer.send(`${head} 03 0001 ${one.token} b1 73 d1 03 0a ${one.tag} ff ${part(0, 64)}`);
    await peer.send(`${head} 03 0002 ${two.token} b1 73 d1 03 0a ${two.tag} ff ${part(100, 164)}`);
    await peer.send(`${head} 03 0003 ${one.token} b1 73 d1 03 12 ${one.tag} ff ${part(64, 70)}`);
    await peer.send(`${head} 03 0004 ${two.token} b1 73 d1 03 12 ${two.tag} ff ${part(164, 170)}`);
  }
  assert.deepEqual(bodies, [part(0, 70), part(100, 170), part(0, 70), part(100, 170)]);
});

test('blocks are waited for a minute', async () => {
  const peer = rawPeer({ framing, handler: () => ({ code: codes.changed }) });
  await peer.send(`40 03 0001 b1 73 d1 03 0a ff ${part(0, 64)}`);
  await peer.expect('60 5f 0001 d1 0e 0a');
  await peer.time.advance(59_000);
  await peer.send(`40 03 0002 b1 73 d1 03 1a ff ${part(64, 128)}`);
  await peer.expect('60 5f 0002 d1 0e 1a');
  await peer.time.advance(60_000);
  await peer.send(`40 03 0003 b1 73 d1 03 22 ff ${part(128, 192)}`);
  assert.match(peer.next() ?? '', /^60880003/);
});

test('a kept answer that is gone is asked for again where that changes nothing', async () => {
  let asked = 0;
  const peer = rawPeer({
    framing,
    handler() {
      asked++;
      return { code: codes.content, payload: body };
    },
    limits: { blockSize: 64 },
  });
  await peer.send('40 01 0001 b1 73');
  peer.next();
  await peer.time.advance(61_000);
  await peer.send('40 01 0002 b1 73 c1 12');
  await peer.expect(`60 45 0002 d1 0a 1a ff ${part(64, 128)}`);
  assert.equal(asked, 2);
});

test('two FETCHes of one resource are told apart by what they ask', async () => {
  const peer = rawPeer({
    framing,
    limits: { blockSize: 16 },
    handler: ({ payload }) => ({ code: codes.content, payload: Buffer.concat([payload, payload, payload, payload]) }),
  });
  const [a, b] = ['61616161616161', '62626262626262'];
  await peer.send(`41 05 0001 aa b1 73 ff ${a}`);
  await peer.expect(`61 45 0001 aa d1 0a 08 51 1c ff ${a} ${a} 6161`);
  await peer.send(`41 05 0002 bb b1 73 ff ${b}`);
  await peer.expect(`61 45 0002 bb d1 0a 08 51 1c ff ${b} ${b} 6262`);
  await peer.send(`41 05 0003 cc b1 73 c1 10 ff ${a}`);
  await peer.expect('61 45 0003 cc d1 0a 10 ff 616161616161616161616161');
  await peer.send('41 05 0004 dd b1 73 c1 10');
  await peer.expect('61 45 0004 dd d1 0a 10 ff 626262626262626262626262');
});

/** Reads with a raw peer as the server. */
async function reading(answers: string[], outcome: (response: Promise<Response>) => Promise<void>): Promise<void> {
  const peer = rawPeer({ framing });
  const read = outcome(peer.connection.request({ method: 'GET', path: ['s'] }));
  for (const answer of answers) {
    await peer.time.settle();
    const asked = peer.next();
    assert.ok(asked, `nothing was asked before ${answer}`);
    await peer.send(`64 45 ${asked.slice(4, 8)} ${asked.slice(8, 16)} ${answer}`);
  }
  await read;
  await peer.silent();
}

const invalid: [name: string, answers: string[]][] = [
  ['a first block that is not the first', [`d1 0a 1a ff ${part(0, 64)}`]],
  ['a block that is shorter than it says', [`d1 0a 0a ff ${part(0, 60)}`]],
  ['another block than was asked for', [`d1 0a 0a ff ${part(0, 64)}`, `d1 0a 2a ff ${part(64, 128)}`]],
  ['no block at all', [`d1 0a 0a ff ${part(0, 64)}`, 'ff 31']],
  ['an empty block and more', ['d1 0a 08']],
];

for (const [name, answers] of invalid) {
  test(`an answer that makes no sense fails: ${name}`, async () => {
    await reading(answers, (response) => assert.rejects(response, { code: 'coap.response.invalid' }));
  });
}

test('an answer longer than is wanted fails when that shows', async () => {
  const peer = rawPeer({ framing });
  const read = assert.rejects(peer.connection.request({ method: 'GET' }, { bodySize: 100 }), {
    code: 'coap.body.too.large',
  });
  await peer.time.settle();
  await peer.send(`64 45 0000 00000000 d1 0a 0a ff ${part(0, 64)}`);
  await peer.send(`64 45 0001 00000000 d1 0a 1a ff ${part(64, 128)}`);
  await read;
});

test('what changes while it is read is read anew, three times at most', async () => {
  const [one, two] = [`41 01 d1 06 0a ff ${part(0, 64)}`, `41 02 d1 06 0a ff ${part(64, 128)}`];
  await reading(
    [one, `41 02 d1 06 12 ff ${part(64, 128)}`, two, `41 02 d1 06 12 ff ${part(0, 10)}`],
    async (response) => {
      assert.equal(hex((await response).payload), part(64, 128) + part(0, 10));
    },
  );
  const changed = [one, `41 02 d1 06 12 ff ${part(64, 128)}`];
  await reading([...changed, ...changed, ...changed], (response) =>
    assert.rejects(response, { code: 'coap.body.changed' }),
  );
});

test('a block that the server refuses is the answer', async () => {
  const peer = rawPeer({ framing });
  const read = peer.connection.request({ method: 'GET' });
  await peer.time.settle();
  await peer.send(`64 45 0000 00000000 d1 0a 0a ff ${part(0, 64)}`);
  await peer.send('64 84 0001 00000000');
  assert.equal((await read).code, codes.notFound);
});

test('4.13 with a block size makes a small request go in blocks', async () => {
  const peer = rawPeer({ framing });
  const payload = filler(100);
  const written = peer.connection.request({ method: 'PUT', payload });
  await peer.expect(`44 03 0000 00000000 ff ${hex(payload)}`);
  await peer.send('64 8d 0000 00000000 d1 0e 02');
  await peer.expect(`44 03 0001 00000000 d1 0e 0a d1 14 64 ff ${hex(payload.subarray(0, 64))}`);
  await peer.send('64 5f 0001 00000000 d1 0e 0a');
  await peer.expect(`44 03 0002 00000000 d1 0e 12 ff ${hex(payload.subarray(64))}`);
  await peer.send('64 44 0002 00000000 d1 0e 12');
  assert.equal((await written).code, codes.changed);
});

test('a server that takes each block by itself gets them all', async () => {
  const peer = rawPeer({ framing, limits: { blockSize: 64 } });
  const written = peer.connection.request({ method: 'PUT', payload: filler(100) });
  await peer.time.settle();
  await peer.send('64 44 0000 00000000 d1 0e 02');
  await peer.send('64 44 0001 00000000 d1 0e 12');
  assert.equal((await written).code, codes.changed);
});

test('a download is resumed in the middle of a block, with a token for every block', async () => {
  const image = filler(2500);
  let closed = 0;
  const tokens: string[] = [];
  const ends = twoEnds({
    framing: 'record',
    server: {
      handler({ token }) {
        tokens.push(hex(token));
        return {
          code: codes.content,
          contentFormat: 42,
          payload: {
            size: image.length,
            read: async (offset, length) => image.subarray(offset, offset + length),
            close: () => closed++,
          },
        };
      },
    },
  });
  const parts: Uint8Array[] = [];
  let size: number | undefined;
  for await (const download of ends.client.download({ method: 'GET', path: ['fw'] }, { offset: 700 })) {
    assert.equal(download.offset, 700 + Buffer.concat(parts).length);
    parts.push(download.data);
    size ??= download.size;
  }
  assert.equal(hex(Buffer.concat(parts)), hex(image.subarray(700)));
  assert.equal(tokens.length, 1);
  assert.equal(closed, 1);
  assert.equal(size, undefined);
});

test('a download that the server refuses, or that changes, fails', async () => {
  let version = 0;
  const ends = twoEnds({
    framing: 'record',
    server: {
      handler: ({ path }): Answer =>
        path[0] === 'none'
          ? { code: codes.notFound, payload: utf8('no') }
          : {
              code: codes.content,
              payload: filler(2000),
              options: [{ number: 4, value: Uint8Array.of(++version) }],
            },
      limits: { blockTime: 0 },
    },
  });
  const drain = async (path: string) => {
    let size = 0;
    for await (const { data } of ends.client.download({ method: 'GET', path: [path] })) size += data.length;
    return size;
  };
  await assert.rejects(drain('none'), (error: Error) => /4\.04 at byte 0/.test(error.message));
  await assert.rejects(drain('some'), { code: 'coap.body.changed' });
});

test('a body that fails to be read is an error of the server', async () => {
  const faults: unknown[] = [];
  const ends = twoEnds({
    framing: 'record',
    server: {
      handler: () => ({
        code: codes.content,
        payload: { size: 1000, read: (offset) => (offset === 0 ? filler(512) : filler(1)) },
      }),
      fault: (error) => faults.push(error),
    },
  });
  const response = await ends.client.request({ method: 'GET' });
  assert.equal(response.code, codes.internalServerError);
  assert.match(String(faults[0]), /gave 1 bytes instead of 488 at 512/);
  assert.equal(text(response.payload), '');
});
