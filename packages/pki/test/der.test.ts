import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DerReader, der, readWhole } from '@mooring/pki';
import fc from 'fast-check';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const reader = (text: string): DerReader => new DerReader(bytes(text), 'the test');

describe('values are written as X.690 has them', () => {
  const cases: [string, Uint8Array, string][] = [
    ['true', der.boolean(true), '0101ff'],
    ['false', der.boolean(false), '010100'],
    ['zero', der.integer(0), '020100'],
    ['127 in one byte', der.integer(127), '02017f'],
    ['128 with a sign byte', der.integer(128), '02020080'],
    ['-1', der.integer(-1), '0201ff'],
    ['-128 in one byte', der.integer(-128), '020180'],
    ['-129 in two', der.integer(-129), '0202ff7f'],
    ['a number beyond doubles', der.integer(2n ** 64n), '0209010000000000000000'],
    ['an unsigned number with its top bit set', der.unsignedInteger(bytes('ff01')), '020300ff01'],
    ['an unsigned number with leading zeros', der.unsignedInteger(bytes('000001')), '020101'],
    ['an unsigned number without bytes', der.unsignedInteger(bytes('')), '020100'],
    ['an enumerated value', der.enumerated(3), '0a0103'],
    ['null', der.derNull(), '0500'],
    ['an object identifier with large arcs', der.objectIdentifier('1.2.840.113549'), '06062a864886f70d'],
    ['an object identifier below 2', der.objectIdentifier('2.999.3'), '0603883703'],
    ['a bit string with unused bits', der.bitString(bytes('06'), 1), '03020106'],
    ['text', der.utf8String('Ω'), '0c02cea9'],
    ['a length of 127', der.octetString(new Uint8Array(127)).subarray(0, 2), '047f'],
    ['a length of 128', der.octetString(new Uint8Array(128)).subarray(0, 3), '048180'],
    ['a length of 65536', der.octetString(new Uint8Array(65536)).subarray(0, 5), '0483010000'],
    ['a set in the order of its encodings', der.setOf(der.integer(2), der.integer(1)), '3106020101020102'],
    ['a context tag', der.context(3, der.derNull()), 'a3020500'],
  ];
  for (const [name, written, expected] of cases) test(name, () => assert.equal(hex(written), expected));
});

describe('times', () => {
  const cases: [string, string, string][] = [
    ['the start of Unix time', '1970-01-01T00:00:00Z', '170d3730303130313030303030305a'],
    ['the last second of UTCTime', '2049-12-31T23:59:59Z', '170d3439313233313233353935395a'],
    ['the first second of GeneralizedTime', '2050-01-01T00:00:00Z', '180f32303530303130313030303030305a'],
    ['before UTCTime', '1949-12-31T23:59:59Z', '180f31393439313233313233353935395a'],
    ['the end of time', '9999-12-31T23:59:59Z', '180f39393939313233313233353935395a'],
  ];
  for (const [name, date, expected] of cases) {
    test(name, () => {
      assert.equal(hex(der.time(new Date(date))), expected);
      assert.deepEqual(reader(expected).time(), new Date(date));
    });
  }

  test('fractions of a second are cut off', () => {
    assert.equal(hex(der.time(new Date('2020-02-29T12:00:00.999Z'))), hex(der.time(new Date('2020-02-29T12:00:00Z'))));
  });

  test('a date that cannot be written is refused', () => {
    for (const date of [new Date(Number.NaN), new Date(Date.UTC(10000, 0))]) {
      assert.throws(() => der.time(date), { code: 'pki.validity.invalid' });
    }
  });
});

describe('what is not DER is refused, with the byte', () => {
  const cases: [string, string, (input: DerReader) => unknown, number][] = [
    ['nothing at all', '', (input) => input.next(), 0],
    ['a tag alone', '30', (input) => input.next(), 1],
    ['an indefinite length', '30800000', (input) => input.next(), 1],
    ['a length of five bytes', '308500000000 01', (input) => input.next(), 1],
    ['a length cut off', '3082', (input) => input.next(), 1],
    ['a long form for a short length', '30810100', (input) => input.next(), 1],
    ['a length with a leading zero', `30820080${'00'.repeat(128)}`, (input) => input.next(), 1],
    ['contents cut off', '0402 01', (input) => input.next(), 0],
    ['a high tag number', '1f8101 00', (input) => input.next(), 0],
    ['end of contents', '0000', (input) => input.next(), 0],
    ['another tag', '3003 020101', (input) => input.enter().boolean(), 2],
    ['contents of a member beyond those of its parent', '3003 020201 00', (input) => input.enter().integer(), 2],
    ['a boolean of 1', '010101', (input) => input.boolean(), 0],
    ['a boolean of two bytes', '01020000', (input) => input.boolean(), 0],
    ['an integer without bytes', '0200', (input) => input.integer(), 0],
    ['an integer with a zero too many', '02020001', (input) => input.integer(), 0],
    ['an integer with ones too many', '0202ff80', (input) => input.integer(), 0],
    ['a number out of its range', '020102', (input) => input.number('the version', 0, 1), 0],
    ['a bit string without its first byte', '0300', (input) => input.bits(), 0],
    ['eight unused bits', '03020800', (input) => input.bits(), 0],
    ['unused bits that are set', '03020101', (input) => input.bits(), 0],
    ['an object identifier without bytes', '0600', (input) => input.objectIdentifier(), 0],
    ['an object identifier cut off', '060188', (input) => input.objectIdentifier(), 0],
    ['an arc with a leading zero', '06032a8001', (input) => input.objectIdentifier(), 0],
    ['an arc without end', `0632${'ff'.repeat(50)}`, (input) => input.objectIdentifier(), 0],
    ['a time without seconds', '170b323030313031303030305a', (input) => input.time(), 0],
    ['30 February', '170d3230303233303030303030305a', (input) => input.time(), 0],
    ['a time with a zone', '171132303031303130303030303 02b30313030', (input) => input.time(), 0],
    ['a time that is a number', '020101', (input) => input.time(), 0],
    ['broken UTF-8', '0c01ff', (input) => input.text(), 0],
    ['a PrintableString with a high bit', '130180', (input) => input.text(), 0],
    ['half a character of a BMPString', '1e0100', (input) => input.text(), 0],
    ['text that is a number', '020101', (input) => input.text(), 0],
    ['more after the end', '050000', (input) => [input.next(), input.finish()], 2],
  ];
  for (const [name, input, read, offset] of cases) {
    test(name, () => {
      assert.throws(
        () => read(reader(input)),
        (error: { code: string; message: string; data: { offset: number } }) => {
          assert.equal(error.code, 'pki.der.malformed');
          assert.equal(error.data.offset, offset);
          assert.match(error.message, new RegExp(`^Byte ${offset} of the test: .*[^.]\\.$`));
          return true;
        },
      );
    });
  }
});

test('numbers read back', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), (value) => {
      assert.equal(new DerReader(der.integer(value), 'it').integer(), value);
    }),
  );
});

test('object identifiers read back', () => {
  const arcs = fc.array(fc.bigInt({ min: 0n, max: 2n ** 70n }), { maxLength: 8 });
  const head = fc.oneof(
    fc.tuple(fc.constantFrom(0n, 1n), fc.bigInt({ min: 0n, max: 39n })),
    fc.tuple(fc.constant(2n), fc.bigInt({ min: 0n, max: 2n ** 40n })),
  );
  fc.assert(
    fc.property(head, arcs, (first, rest) => {
      const dotted = [...first, ...rest].join('.');
      assert.equal(new DerReader(der.objectIdentifier(dotted), 'it').objectIdentifier(), dotted);
    }),
  );
});

test('text reads back in every string type', () => {
  assert.equal(reader('1e04 03a9 0041').text(), 'ΩA');
  assert.equal(reader('1c04 0001f600').text(), '\u{1f600}');
  assert.equal(reader('1402 e941').text(), 'éA');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(new DerReader(der.utf8String(text), 'it').text(), text);
    }),
  );
});

test('whatever the bytes, the reader ends with a value or with an error of its own', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
      try {
        const element = readWhole(input, 'noise');
        assert.equal(element.end, input.length);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'pki.der.malformed');
      }
    }),
    { numRuns: 2000 },
  );
});
