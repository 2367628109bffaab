import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, codes, type IncomingRequest, type Response } from '../src/index.ts';
import { bytes, filler, hex, rawPeer, text, utf8 } from './raw-peer.ts';

const endpoint = '0170000000000000000000000000d001';
const account = '016c0000000000000000000000000001';
const device = '0170000000000000000000000000d0aa';

/** A handler that keeps what it was asked, and answers from a list. */
function recorder(...answers: (Answer | Promise<Answer>)[]) {
  const requests: IncomingRequest[] = [];
  return {
    requests,
    handler(request: IncomingRequest): Answer | Promise<Answer> {
      requests.push(request);
      return answers[requests.length - 1] ?? { code: codes.notFound };
    },
  };
}

/** Tokens and message ids begin at the given number, as they did on the wire. */
const startingAt = (messageId: number, token: number) => {
  const values = [messageId / 0x1_0000, token / 2 ** 32];
  return () => values.shift() ?? 0;
};

test('a bootstrap request of a 4.13 client', async () => {
  const { requests, handler } = recorder({ code: codes.changed });
  const peer = rawPeer({ handler });
  await peer.send(`44 02 a797 abd4d9d7  b2 6273  30  1d16 ${hex(utf8(`ep=${endpoint}`))}
     0d17 ${hex(utf8(`aid=${account}`))}  0b 6d6363763d342e31332e32`);
  await peer.expect('64 44 a797 abd4d9d7');
  assert.equal(requests[0]?.method, 'POST');
  assert.deepEqual(requests[0]?.path, ['bs']);
  assert.deepEqual(requests[0]?.query, [`ep=${endpoint}`, `aid=${account}`, 'mccv=4.13.2']);
});

test('what the bootstrap server writes: DELETE, a PUT of three blocks with one token, and the finish answered on its own', async () => {
  const peer = rawPeer({ random: startingAt(0x1002, 0x0110a501) });
  const { connection } = peer;

  const deleted = connection.request({ method: 'DELETE', path: ['0'] });
  await peer.expect('44 04 1002 0110a501 b1 30');
  await peer.send('64 42 1002 0110a501');
  assert.equal((await deleted).code, codes.deleted);

  const payload = filler(1191);
  const written = connection.request({ method: 'PUT', path: ['0'], contentFormat: 11542, payload });
  await peer.expect(`44 03 1003 0110a502 b1 30 12 2d16 d1 02 0d ff ${hex(payload.subarray(0, 512))}`);
  await peer.send('64 5f 1003 0110a502 d0 01 d1 00 0d');
  await peer.expect(`44 03 1004 0110a502 b1 30 12 2d16 d1 02 1d ff ${hex(payload.subarray(512, 1024))}`);
  await peer.send('64 5f 1004 0110a502 d0 01 d1 00 1d');
  await peer.expect(`44 03 1005 0110a502 b1 30 12 2d16 d1 02 25 ff ${hex(payload.subarray(1024))}`);
  await peer.send('64 44 1005 0110a502');
  assert.equal((await written).code, codes.changed);

  const finished = connection.request({ method: 'POST', path: ['bs'] });
  await peer.expect('44 02 1006 0110a503 b2 6273');
  await peer.send('60 00 1006 c0');
  await peer.silent();
  await peer.send('44 44 e7f5 0110a503');
  await peer.expect('60 00 e7f5');
  assert.equal((await finished).code, codes.changed);
});

test('a registration in three blocks with one token, answered with its location', async () => {
  const { requests, handler } = recorder({ code: codes.created, locationPath: ['rd', account, device] });
  const peer = rawPeer({ handler });
  const head = `b2 7264 11 28 20 1d16 ${hex(utf8(`ep=${endpoint}`))} 0a 65743d64656661756c74 07 6c743d37323030`;
  const payload = filler(1126);
  await peer.send(`44 02 e7f6 9dd82d66 ${head} c1 0d d2 14 0466 ff ${hex(payload.subarray(0, 512))}`);
  await peer.expect('64 5f e7f6 9dd82d66 d1 0e 0d');
  await peer.send(`44 02 e7f7 9dd82d66 ${head} c1 1d ff ${hex(payload.subarray(512, 1024))}`);
  await peer.expect('64 5f e7f7 9dd82d66 d1 0e 1d');
  await peer.send(`44 02 e7f8 9dd82d66 ${head} c1 25 ff ${hex(payload.subarray(1024))}`);
  await peer.expect(`64 41 e7f8 9dd82d66 82 7264 0d13 ${hex(utf8(account))} 0d13 ${hex(utf8(device))} d1 06 25`);
  assert.equal(requests.length, 1);
  assert.equal(hex(requests[0]?.payload ?? new Uint8Array()), hex(payload));
  assert.equal(requests[0]?.contentFormat, 40);
});

test('a registration update is the first message of a new connection, and deregistration the last', async () => {
  const { requests, handler } = recorder({ code: codes.changed }, { code: codes.deleted });
  const peer = rawPeer({ handler });
  const location = `b2 7264 0d13 ${hex(utf8(account))} 0d13 ${hex(utf8(device))}`;
  await peer.send(`44 02 da6b b52ff2a8 ${location} 11 28 20 1a 65743d64656661756c74 06 6c743d313230`);
  await peer.expect('64 44 da6b b52ff2a8');
  await peer.send(`44 04 da6c b52ff2a9 ${location} 30`);
  await peer.expect('64 42 da6c b52ff2a9');
  assert.deepEqual(
    requests.map(({ method, path, query, contentFormat }) => ({ method, path, query, contentFormat })),
    [
      { method: 'POST', path: ['rd', account, device], query: ['et=default', 'lt=120'], contentFormat: 40 },
      { method: 'DELETE', path: ['rd', account, device], query: [], contentFormat: undefined },
    ],
  );
});

test("MBL's client answers each write of the bootstrap on its own, block by block", async () => {
  const peer = rawPeer({ random: startingAt(0x1003, 0x0310b101) });
  const payload = filler(700);
  const written = peer.connection.request({ method: 'PUT', path: ['0'], contentFormat: 11542, payload });
  await peer.expect(`44 03 1003 0310b101 b1 30 12 2d16 d1 02 0d ff ${hex(payload.subarray(0, 512))}`);
  await peer.send('64 5f 1003 0310b101 d0 01 d1 00 0d');
  await peer.expect(`44 03 1004 0310b101 b1 30 12 2d16 d1 02 15 ff ${hex(payload.subarray(512))}`);
  await peer.send('60 00 1004 c0');
  const next = peer.connection.request({ method: 'PUT', path: ['1'], contentFormat: 11542, payload: filler(12) });
  // What is acknowledged is out of the way.
  await peer.expect(`44 03 1005 0310b102 b1 31 12 2d16 ff ${hex(filler(12))}`);
  await peer.send('44 44 0a01 0310b101 d0 01');
  await peer.expect('60 00 0a01');
  assert.equal((await written).code, codes.changed);
  // The client did not hear that, and says it again.
  await peer.send('44 44 0a01 0310b101 d0 01');
  await peer.expect('60 00 0a01');
  await peer.send('60 00 1005 c0');
  await peer.send('44 80 0a02 0310b102 d0 01');
  await peer.expect('60 00 0a02');
  assert.equal((await next).code, codes.badRequest);
});

test('an execute that the client answers late', async () => {
  const peer = rawPeer({ random: startingAt(0x2000, 0x0410b101) });
  const manifest = filler(336);
  const sent = peer.connection.request({
    method: 'POST',
    path: ['10252', '0', '1'],
    contentFormat: 0,
    payload: manifest,
  });
  await peer.expect(`44 02 2000 0410b101 b5 3130323532 01 30 01 31 10 ff ${hex(manifest)}`);
  await peer.send('60 00 2000 c0');
  await peer.time.advance(50_000);
  await peer.send('44 44 b000 0410b101 d0 01');
  await peer.expect('60 00 b000');
  assert.equal((await sent).code, codes.changed);
});

test('a value of an instance is read with what the client adds to it', async () => {
  const peer = rawPeer({ random: startingAt(0x2000, 0x0410b101) });
  const read = peer.connection.request({ method: 'GET', path: ['3', '0', '0'] });
  await peer.expect('44 01 2000 0410b101 b1 33 01 30 01 30');
  await peer.send(`64 45 2000 0410b101 c0 20 ff ${hex(utf8('dev_manufacturer'))}`);
  const { code, contentFormat, maxAge, payload } = await read;
  assert.deepEqual([code, contentFormat, maxAge, text(payload)], [codes.content, 0, 0, 'dev_manufacturer']);
});

test('a CSR that is sent again while it is being signed is signed once', async () => {
  const chain = bytes(`01 01 01d4 …468`);
  let sign: (answer: Answer) => void = () => {};
  const signed = new Promise<Answer>((resolve) => {
    sign = resolve;
  });
  const { requests, handler } = recorder(signed);
  const peer = rawPeer({ handler });
  const request = '44 02 6f4b 83c37d10  b3 657374 03 73656e  10 20 91 05 ff 3082013f …319';
  await peer.send(request);
  await peer.time.advance(5000);
  await peer.send(request);
  await peer.silent();
  sign({ code: codes.changed, payload: chain });
  await peer.expect(`64 44 6f4b 83c37d10 ff ${hex(chain)}`);
  await peer.send(request);
  await peer.expect(`64 44 6f4b 83c37d10 ff ${hex(chain)}`);
  assert.equal(requests.length, 1);
  assert.equal(requests[0]?.contentFormat, 0);
});

test('a certificate chain of two goes in two blocks, fetched with the same token and without the payload', async () => {
  const chain = filler(926);
  const { requests, handler } = recorder({ code: codes.changed, payload: chain });
  const peer = rawPeer({ handler });
  await peer.send('44 02 6f4b 83c37d10  b3 657374 03 73656e  10 20 91 05 ff 3082013f …319');
  await peer.expect(`64 44 6f4b 83c37d10 d1 0a 0d 52 039e ff ${hex(chain.subarray(0, 512))}`);
  await peer.send('44 02 6f4c 83c37d10  b3 657374 03 73656e  10 20 91 15');
  await peer.expect(`64 44 6f4c 83c37d10 d1 0a 15 ff ${hex(chain.subarray(512))}`);
  assert.equal(requests.length, 1);
});

test('an answer in blocks comes in the acknowledgement, though it takes seconds, and is found without the query', async () => {
  const answer = filler(600);
  let give: (answer: Answer) => void = () => {};
  const { requests, handler } = recorder(
    new Promise<Answer>((resolve) => {
      give = resolve;
    }),
  );
  const peer = rawPeer({ handler });
  await peer.send('44 02 6f4b 83c37d10 b3 657374 45 61743d3132 ff 01');
  await peer.time.advance(9000);
  await peer.silent();
  give({ code: codes.changed, payload: answer });
  await peer.expect(`64 44 6f4b 83c37d10 d1 0a 0d 52 0258 ff ${hex(answer.subarray(0, 512))}`);
  await peer.send('44 02 6f4c 83c37d10 b3 657374 c1 15');
  await peer.expect(`64 44 6f4c 83c37d10 d1 0a 15 ff ${hex(answer.subarray(512))}`);
  assert.equal(requests.length, 1);
});

test('later blocks of a value carry the token of the first request, whatever the later requests carry', async () => {
  const peer = rawPeer({ random: startingAt(1, 1) });
  const value = filler(700);
  const read = peer.connection.request({ method: 'GET', path: ['3', '0'] });
  await peer.expect('44 01 0001 00000001 b1 33 01 30');
  await peer.send(`64 45 0001 00000001 c2 2d16 20 91 0d 52 02bc ff ${hex(value.subarray(0, 512))}`);
  await peer.expect('44 01 0002 00000001 b1 33 01 30 c1 15');
  await peer.send(`64 45 0002 aabbccdd c2 2d16 20 91 15 ff ${hex(value.subarray(512))}`);
  const response = await read;
  assert.equal(hex(response.payload), hex(value));
  assert.equal(response.contentFormat, 11542);
});

test('a block that the client did not expect is its answer to the whole', async () => {
  const peer = rawPeer({ random: startingAt(1, 1) });
  const written = peer.connection.request({ method: 'PUT', path: ['0'], payload: filler(600) });
  await peer.time.settle();
  await peer.send('64 5f 0001 00000001 d1 0e 0d');
  await peer.send('64 88 0002 00000001');
  assert.equal((await written).code, codes.requestEntityIncomplete);
});

test('a notification that nobody asked for is taken or rejected as it is told', async () => {
  const seen: { token: string; response: Response }[] = [];
  const peer = rawPeer({
    unsolicited(token, response) {
      seen.push({ token: hex(token), response });
      return hex(token) === '0277';
    },
  });
  await peer.send('42 45 b37a 0277  61 02  60  20  ff 33');
  await peer.expect('60 00 b37a');
  await peer.send('42 45 b37a 0277  61 02  60  20  ff 33');
  await peer.expect('60 00 b37a');
  await peer.send('42 45 b37b 0001  61 03  60  20  ff 34');
  await peer.expect('70 00 b37b');
  assert.deepEqual(
    seen.map(({ token, response }) => [token, response.observe, response.contentFormat, text(response.payload)]),
    [
      ['0277', 2, 0, '3'],
      ['0001', 3, 0, '4'],
    ],
  );
});

test('a firmware download: every block a new request with a new token and a Proxy-Uri', async () => {
  const image = filler(1100);
  const reads: [number, number][] = [];
  const { requests, handler } = recorder({
    code: codes.content,
    contentFormat: 42,
    payload: {
      size: image.length,
      read(offset, length) {
        reads.push([offset, length]);
        return image.subarray(offset, offset + length);
      },
    },
  });
  const peer = rawPeer({ handler });
  const uri = 'cd 0f 636f6170733a2f2f66772e6578616d706c652f736d616c6c2e62696e';
  await peer.send(`44 01 5af5 d62e4cbc  b2 6677  10 20  91 05  ${uri}`);
  await peer.expect(`64 45 5af5 d62e4cbc c1 2a b1 0d 52 044c ff ${hex(image.subarray(0, 512))}`);
  await peer.send(`44 01 5af6 d62e4cbd  b2 6677  10 20  91 15  ${uri}`);
  await peer.expect(`64 45 5af6 d62e4cbd c1 2a b1 1d ff ${hex(image.subarray(512, 1024))}`);
  await peer.send(`44 01 5af7 d62e4cbe  b2 6677  10 20  91 25  ${uri}`);
  await peer.expect(`64 45 5af7 d62e4cbe c1 2a b1 25 ff ${hex(image.subarray(1024))}`);
  assert.equal(requests.length, 1);
  assert.deepEqual(reads, [
    [0, 512],
    [512, 512],
    [1024, 76],
  ]);
});

test('a ping is reset, and so is what cannot be understood', async () => {
  const peer = rawPeer();
  await peer.send('40 00 1234');
  await peer.expect('70 00 1234');
  await peer.send('49 01 1235 00');
  await peer.expect('70 00 1235');
  await peer.send('00');
  await peer.silent();
});
