import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inMemory, isMooringError, type RandomAccess } from '@mooring/platform';
import fc from 'fast-check';
import { encodeFixed, encodeSigned, encodeUnsigned } from '../../src/delta/numbers.ts';
import { applyDelta, applyDeltaStream, createDelta, readDeltaHeader } from '../../src/index.ts';
import { twoImages, withoutOrder } from './images.ts';

/** Runs of one property; a longer search takes MOORING_FUZZ_RUNS. */
const numRuns = Number(process.env.MOORING_FUZZ_RUNS ?? 10_000);

const old = Buffer.from('an old image');
const literals = (text: string) => [
  encodeUnsigned(text.length + 1),
  Buffer.from([text.length << 4]),
  Buffer.from(text),
];
const record = (diff: number, extra: number, jump = 0) => [
  encodeUnsigned(diff),
  encodeUnsigned(extra),
  encodeSigned(jump),
];

function delta(parts: readonly Uint8Array[], { size = 5, maxFrame = 128, maxCompressed = 20, magic = '001' } = {}) {
  const numbers = [size, maxFrame, maxCompressed].map(encodeFixed);
  return new Uint8Array(Buffer.concat([Buffer.from(`PELION/BSDIFF${magic}`), ...numbers, ...parts]));
}

const good = () => delta([...record(0, 5), ...literals('hello')]);

async function streamed(image: RandomAccess, chunks: Iterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of applyDeltaStream(image, chunks)) parts.push(part);
  return Buffer.concat(parts);
}

function* chunksOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('applying deltas', () => {
  test('the one that the refused ones below are made from is good', () => {
    assert.equal(Buffer.from(applyDelta(old, good())).toString(), 'hello');
  });

  test('differences are added modulo 256, and the old position goes on and jumps, also back', () => {
    const bytes = delta([
      ...record(3, 0, -2),
      ...literals('\0\x01\0'),
      ...record(2, 0),
      encodeUnsigned(3),
      Uint8Array.of(0x20, 0xff, 0xff),
    ]);
    assert.equal(Buffer.from(applyDelta(old, bytes)).toString(), 'ao m\u001f');
  });

  const refused: Record<string, [bytes: Uint8Array, code: string, reason: RegExp]> = {
    'an empty file': [new Uint8Array(), 'delta.header.malformed', /Byte 0 .*PELION\/BSDIFF001 expected/],
    'another kind of file': [Buffer.alloc(100, 'x'), 'delta.header.malformed', /Byte 0 /],
    'another version': [delta([], { magic: '002' }), 'delta.header.malformed', /Byte 13 .*"002", only 001 is known/],
    'half a header': [good().subarray(0, 39), 'delta.header.malformed', /Byte 39 .*ends within its header/],
    'an image of no bytes': [delta([], { size: 0 }), 'delta.header.malformed', /Byte 16 .*size of the new image/],
    'an image of a negative size': [delta([], { size: -5 }), 'delta.header.malformed', /Byte 16 /],
    'frames of no bytes': [delta([], { maxFrame: 0 }), 'delta.header.malformed', /Byte 24 /],
    'packed frames larger than frames': [delta([], { maxCompressed: 129 }), 'delta.header.malformed', /Byte 32 /],
    'a frame larger than memory': [
      delta([...record(0, 5), ...literals('hello')], { maxFrame: 2 ** 40 }),
      'delta.too.large',
      /1099511627776/,
    ],
    'an image larger than can come out of it': [
      delta([...record(0, 5), ...literals('hello')], { size: 2 ** 40 }),
      'delta.malformed',
      /cannot come out of/,
    ],
    'a record that makes too much': [
      delta([...record(0, 6), ...literals('hello!')]),
      'delta.malformed',
      /Byte 40 .*makes 6 bytes, 5 are left/,
    ],
    'differences to what is after the old image': [
      delta([...record(0, 1, 10), ...literals('h'), ...record(4, 0), ...literals('ello')]),
      'delta.malformed',
      /bytes 10 to 14 of the old image are used; it has 12/,
    ],
    'differences to what is before it': [
      delta([...record(0, 1, -1), ...literals('h'), ...record(4, 0), ...literals('ello')]),
      'delta.malformed',
      /bytes -1 to 3 /,
    ],
    'a number without end': [delta([Buffer.alloc(30, 0xff)]), 'delta.malformed', /Byte 40 .*beyond any size/],
    'a number padded with zeros for ever': [
      delta([Buffer.alloc(30, 0x80)]),
      'delta.malformed',
      /Byte 40 .*beyond any size/,
    ],
    'a packed frame beyond what the header says': [
      delta([...record(0, 5), ...literals('hello')], { maxCompressed: 5 }),
      'delta.malformed',
      /packed frame of 6 bytes; the header says at most 5/,
    ],
    'a frame of nothing': [delta([...record(0, 5), Uint8Array.of(1, 0)]), 'delta.malformed', /frame without a byte/],
    'a packed frame of nothing': [
      delta([...record(0, 5), Uint8Array.of(0, 0)]),
      'delta.malformed',
      /packed frame of 0 bytes/,
    ],
    'a frame of more bytes than its record': [
      delta([...record(0, 5), ...literals('hello!')]),
      'delta.block.malformed',
      /holds more than 5 bytes/,
    ],
    'bytes after the last record': [
      Buffer.concat([good(), Uint8Array.of(0)]),
      'delta.malformed',
      /Byte 50 .*after the last record/,
    ],
  };
  for (const [name, [bytes, code, reason]] of Object.entries(refused)) {
    test(`refused: ${name}`, async () => {
      const expected = (error: unknown) => {
        assert.ok(isMooringError(error), String(error));
        assert.equal(error.code, code);
        assert.match(error.message, reason);
        return true;
      };
      assert.throws(() => applyDelta(old, bytes), expected);
      if (!/cannot come out/.test(reason.source)) await assert.rejects(streamed(inMemory(old), [bytes]), expected);
    });
  }

  test('what follows the last record is left alone where that is asked for, as devices do', () => {
    const bytes = Buffer.concat([good(), Uint8Array.of(0)]);
    assert.equal(Buffer.from(applyDelta(old, bytes, { trailing: 'ignore' })).toString(), 'hello');
  });

  test('a limit on the new image holds before anything is made', () => {
    assert.throws(() => applyDelta(old, good(), { maxSize: 4 }), { code: 'delta.too.large' });
  });

  test('cut off anywhere, a delta is refused', () => {
    fc.assert(
      fc.property(twoImages, fc.nat(), (images, cut) => {
        const { delta } = createDelta(images.old, images.image, { blockSize: 128 });
        assert.throws(() => applyDelta(images.old, delta.subarray(0, cut % delta.length)), isMooringError);
      }),
      { numRuns: 500 },
    );
  });

  test('changed anywhere, a delta gives some image of the size it says, or is refused', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'insert', 'remove')), {
      minLength: 1,
      maxLength: 4,
    });
    const made = fc.sample(twoImages, 40).map((images) => {
      const { delta } = createDelta(images.old, images.image, { blockSize: 128 });
      return { old: images.old, delta };
    });
    fc.assert(
      fc.property(fc.constantFrom(...made), edits, (sample, changes) => {
        const bytes = [...sample.delta];
        for (const [at, value, kind] of changes) {
          // The size is left alone now and then, or few would get beyond the header.
          const place = at % 3 === 0 ? at % bytes.length : 40 + (at % Math.max(1, bytes.length - 40));
          if (kind === 'set') bytes[place] = value;
          else bytes.splice(place, kind === 'remove' ? 1 : 0, ...(kind === 'insert' ? [value] : []));
        }
        const changed = Uint8Array.from(bytes);
        try {
          assert.equal(applyDelta(sample.old, changed).length, readDeltaHeader(changed).newSize);
        } catch (error) {
          assert.ok(isMooringError(error), String(error));
        }
      }),
      { numRuns },
    );
  });
});

describe('applying deltas as a stream', () => {
  test('in chunks of any size, the image is the same', async () => {
    await fc.assert(
      fc.asyncProperty(twoImages, fc.integer({ min: 1, max: 300 }), async (images, size) => {
        const { delta } = createDelta(images.old, images.image, { blockSize: 256 });
        assert.deepEqual(await streamed(inMemory(images.old), chunksOf(delta, size)), Buffer.from(images.image));
      }),
      { numRuns: 200 },
    );
  });

  test('no read, and no piece of the image, is larger than a frame', async () => {
    const before = withoutOrder(100_000);
    const after = Buffer.concat([before.subarray(0, 60_000), Buffer.from('new'), before.subarray(50_000)]);
    const { delta, maxFrame } = createDelta(before, after, { blockSize: 256 });
    const reads: number[] = [];
    const image: RandomAccess = {
      size: before.length,
      read: async (position, length) => {
        reads.push(length);
        return before.subarray(position, position + length);
      },
    };
    let made = 0;
    for await (const part of applyDeltaStream(image, chunksOf(delta, 64))) {
      assert.ok(part.length <= maxFrame);
      made += part.length;
    }
    assert.equal(made, after.length);
    assert.ok(Math.max(...reads) <= maxFrame);
  });

  test('the source is closed when the image is no longer wanted', async () => {
    let closed = false;
    async function* source() {
      try {
        yield good();
        yield new Uint8Array();
      } finally {
        closed = true;
      }
    }
    for await (const part of applyDeltaStream(inMemory(old), source())) {
      assert.equal(part.length, 5);
      break;
    }
    assert.ok(closed);
  });
});
