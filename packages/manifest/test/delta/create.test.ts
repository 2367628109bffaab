import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { deltaRecords } from '../../src/delta/bsdiff.ts';
import { applyDelta, createDelta, lz4Decode, readDeltaHeader } from '../../src/index.ts';
import { vector, withoutVectors } from '../vectors.ts';
import { image, twoImages, withoutOrder } from './images.ts';

/** Images that anybody can make again; their deltas were made with manifest-tool 2.6.2. */
function sample(): { old: Uint8Array; image: Uint8Array } {
  let state = 1;
  const old = Uint8Array.from({ length: 5000 }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 24) & (state >>> 16) & 0xff;
  });
  old.set(Buffer.from('PELION/BSDIFF001'), 100);
  const next = [...old];
  next.splice(3000, 200);
  next.splice(1000, 0, ...Buffer.from('a few words that were not there before'));
  for (let at = 2000; at < 2800; at += 50) next[at] = ((next[at] as number) + 7) & 255;
  next.push(...next.slice(0, 700));
  return { old, image: Uint8Array.from(next) };
}

describe('deltas are those of manifest-tool 2.6.2, byte for byte', () => {
  const digests: Record<number, string> = {
    128: 'e4aeeff36d3e4d656c536e8f0f4d1adfce77d57a41e9cfa38d3883262b26cfe8',
    512: 'e5241f6a7eb2b7026d0d2a38e6350c0e1d2fdeaff05c97db07ab6777c31c279e',
    4096: '379173bc645d5eee9e0f9e35dd0a75ac05d7c6006ae310c721f7d5378a533483',
  };
  for (const [blockSize, digest] of Object.entries(digests)) {
    test(`images made by rule, block size ${blockSize}`, () => {
      const { old, image } = sample();
      const { delta } = createDelta(old, image, { blockSize: Number(blockSize) });
      assert.equal(createHash('sha256').update(delta).digest('hex'), digest);
    });
  }

  const cases = { '01-edit': 512, '02-moved': 128, '03-identical': 1024, '04-unrelated': 512 };
  for (const [name, blockSize] of Object.entries(cases)) {
    test(`vector ${name}`, { skip: withoutVectors }, () => {
      const [old, next] = [vector(`v2-delta/${name}/in/old.bin`), vector(`v2-delta/${name}/in/new.bin`)];
      const expected = vector(`v2-delta/${name}/out/delta.bin`);
      const made = createDelta(old, next, { blockSize });
      assert.equal(Buffer.compare(made.delta, expected), 0);
      assert.deepEqual(readDeltaHeader(expected), {
        newSize: next.length,
        maxFrame: blockSize,
        maxCompressed: made.maxCompressed,
      });
      assert.deepEqual(applyDelta(old, expected), next);
    });
  }
});

describe('making deltas', () => {
  const anySize = fc.integer({ min: 128, max: 1500 });

  test('applied to the old image, a delta gives the new one', () => {
    fc.assert(
      fc.property(twoImages, anySize, ({ old, image }, blockSize) => {
        const { delta } = createDelta(old, image, { blockSize });
        assert.deepEqual(applyDelta(old, delta), image);
      }),
      { numRuns: 500 },
    );
  });

  test('of images that have nothing to do with each other, or none before', () => {
    fc.assert(
      fc.property(fc.oneof(image, fc.constant(new Uint8Array())), image, (old, next) => {
        assert.deepEqual(applyDelta(old, createDelta(old, next).delta), next);
      }),
      { numRuns: 200 },
    );
  });

  test('records follow each other without a gap and stay within the old image', () => {
    fc.assert(
      fc.property(twoImages, ({ old, image }) => {
        let [made, position] = [0, 0];
        for (const record of deltaRecords(old, image)) {
          assert.deepEqual([record.newPosition, record.oldPosition], [made, position]);
          assert.ok(record.diffLength >= 0 && record.extraLength >= 0);
          assert.ok(position + record.diffLength <= old.length);
          made += record.diffLength + record.extraLength;
          position += record.diffLength + record.oldJump;
        }
        assert.equal(made, image.length);
      }),
      { numRuns: 300 },
    );
  });

  test('a frame fills its buffer, packed or unpacked, and no more', () => {
    const frameSizes = (next: Uint8Array): number[] => {
      const sizes: number[] = [];
      // All of it is one record of new bytes, which ends the delta: 0 old bytes, the length, a jump of 0.
      const { delta } = createDelta(new Uint8Array(), next, { blockSize: 200 });
      for (let at = 40 + 1 + 2 + 1; at < delta.length; ) {
        let packed = delta[at++] as number;
        if (packed >= 0x80) packed += ((delta[at++] as number) - 1) * 0x80;
        sizes.push(lz4Decode(delta.subarray(at, at + packed), new Uint8Array(200)));
        at += packed;
      }
      return sizes;
    };
    assert.deepEqual(frameSizes(withoutOrder(1000)), [198, 198, 198, 198, 198, 10], 'packed it has 200 bytes');
    assert.deepEqual(frameSizes(new Uint8Array(1000)), [200, 200, 200, 200, 200]);
  });

  test('refused: an empty new image, and block sizes that no device has', () => {
    const old = Buffer.from('old');
    assert.throws(() => createDelta(old, new Uint8Array()), { code: 'delta.image.empty' });
    for (const blockSize of [127, 0, -512, 512.5, Number.NaN, 2 ** 40]) {
      assert.throws(() => createDelta(old, old, { blockSize }), { code: 'delta.block.size' });
    }
  });
});
