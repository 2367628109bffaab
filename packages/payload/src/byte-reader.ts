import { payloadErrors } from './errors.ts';

/** Bytes that arrive one piece after the other. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const nothing = new Uint8Array();

/** Takes from a stream in pieces of any length, and holds no more than one piece and one chunk. */
export class ByteReader {
  /** Bytes that were taken. */
  offset = 0;
  readonly what: string;
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #chunk: Uint8Array = nothing;

  /** @param what the archive that is read, for messages: `the payload` */
  constructor(source: ByteSource, what: string) {
    this.what = what;
    this.#source = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** At most `length` bytes, none only at the end. */
  async some(length: number): Promise<Uint8Array> {
    while (this.#chunk.length === 0) {
      const next = await this.#source.next();
      if (next.done) return nothing;
      this.#chunk = next.value;
    }
    const piece = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(piece.length);
    this.offset += piece.length;
    return piece;
  }

  /**
   * Exactly so many bytes.
   *
   * @throws MooringError `payload.malformed` where the stream ends before
   */
  async exactly(length: number, part: string): Promise<Uint8Array> {
    const first = await this.some(length);
    if (first.length === length) return first;
    const whole = new Uint8Array(length);
    whole.set(first);
    for (let filled = first.length; filled < length; ) {
      const piece = await this.some(length - filled);
      if (piece.length === 0) throw this.malformed(`it ends within ${part}`);
      whole.set(piece, filled);
      filled += piece.length;
    }
    return whole;
  }

  /** So many bytes as they come. What is not taken of them is skipped by whoever reads on. */
  async *pieces(length: number, part: string): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = length; left > 0; ) {
      const piece = await this.some(left);
      if (piece.length === 0) throw this.malformed(`it ends within ${part}`);
      left -= piece.length;
      yield piece;
    }
  }

  async skip(length: number, part: string): Promise<void> {
    for await (const _ of this.pieces(length, part));
  }

  /** Everything that is left. */
  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let piece = await this.some(65_536); piece.length > 0; piece = await this.some(65_536)) yield piece;
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  malformed(reason: string, at = this.offset): Error {
    return payloadErrors('payload.malformed', {
      message: `Byte ${at} of ${this.what}: ${reason}.`,
      next: 'Check that the file is complete, or make it again.',
      data: { offset: at },
    });
  }
}

/**
 * All of a stream, where that is not much.
 *
 * @throws MooringError `payload.too.large`
 */
export async function collect(source: ByteSource, atMost: number, what: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const piece of source) {
    size += piece.length;
    if (size > atMost) {
      throw payloadErrors('payload.too.large', {
        message: `${what} has more than ${atMost} bytes.`,
        next: 'Nothing that is meant for a device has so much of it; check where it comes from.',
      });
    }
    parts.push(piece.slice());
  }
  return new Uint8Array(Buffer.concat(parts));
}
