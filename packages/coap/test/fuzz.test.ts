import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import {
  codes,
  type DatagramMessage,
  decodeMessage,
  encodeFrame,
  encodeMessage,
  FrameReader,
  type Message,
  noBytes,
} from '../src/index.ts';
import { bytes, hex, rawPeer } from './raw-peer.ts';

/** Runs of one property; a longer search takes MOORING_FUZZ_RUNS. */
const numRuns = Number(process.env.MOORING_FUZZ_RUNS ?? 1000);

const bytesOf = (maxLength: number) => fc.uint8Array({ maxLength });
const optionNumber = fc.oneof(
  fc.constantFrom(1, 4, 6, 11, 12, 14, 15, 17, 23, 27, 28, 35, 60, 252, 292),
  fc.nat(0xffff),
);
/** Half of them those that a connection with no randomness uses itself. */
const token = fc.oneof(bytesOf(8), fc.constantFrom(bytes('00000000'), bytes('00000001'), bytes('00000002')));
const fields = {
  token,
  options: fc
    .array(fc.record({ number: optionNumber, value: fc.oneof(bytesOf(20), bytesOf(400)) }), { maxLength: 8 })
    .map((options) => options.sort((a, b) => a.number - b.number)),
  payload: bytesOf(64),
};
const datagram: fc.Arbitrary<DatagramMessage> = fc.record({
  type: fc.constantFrom('CON', 'NON', 'ACK', 'RST'),
  code: fc.oneof(fc.integer({ min: 1, max: 255 }), fc.constantFrom(...Object.values(codes).slice(1))),
  id: fc.oneof(fc.nat(0xffff), fc.nat(4)),
  ...fields,
});
const frame: fc.Arbitrary<Message> = fc.record({
  code: fc.oneof(fc.nat(255), fc.constantFrom(...Object.values(codes))),
  ...fields,
});

const plain = ({ options, ...message }: Message) => ({
  ...message,
  token: hex(message.token),
  payload: hex(message.payload),
  options: options.map(({ number, value }) => `${number} ${hex(value)}`),
});

test('every message is read as it was written', () => {
  fc.assert(
    fc.property(datagram, (message) => {
      assert.deepEqual(plain(decodeMessage(encodeMessage(message))), plain(message));
    }),
    { numRuns },
  );
});

test('every stream of messages is read as it was written, in any pieces', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
      (messages, cuts) => {
        const wire = Buffer.concat(messages.map(encodeFrame));
        const reader = new FrameReader(1_000_000);
        const out: Message[] = [];
        for (let at = 0, index = 0; at < wire.length; index++) {
          const end = at + (cuts[index % cuts.length] as number);
          out.push(...reader.push(wire.subarray(at, end)));
          at = end;
        }
        assert.deepEqual(out.map(plain), messages.map(plain));
      },
    ),
    { numRuns: numRuns / 5 },
  );
});

const corpus = [
  '60 00 1234 c0',
  '44 03 1004 0310b101 b1 30 12 2d16 d1 02 0d ff 0102030405060708',
  '42 45 b37a 0277 61 02 60 20 ff 33',
  '44 01 5af5 d62e4cbc b2 6677 10 20 91 05 cd 0f 636f6170733a2f2f66772e6578616d706c652f736d616c6c2e62696e',
  '64 41 e7f8 9dd82d66 82 7264 0d13 …32 0d13 …32 d1 06 25',
].map(bytes);

const edits = fc.array(
  fc.record({
    at: fc.nat(100),
    value: fc.oneof(fc.nat(255), fc.constantFrom(0x00, 0x0f, 0xd0, 0xe0, 0xf0, 0xff, 0xdd, 0xee)),
    kind: fc.constantFrom('set', 'cut', 'insert', 'end'),
  }),
  { minLength: 1, maxLength: 4 },
);

function edited(input: Uint8Array, changes: { at: number; value: number; kind: string }[]): Uint8Array {
  let result = Buffer.from(input);
  for (const { at: anywhere, value, kind } of changes) {
    const at = result.length === 0 ? 0 : anywhere % result.length;
    const [head, tail] = [result.subarray(0, at), result.subarray(at)];
    if (kind === 'set') result = Buffer.concat([head, Uint8Array.of(value), tail.subarray(1)]);
    else if (kind === 'cut') result = Buffer.concat([head, tail.subarray(1 + (value % 8))]);
    else if (kind === 'insert') result = Buffer.concat([head, Uint8Array.of(value), tail]);
    else result = head;
  }
  return result;
}

/** Runs `read`; only an error that says where the fault is may come out. */
function reads<T>(read: () => T, length: number): T | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(isMooringError(error) && error.code === 'coap.message.malformed', String(error));
    const offset = error.data?.offset as number;
    assert.ok(offset >= 0 && offset <= length, error.message);
    return undefined;
  }
}

test('a damaged message is refused with a place in it, or read and written again the same', () => {
  fc.assert(
    fc.property(fc.constantFrom(...corpus), edits, (input, changes) => {
      const wire = edited(input, changes);
      const message = reads(() => decodeMessage(wire, { emptyAckWithOptions: true }), wire.length);
      if (message === undefined) return;
      const again = decodeMessage(encodeMessage(message));
      assert.deepEqual(plain(again), plain(message));
    }),
    { numRuns },
  );
});

test('any bytes are a stream of messages, or refused', () => {
  fc.assert(
    fc.property(bytesOf(200), (wire) => {
      const reader = new FrameReader(1152);
      reads(() => {
        for (const message of reader.push(wire)) {
          const again = [...new FrameReader(10_000).push(encodeFrame(message))][0] ?? { ...message, payload: noBytes };
          assert.deepEqual(plain(again), plain(message));
        }
      }, wire.length);
      assert.ok(reader.buffered <= 1152);
    }),
    { numRuns },
  );
});

const wireMessage = fc.oneof(
  { weight: 4, arbitrary: datagram.map((message) => Uint8Array.from(encodeMessage(message))) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...corpus), edits).map(([input, changes]) => edited(input, changes)),
  },
  { weight: 1, arbitrary: bytesOf(100) },
);

for (const framing of ['record', 'datagram', 'stream'] as const) {
  test(`${framing}: whatever a peer sends, no fault comes of it and nothing is left in the end`, async () => {
    const sent = framing === 'stream' ? fc.oneof(frame.map(encodeFrame), bytesOf(50)) : wireMessage;
    await fc.assert(
      fc.asyncProperty(fc.array(sent, { minLength: 1, maxLength: 12 }), async (messages) => {
        const faults: unknown[] = [];
        const peer = rawPeer({
          framing,
          handler: ({ payload }) => ({ code: codes.content, payload: Buffer.concat([payload, new Uint8Array(600)]) }),
          unsolicited: () => true,
          fault: (error) => faults.push(error),
        });
        const asked = [
          peer.connection.request({ method: 'GET', path: ['a'], payload: new Uint8Array(1500) }),
          peer.connection.observe({ method: 'GET', path: ['b'] }, { notification: () => {} }),
        ];
        const settled = Promise.allSettled(asked);
        if (framing === 'stream') peer.channel.send(bytes('00 e1'));
        for (const message of messages) if (message.length > 0) peer.channel.send(message);
        await peer.time.runOut();
        const outcomes = await settled;
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') assert.ok(isMooringError(outcome.reason), String(outcome.reason));
        }
        assert.deepEqual(faults, []);
        peer.connection.destroy();
        await peer.time.runOut();
      }),
      { numRuns: numRuns / 10 },
    );
  });
}
