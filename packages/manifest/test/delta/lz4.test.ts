import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isMooringError } from '@mooring/platform';
import fc from 'fast-check';
import { lz4Bound, lz4Decode, lz4Encode } from '../../src/index.ts';
import { image, withoutOrder } from './images.ts';

function roundTrip(input: Uint8Array, limit: number): number {
  const out = new Uint8Array(limit);
  const { consumed, written } = lz4Encode(input, 0, input.length, out);
  const back = new Uint8Array(consumed);
  assert.equal(lz4Decode(out.subarray(0, written), back), consumed);
  assert.deepEqual(Buffer.compare(back, input.subarray(0, consumed)), 0);
  return consumed;
}

const decode = (hex: string, size = 64): string => {
  const out = new Uint8Array(size);
  return Buffer.from(out.subarray(0, lz4Decode(Buffer.from(hex, 'hex'), out))).toString('latin1');
};

describe('LZ4 blocks', () => {
  test('whatever fits is encoded, and comes back', () => {
    fc.assert(
      fc.property(image, fc.integer({ min: 16, max: 800 }), (input, limit) => {
        assert.ok(roundTrip(input, limit) > 0);
        assert.equal(roundTrip(input, lz4Bound(input.length)), input.length, 'all of it, where there is room');
      }),
      { numRuns: 500 },
    );
  });

  test('inputs beyond 64 KiB, whose matches lie within 64 KiB', () => {
    const input = new Uint8Array(200_000);
    for (let i = 0; i < input.length; i++) input[i] = (i * i) >> 7;
    input.copyWithin(150_000, 0, 30_000);
    input.fill(0xff, 90_000, 120_000);
    assert.equal(roundTrip(input, lz4Bound(input.length)), input.length);
    assert.ok(roundTrip(input, 4096) < input.length);
  });

  test('512 bytes without order fill a frame of 512 with 509', () => {
    const input = withoutOrder(512);
    const out = new Uint8Array(512);
    assert.deepEqual(lz4Encode(input, 0, 512, out), { consumed: 509, written: 512 });
  });

  test('a match may overlap what it makes', () => {
    assert.equal(decode('1a610100506262626262'), `${'a'.repeat(15)}bbbbb`);
  });

  const damaged: Record<string, [hex: string, reason: RegExp]> = {
    'nothing at all': ['', /ends where a token should be/],
    'literals that are not there': ['5061', /5 literals announced, 1 bytes there/],
    'a length that does not end': ['f0ff', /ends within a length/],
    'a match length that does not end': ['1f610100ff', /ends within a length/],
    'half an offset': ['106101', /ends within an offset/],
    'an offset of zero': ['1061000010', /offset 0 /],
    'an offset before the start': ['1061020010', /offset 2 where 1 bytes came before/],
    'more literals than there is room for': [`f032${'61'.repeat(65)}`, /holds more than 64 bytes/],
    'a match longer than there is room for': ['1f610100ff00', /holds more than 64 bytes/],
    'no token after a match': ['10610100', /ends where a token should be/],
  };
  for (const [name, [hex, reason]] of Object.entries(damaged)) {
    test(`refused: ${name}`, () => assert.throws(() => decode(hex), reason));
  }

  test('random bytes decode or are refused, and write nothing outside', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(300), (block, size) => {
        const around = new Uint8Array(size + 16).fill(0xa5);
        try {
          assert.ok(lz4Decode(block, around.subarray(8, 8 + size)) <= size);
        } catch (error) {
          assert.ok(isMooringError(error), String(error));
        }
        assert.ok(around.subarray(0, 8).every((byte) => byte === 0xa5));
        assert.ok(around.subarray(8 + size).every((byte) => byte === 0xa5));
      }),
      { numRuns: 5000 },
    );
  });
});
