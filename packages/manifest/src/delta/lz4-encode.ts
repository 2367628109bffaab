// The block format is that of LZ4 1.9's lz4_Block_format.md; which of the many valid encodings is made follows the
// fast compressor of that release with LZ4_MEMORY_USAGE 10, so that deltas come out as the old tool made them.

const memoryUsage = 10;
const minMatch = 4;
/** The last match starts this far from the end or earlier. */
const matchFindLimit = 12;
/** The last bytes are literals. */
const lastLiterals = 5;
const maxDistance = 0xffff;
/** Inputs below this size have a table of 16-bit entries, twice as many. */
const smallInput = 0x10000 + matchFindLimit - 1;
const skipTrigger = 6;
/** A length of this much in the token goes on in the bytes after it. */
const longRun = 15;

/** The most bytes that a block of this many input bytes can take. */
export const lz4Bound = (inputSize: number): number => inputSize + Math.floor(inputSize / 255) + 16;

const read32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

const smallHash = (bytes: Uint8Array, at: number): number =>
  Math.imul(read32(bytes, at), 2654435761) >>> (32 - (memoryUsage - 1));

/** The highest bits of five bytes times the prime 889523592379, modulo 2^40; in halves of 20 bits a double is exact. */
function largeHash(bytes: Uint8Array, at: number): number {
  const first = read32(bytes, at);
  const low = first & 0xfffff;
  const high = (first >>> 20) | ((bytes[at + 4] as number) << 12);
  const middle = (high * 0xcdcbb + low * 0xcf1bb) % 0x100000;
  return Math.floor(((low * 0xcdcbb + middle * 0x100000) % 0x10000000000) / 2 ** (40 - (memoryUsage - 2)));
}

/** Writes what of a length does not fit the token, and returns the position after it. */
function writeLength(out: Uint8Array, at: number, length: number): number {
  let position = at;
  let rest = length - longRun;
  for (; rest >= 255; rest -= 255) out[position++] = 255;
  out[position++] = rest;
  return position;
}

export interface Lz4Block {
  /** Bytes of the input that the block holds. */
  consumed: number;
  /** Bytes of the block. */
  written: number;
}

/**
 * Makes one LZ4 block of as much of the input as fits.
 *
 * @param input from `start` up to `end`; nothing before `start` is referred to
 * @param out takes the block at its front; its length is the limit
 */
export function lz4Encode(input: Uint8Array, start: number, end: number, out: Uint8Array): Lz4Block {
  return new Encoder(input, start, end, out).run();
}

class Encoder {
  readonly #input: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  readonly #out: Uint8Array;
  /** Whether the block could outgrow its place, so that every step has to be checked. */
  readonly #limited: boolean;
  readonly #small: boolean;
  readonly #table: Uint16Array | Uint32Array;

  constructor(input: Uint8Array, start: number, end: number, out: Uint8Array) {
    this.#input = input;
    this.#start = start;
    this.#end = end;
    this.#out = out;
    this.#limited = out.length < lz4Bound(end - start);
    this.#small = end - start < smallInput;
    this.#table = this.#small ? smallTable : largeTable;
    this.#table.fill(0);
  }

  #hash(at: number): number {
    return this.#small ? smallHash(this.#input, at) : largeHash(this.#input, at);
  }

  /** Puts a position into the table and returns the one that stood there; it may be the start by default. */
  #swap(hash: number, at: number): number {
    const found = (this.#table[hash] as number) + this.#start;
    this.#table[hash] = at - this.#start;
    return found;
  }

  #isMatch(candidate: number, at: number): boolean {
    return candidate + maxDistance >= at && read32(this.#input, candidate) === read32(this.#input, at);
  }

  run(): Lz4Block {
    const input = this.#input;
    const out = this.#out;
    const limit = out.length;
    const matchLimit = this.#end - lastLiterals;
    const pastMatches = this.#end - matchFindLimit + 1;
    let anchor = this.#start;
    let at = this.#start;
    let to = 0;
    if (this.#end - this.#start <= matchFindLimit) return this.#finish(anchor, to);

    this.#swap(this.#hash(at), at);
    at++;
    let hash = this.#hash(at);
    for (;;) {
      let match: number;
      let ahead = at;
      let step = 1;
      let attempts = 1 << skipTrigger;
      do {
        at = ahead;
        ahead += step;
        step = attempts++ >> skipTrigger;
        if (ahead > pastMatches) return this.#finish(anchor, to);
        const current = hash;
        hash = this.#hash(ahead);
        match = this.#swap(current, at);
      } while (!this.#isMatch(match, at));
      const filled = at;
      while (at > anchor && match > this.#start && input[at - 1] === input[match - 1]) {
        at--;
        match--;
      }

      const literals = at - anchor;
      let token = to++;
      if (
        this.#limited &&
        to + Math.floor((literals + 240) / 255) + literals + 2 + 1 + matchFindLimit - minMatch > limit
      ) {
        return this.#finish(anchor, token);
      }
      out[token] = Math.min(literals, longRun) << 4;
      if (literals >= longRun) to = writeLength(out, to, literals);
      out.set(input.subarray(anchor, at), to);
      to += literals;

      for (;;) {
        if (this.#limited && to + 2 + 1 + matchFindLimit - minMatch > limit) return this.#finish(anchor, token);
        out[to++] = (at - match) & 0xff;
        out[to++] = (at - match) >> 8;
        let length = 0;
        const most = matchLimit - at - minMatch;
        while (length < most && input[at + minMatch + length] === input[match + minMatch + length]) length++;
        at += length + minMatch;
        if (this.#limited && to + 1 + lastLiterals + Math.floor((length + 240) / 255) > limit) {
          const shorter = longRun - 1 + (limit - to - 1 - lastLiterals) * 255;
          at -= length - shorter;
          length = shorter;
          // What lies behind now must not be found again.
          for (let stale = at; stale <= filled; stale++) this.#table[this.#hash(stale)] = 0;
        }
        out[token] = (out[token] as number) | Math.min(length, longRun);
        if (length >= longRun) to = writeLength(out, to, length);
        anchor = at;
        if (at >= pastMatches) return this.#finish(anchor, to);

        this.#swap(this.#hash(at - 2), at - 2);
        match = this.#swap(this.#hash(at), at);
        if (!this.#isMatch(match, at)) break;
        token = to++;
        out[token] = 0;
      }
      at++;
      hash = this.#hash(at);
    }
  }

  #finish(anchor: number, to: number): Lz4Block {
    let literals = this.#end - anchor;
    const room = this.#out.length - to;
    if (literals + 1 + Math.floor((literals + 255 - longRun) / 255) > room) {
      literals = room - 1;
      literals -= Math.floor((literals + 256 - longRun) / 256);
    }
    let position = to;
    this.#out[position++] = Math.min(literals, longRun) << 4;
    if (literals >= longRun) position = writeLength(this.#out, position, literals);
    this.#out.set(this.#input.subarray(anchor, anchor + literals), position);
    return { consumed: anchor + literals - this.#start, written: position + literals };
  }
}

const smallTable = new Uint16Array(1 << (memoryUsage - 1));
const largeTable = new Uint32Array(1 << (memoryUsage - 2));
