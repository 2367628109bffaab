import { suffixArray } from './suffix-array.ts';

/** Where the longest match was found; reused from call to call, since there are millions. */
export interface Match {
  position: number;
  length: number;
}

/**
 * Searches an old image for the longest match of what starts somewhere in a new one, exactly as bsdiff 4 does: its
 * binary search takes a suffix that ends within the match for greater, so that where it ends depends on its path. That
 * path is kept; only comparisons whose outcome is known are left out.
 */
export class MatchSearch {
  readonly #old: Uint8Array;
  readonly #order: Int32Array;
  /** Index of the first suffix that starts with a pair of bytes (big endian), and past the last one. */
  readonly #pairStart: Int32Array;
  /** Index of the suffix that is one byte long: the only one that is in no pair. */
  readonly #single: number;

  constructor(old: Uint8Array) {
    this.#old = old;
    this.#order = suffixArray(old);
    const counts = new Int32Array(0x10000);
    for (let i = 0; i + 1 < old.length; i++) {
      const pair = ((old[i] as number) << 8) | (old[i + 1] as number);
      counts[pair] = (counts[pair] as number) + 1;
    }
    const last = old.at(-1);
    this.#pairStart = new Int32Array(0x10001);
    this.#single = -1;
    let index = 1;
    for (let pair = 0; pair < 0x10000; pair++) {
      if ((pair & 0xff) === 0 && pair >> 8 === last) this.#single = index++;
      this.#pairStart[pair] = index;
      index += counts[pair] as number;
    }
    this.#pairStart[0x10000] = index;
  }

  /** @param start where in `text` the match shall start */
  longest(text: Uint8Array, start: number, found: Match): void {
    const old = this.#old;
    const order = this.#order;
    const oldSize = old.length;
    const left = text.length - start;
    let low = 0;
    let high = oldSize;
    let firstCandidate = 0;
    let pastCandidates = oldSize + 1;
    if (left > 1) {
      const pair = ((text[start] as number) << 8) | (text[start + 1] as number);
      firstCandidate = this.#pairStart[pair] as number;
      pastCandidates = this.#pairStart[pair + 1] as number;
      // Between the last pair of one first byte and the first of the next: greater than what is searched for.
      if (this.#single === pastCandidates - 1) pastCandidates = this.#single;
    }
    let sharedLow = 0;
    let sharedHigh = 0;
    while (high - low >= 2) {
      const middle = low + ((high - low) >> 1);
      if (middle >= pastCandidates) {
        high = middle;
        sharedHigh = 0;
        continue;
      }
      if (middle < firstCandidate && middle !== this.#single) {
        low = middle;
        sharedLow = 0;
        continue;
      }
      const suffix = order[middle] as number;
      const end = Math.min(oldSize - suffix, left);
      let shared = sharedLow < sharedHigh ? sharedLow : sharedHigh;
      while (shared < end && old[suffix + shared] === text[start + shared]) shared++;
      if (shared < end && (old[suffix + shared] as number) < (text[start + shared] as number)) {
        low = middle;
        sharedLow = shared;
      } else {
        high = middle;
        sharedHigh = shared;
      }
    }
    const atLow = this.#extend(order[low] as number, sharedLow, text, start);
    const atHigh = this.#extend(order[high] as number, sharedHigh, text, start);
    found.position = order[atLow > atHigh ? low : high] as number;
    found.length = Math.max(atLow, atHigh);
  }

  #extend(position: number, known: number, text: Uint8Array, start: number): number {
    const old = this.#old;
    const end = Math.min(old.length - position, text.length - start);
    let length = known;
    while (length < end && old[position + length] === text[start + length]) length++;
    return length;
  }
}
