import type { RandomAccess } from '@mooring/platform';
import { deltaErrors } from './errors.ts';
import { deltaHeaderSize, readDeltaHeader } from './header.ts';
import { type PatchLimits, patch } from './patch.ts';

/**
 * The new image that a delta makes from the old one, all in memory.
 *
 * @throws MooringError `delta.*`
 */
export function applyDelta(old: Uint8Array, delta: Uint8Array, limits: PatchLimits = {}): Uint8Array {
  const { newSize } = readDeltaHeader(delta);
  // No byte of a packed frame stands for more than 255 others, so this is settled before memory is asked for.
  if (newSize > 255 * Math.max(0, delta.length - deltaHeaderSize)) {
    throw deltaErrors('delta.malformed', {
      message: `Byte 16 of the delta: an image of ${newSize} bytes cannot come out of ${delta.length} bytes.`,
      next: 'Check that the delta is complete.',
      data: { offset: 16 },
    });
  }
  const steps = patch(old.length, limits);
  let image: Uint8Array | undefined;
  let made = 0;
  let read = 0;
  for (let step = steps.next(); !step.done; ) {
    const wanted = step.value;
    let answer: Uint8Array = nothing;
    if (wanted.want === 'delta') {
      answer = delta.subarray(read, read + wanted.length);
      read += answer.length;
    } else if (wanted.want === 'old') {
      answer = old.subarray(wanted.position, wanted.position + wanted.length);
    } else {
      image ??= new Uint8Array(newSize);
      image.set(wanted.bytes, made);
      made += wanted.bytes.length;
    }
    step = steps.next(answer);
  }
  return image ?? nothing;
}

const nothing = new Uint8Array();

/** Takes from a stream of chunks in pieces of any length, holding no more than one piece and one chunk. */
class Pieces {
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #chunk: Uint8Array = nothing;

  constructor(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#source = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  async take(length: number): Promise<Uint8Array> {
    if (this.#chunk.length < length) await this.#fill(length);
    const piece = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(piece.length);
    return piece;
  }

  async #fill(length: number): Promise<void> {
    const parts = [this.#chunk];
    for (let size = this.#chunk.length; size < length; ) {
      const next = await this.#source.next();
      if (next.done) break;
      parts.push(next.value);
      size += next.value.length;
    }
    this.#chunk = Buffer.concat(parts);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}

/**
 * The new image in pieces of at most a frame, from a delta that arrives as a stream: what is in memory at a time are
 * two frames and one chunk of the stream. What came out before an error is no image.
 *
 * @throws MooringError `delta.*`
 */
export async function* applyDeltaStream(
  old: RandomAccess,
  delta: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limits: PatchLimits = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces = new Pieces(delta);
  const steps = patch(old.size, limits);
  try {
    for (let step = steps.next(); !step.done; ) {
      const wanted = step.value;
      let answer: Uint8Array = nothing;
      if (wanted.want === 'delta') answer = await pieces.take(wanted.length);
      else if (wanted.want === 'old') answer = await old.read(wanted.position, wanted.length);
      else yield wanted.bytes.slice();
      step = steps.next(answer);
    }
  } finally {
    await pieces.close();
  }
}
