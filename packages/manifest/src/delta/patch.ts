import { deltaErrors } from './errors.ts';
import { deltaHeaderSize, readDeltaHeader } from './header.ts';
import { lz4Decode } from './lz4-decode.ts';
import { signedOf } from './numbers.ts';

/** What the patching asks whoever drives it for. */
export type PatchStep =
  /** The next bytes of the delta: answered with as many, or fewer where it ends. */
  | { readonly want: 'delta'; readonly length: number }
  /** Bytes of the old image: answered with exactly as many. */
  | { readonly want: 'old'; readonly position: number; readonly length: number }
  /** The next bytes of the new image; valid until the next step. */
  | { readonly want: 'output'; readonly bytes: Uint8Array };

export interface PatchLimits {
  /** The largest new image that is accepted, in bytes. */
  readonly maxSize?: number;
  /** The largest frame that is accepted: twice this much memory is used. 16 MiB where nothing is said. */
  readonly maxFrame?: number;
  /** What follows after the last record: refused where nothing is said; a device stops there and does not look. */
  readonly trailing?: 'refuse' | 'ignore';
}

const defaultMaxFrame = 16 * 1024 * 1024;

/**
 * Applies a delta step by step, so that neither image nor the delta has to be in memory: at most two frames are.
 * Every number of the delta is checked before it is used.
 *
 * @param oldSize bytes of the old image
 * @throws MooringError `delta.*` with the byte offset in the delta
 */
export function* patch(
  oldSize: number,
  { maxSize = Number.MAX_SAFE_INTEGER, maxFrame = defaultMaxFrame, trailing = 'refuse' }: PatchLimits = {},
): Generator<PatchStep, void, Uint8Array> {
  let offset = 0;

  function malformed(reason: string, at = offset): Error {
    return deltaErrors('delta.malformed', {
      message: `Byte ${at} of the delta: ${reason}.`,
      next: 'Check that the delta is complete, and that the old image is the one it was made from.',
      data: { offset: at },
    });
  }

  function* take(length: number, what: string): Generator<PatchStep, Uint8Array, Uint8Array> {
    const bytes = yield { want: 'delta', length };
    if (bytes.length < length) throw malformed(`it ends within ${what}`, offset + bytes.length);
    offset += length;
    return bytes;
  }

  function* number(what: string): Generator<PatchStep, number, Uint8Array> {
    const start = offset;
    let value = 0;
    for (let weight = 1; ; weight *= 0x80) {
      const byte = (yield* take(1, what))[0] as number;
      value += (byte & 0x7f) * weight;
      if (!Number.isSafeInteger(value) || offset - start > 9) throw malformed(`${what} is beyond any size`, start);
      if (byte < 0x80) return value;
    }
  }

  const first = yield { want: 'delta', length: deltaHeaderSize };
  const header = readDeltaHeader(first);
  offset = deltaHeaderSize;
  for (const [what, asked, allowed] of [
    ['the new image', header.newSize, maxSize],
    ['a frame', header.maxFrame, maxFrame],
  ] as const) {
    if (asked > allowed) {
      throw deltaErrors('delta.too.large', {
        message: `The delta says that ${what} has ${asked} bytes; at most ${allowed} are allowed.`,
        next: 'If you trust where it comes from, allow more.',
        data: { asked, allowed },
      });
    }
  }

  const frame = new Uint8Array(Math.min(header.maxFrame, header.newSize));
  let made = 0;
  let oldPosition = 0;

  function* frames(length: number, isDifference: boolean): Generator<PatchStep, void, Uint8Array> {
    for (let left = length; left > 0; ) {
      const start = offset;
      const packed = yield* number('the length of a frame');
      if (packed === 0 || packed > header.maxCompressed) {
        throw malformed(`a packed frame of ${packed} bytes; the header says at most ${header.maxCompressed}`, start);
      }
      const block = yield* take(packed, 'a frame');
      const bytes = frame.subarray(0, lz4Decode(block, frame.subarray(0, Math.min(left, frame.length))));
      if (bytes.length === 0) throw malformed('a frame without a byte', start);
      if (isDifference) {
        const old = yield { want: 'old', position: oldPosition, length: bytes.length };
        for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] as number) + (old[i] as number);
        oldPosition += bytes.length;
      }
      yield { want: 'output', bytes };
      left -= bytes.length;
      made += bytes.length;
    }
  }

  while (made < header.newSize) {
    const start = offset;
    const diffLength = yield* number('the length of the differences');
    const extraLength = yield* number('the length of the new bytes');
    const oldJump = signedOf(yield* number('the jump in the old image'));
    if (diffLength + extraLength > header.newSize - made) {
      throw malformed(
        `a record makes ${diffLength + extraLength} bytes, ${header.newSize - made} are left to make`,
        start,
      );
    }
    if (diffLength > 0 && (oldPosition < 0 || diffLength > oldSize - oldPosition)) {
      throw malformed(
        `bytes ${oldPosition} to ${oldPosition + diffLength} of the old image are used; it has ${oldSize}`,
        start,
      );
    }
    yield* frames(diffLength, true);
    yield* frames(extraLength, false);
    oldPosition += oldJump;
    if (!Number.isSafeInteger(oldPosition)) throw malformed('a jump beyond any image', start);
  }

  if (trailing === 'refuse') {
    const rest = yield { want: 'delta', length: 1 };
    if (rest.length > 0) throw malformed('bytes after the last record');
  }
}
