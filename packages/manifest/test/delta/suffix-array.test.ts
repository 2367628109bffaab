import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { suffixArray } from '../../src/delta/suffix-array.ts';
import { image } from './images.ts';

function sortedByComparing(text: Uint8Array): number[] {
  const positions = Array.from({ length: text.length + 1 }, (_, index) => index);
  return positions.sort((a, b) => Buffer.compare(text.subarray(a), text.subarray(b)));
}

const texts: Record<string, string> = {
  empty: '',
  'one byte': 'a',
  'two equal bytes': 'aa',
  'the word everybody takes': 'mississippi',
  'a repetition of a repetition': 'abaababaabaab'.repeat(5),
  'rising and falling': 'abcdefedcba',
};

for (const [name, text] of Object.entries(texts)) {
  test(`order of the suffixes: ${name}`, () => {
    const bytes = Buffer.from(text, 'latin1');
    assert.deepEqual([...suffixArray(bytes)], sortedByComparing(bytes));
  });
}

test('order of the suffixes of any bytes', () => {
  const few = fc.array(fc.nat(2), { maxLength: 60 }).map((values) => Uint8Array.from(values));
  fc.assert(
    fc.property(fc.oneof(few, image), (bytes) => {
      assert.deepEqual([...suffixArray(bytes)], sortedByComparing(bytes));
    }),
    { numRuns: 500 },
  );
});
