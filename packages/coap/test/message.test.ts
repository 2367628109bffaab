import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import {
  codes,
  codeText,
  type DatagramMessage,
  decodeMessage,
  encodeMessage,
  isCritical,
  isNoCacheKey,
  isUnsafe,
  mediaType,
  methods,
  noBytes,
  type Option,
  optionKinds,
  optionName,
  textOption,
  uintBytes,
  uintOption,
  uintValue,
} from '../src/index.ts';
import { bytes, filler, hex, utf8 } from './raw-peer.ts';

const option = (number: number, value: string): Option => ({ number, value: utf8(value) });
const message = (fields: Partial<DatagramMessage>): DatagramMessage => ({
  type: 'CON',
  code: methods.GET,
  id: 0x7d34,
  token: noBytes,
  options: [],
  payload: noBytes,
  ...fields,
});

const temperature = [option(11, 'temperature')];
const examples: [name: string, text: string, message: DatagramMessage][] = [
  ['RFC 7252 figure 16, request', `40 01 7d34 bb ${hex(utf8('temperature'))}`, message({ options: temperature })],
  [
    'RFC 7252 figure 16, response',
    `60 45 7d34 ff ${hex(utf8('22.3 C'))}`,
    message({ type: 'ACK', code: codes.content, payload: utf8('22.3 C') }),
  ],
  [
    'RFC 7252 figure 17, request with a token',
    `41 01 7d35 20 bb ${hex(utf8('temperature'))}`,
    message({ id: 0x7d35, token: Uint8Array.of(0x20), options: temperature }),
  ],
  ['an empty acknowledgement', '60 00 e7f5', message({ type: 'ACK', code: 0, id: 0xe7f5 })],
  ['a reset', '70 00 ffff', message({ type: 'RST', code: 0, id: 0xffff })],
  [
    'a token of eight bytes, an unconfirmed message',
    '58 01 0000 0102030405060708',
    message({ type: 'NON', id: 0, token: bytes('0102030405060708') }),
  ],
  ['an option of length zero twice', '40 01 7d34 b0 00', message({ options: [option(11, ''), option(11, '')] })],
];

for (const [name, wire, decoded] of examples) {
  test(`${name}: both ways`, () => {
    assert.equal(hex(encodeMessage(decoded)), hex(bytes(wire)));
    assert.deepEqual(decodeMessage(bytes(wire)), decoded);
  });
}

test('deltas and lengths take one or two more bytes from 13 and 269 on', () => {
  for (const number of [1, 12, 13, 268, 269, 270, 65_535]) {
    for (const length of [0, 1, 12, 13, 268, 269, 65_535 + 269]) {
      const sent = message({ options: [{ number, value: filler(length) }] });
      const wire = encodeMessage(sent);
      const extra = (value: number) => (value < 13 ? 0 : value < 269 ? 1 : 2);
      assert.equal(wire.length, 4 + 1 + extra(number) + extra(length) + length);
      assert.deepEqual(decodeMessage(wire), sent);
    }
  }
});

test('options are written by ascending number, those of one number as given', () => {
  const sent = message({ options: [option(15, 'b'), option(11, 'x'), option(15, 'a'), option(11, 'w')] });
  const read = decodeMessage(encodeMessage(sent)).options.map(({ number, value }) => `${number} ${hex(value)}`);
  assert.deepEqual(read, ['11 78', '11 77', '15 62', '15 61']);
});

test('the acknowledgement of a Pelion client, with an empty Content-Format, is read only where it is tolerated', () => {
  const wire = bytes('60 00 1234 c0');
  assert.deepEqual(decodeMessage(wire, { emptyAckWithOptions: true }), message({ type: 'ACK', code: 0, id: 0x1234 }));
  assert.throws(() => decodeMessage(wire), /At byte 4/);
});

const tolerant = { emptyAckWithOptions: true };
const broken: [name: string, wire: string, offset: number, what: RegExp][] = [
  ['nothing at all', '', 0, /4 bytes at least/],
  ['a head that is cut off', '40 01 12', 3, /4 bytes at least/],
  ['version 0', '00 01 1234', 0, /version 0/],
  ['version 3', 'c0 01 1234', 0, /version 3/],
  ['a token length of 9', '49 01 1234 010203040506070809', 0, /token length of 9/],
  ['a token that is cut off', '44 01 1234 010203', 4, /token of 4 bytes, and only 3/],
  ['an empty message with a token', '41 00 1234 01', 0, /token in an empty message/],
  ['an empty message with an option', '40 00 1234 c0', 4, /after the four bytes/],
  ['a reset with an option', '70 00 1234 c0', 4, /after the four bytes/],
  ['an empty acknowledgement with a payload', '60 00 1234 c0 ff 01', 5, /payload in an empty/],
  ['a payload marker at the end', '40 01 1234 b1 61 ff', 6, /no payload/],
  ['an option delta of 15', '40 01 1234 f1 61', 4, /reserved value 15/],
  ['an option length of 15', '40 01 1234 bf 61', 4, /reserved value 15/],
  ['an extended delta that is cut off', '40 01 1234 b1 61 d0', 6, /past the end/],
  ['an extended length that is cut off', '40 01 1234 be 01', 4, /past the end/],
  ['an option that is cut off', '40 01 1234 b3 6162', 4, /option 11 of 3 bytes, and only 2/],
  ['an option number above 65535', '40 01 1234 e0 8000 e0 8000', 7, /above 65535/],
];

for (const [name, wire, offset, what] of broken) {
  test(`${name} is refused at byte ${offset}`, () => {
    assert.throws(
      () => decodeMessage(bytes(wire), tolerant),
      (error) => {
        assert.ok(isMooringError(error));
        assert.equal(error.code, 'coap.message.malformed');
        assert.equal(error.data?.offset, offset);
        assert.match(error.message, what);
        return true;
      },
    );
  });
}

test('numbers are as short as can be, and zero is nothing', () => {
  const table: [number, string][] = [
    [0, ''],
    [1, '01'],
    [255, 'ff'],
    [256, '0100'],
    [65_536, '010000'],
    [0xff_ffff, 'ffffff'],
    [0x100_0000, '01000000'],
    [0xffff_ffff, 'ffffffff'],
  ];
  for (const [value, wire] of table) {
    assert.equal(hex(uintBytes(value)), wire);
    assert.equal(uintValue(bytes(wire)), value);
  }
  assert.equal(uintValue(bytes('0000ff')), 255);
  for (const value of [-1, 0.5, 2 ** 32, Number.NaN]) assert.throws(() => uintBytes(value), /unsigned number/);
});

test('an option is not made with a value that it cannot carry', () => {
  assert.throws(() => textOption(11, 'x'.repeat(256)), /Uri-Path carries 0 to 255 bytes, not 256/);
  assert.throws(() => uintOption(12, 70_000), /Content-Format carries 0 to 2 bytes, not 3/);
  assert.equal(hex(textOption(15, 'ü').value), 'c3bc');
});

test('what the number of an option says of it', () => {
  const critical = [...optionKinds.keys()].filter(isCritical).map(optionName);
  assert.deepEqual(critical, [
    'If-Match',
    'Uri-Host',
    'If-None-Match',
    'Uri-Port',
    'OSCORE',
    'Uri-Path',
    'Uri-Query',
    'Accept',
    'Block2',
    'Block1',
    'Proxy-Uri',
    'Proxy-Scheme',
  ]);
  const unsafe = [...optionKinds.keys()].filter(isUnsafe).map(optionName);
  assert.deepEqual(unsafe, [
    'Uri-Host',
    'Observe',
    'Uri-Port',
    'Uri-Path',
    'Max-Age',
    'Uri-Query',
    'Block2',
    'Block1',
    'Proxy-Uri',
    'Proxy-Scheme',
    'No-Response',
  ]);
  assert.deepEqual([...optionKinds.keys()].filter(isNoCacheKey).map(optionName), ['Size2', 'Size1', 'Echo']);
});

test('codes and formats by the names that people use', () => {
  assert.equal(codeText(codes.content), '2.05');
  assert.equal(codeText(codes.requestEntityIncomplete), '4.08');
  assert.equal(codeText(methods.iPATCH), '0.07');
  assert.equal(mediaType(11542), 'application/vnd.oma.lwm2m+tlv');
  assert.equal(mediaType(64_999), undefined);
});
