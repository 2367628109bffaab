import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import { codes, encodeFrame, FrameReader, type Message, noBytes, signals, uintOption } from '../src/index.ts';
import { bytes, filler, hex } from './raw-peer.ts';

const largest = 100_000;
const read = (wire: Uint8Array): Message[] => [...new FrameReader(largest).push(wire)];
const content = (length: number): Message => ({
  code: codes.content,
  token: bytes('7f'),
  options: [],
  payload: length === 0 ? noBytes : filler(length),
});

test('RFC 8323 figure 7: no options and no payload', () => {
  const message: Message = { code: codes.valid, token: new Uint8Array([0x7f]), options: [], payload: noBytes };
  assert.equal(hex(encodeFrame(message)), '01437f');
  assert.deepEqual(read(bytes('01 43 7f')), [message]);
});

test('RFC 8323 §5.7: the first messages of a connection', () => {
  const csm: Message = {
    code: signals.csm,
    token: noBytes,
    options: [uintOption(2, 1152), { number: 4, value: noBytes }],
    payload: noBytes,
  };
  assert.equal(hex(encodeFrame(csm)), '40e122048020');
});

test('the length takes 0, 1, 2 or 4 more bytes', () => {
  // Payload marker and payload are what is counted.
  for (const [length, head] of [
    [12, 'c1 45 7f'],
    [13, 'd1 00 45 7f'],
    [268, 'd1 ff 45 7f'],
    [269, 'e1 0000 45 7f'],
    [65_804, 'e1 ffff 45 7f'],
    [65_805, 'f1 00000000 45 7f'],
    [65_806, 'f1 00000001 45 7f'],
  ] as const) {
    const wire = encodeFrame(content(length - 1));
    assert.equal(hex(wire.subarray(0, bytes(head).length)), hex(bytes(head)), `${length}`);
    assert.equal(hex(read(wire)[0]?.payload ?? noBytes), hex(filler(length - 1)));
  }
});

test('messages come out whole, however the stream is cut', () => {
  const messages = [
    content(0),
    content(5),
    content(300),
    { ...content(1), options: [uintOption(12, 40)] },
    content(13),
  ];
  const wire = Buffer.concat(messages.map(encodeFrame));
  for (const size of [1, 2, 3, 7, 50, 1000]) {
    const reader = new FrameReader(largest);
    const out: Message[] = [];
    for (let at = 0; at < wire.length; at += size) out.push(...reader.push(wire.subarray(at, at + size)));
    assert.deepEqual(
      out.map((message) => hex(encodeFrame(message))),
      messages.map((message) => hex(encodeFrame(message))),
      `pieces of ${size}`,
    );
    assert.equal(reader.buffered, 0);
  }
});

test('what is larger than was announced is refused by its head, before its bytes come', () => {
  const reader = new FrameReader(1000);
  assert.throws(
    () => [...reader.push(bytes('f0 00010000'))],
    (error) => isMooringError(error) && /a message of 131347 bytes, above the 1000/.test(error.message),
  );
});

test('a wrong message is refused with the place in it', () => {
  assert.throws(() => read(bytes('09 01')), /At byte 0: a token length of 9/);
  assert.throws(() => read(bytes('20 01 b5 61')), /At byte 2: option 11 of 5 bytes, and only 1/);
  assert.throws(() => read(bytes('10 01 ff')), /At byte 2: a payload marker/);
  assert.equal(read(bytes('00 00 00 00')).length, 2);
});
