import { type Match, MatchSearch } from './match-search.ts';

/** One step of a patch: `diff` bytes of the new image are like the old ones, `extra` bytes are not; then the jump. */
export interface DeltaRecord {
  /** Where in the new image the bytes of this record start. */
  readonly newPosition: number;
  readonly oldPosition: number;
  readonly diffLength: number;
  readonly extraLength: number;
  /** Added to the old position after the diff bytes. */
  readonly oldJump: number;
}

/** Bytes that a match has to gain over going on as before: bsdiff 4's constant. */
const worthwhile = 8;

/** How far the old bytes from `oldAt` on go well with the new ones from `newAt` on: most hits less misses. */
function forwardLength(old: Uint8Array, oldAt: number, image: Uint8Array, newAt: number, end: number): number {
  let hits = 0;
  let best = 0;
  let length = 0;
  const limit = Math.min(end - newAt, old.length - oldAt);
  for (let i = 0; i < limit; i++) {
    if (old[oldAt + i] === image[newAt + i]) hits++;
    const gain = hits * 2 - (i + 1);
    if (gain > best) {
      best = gain;
      length = i + 1;
    }
  }
  return length;
}

/** The same backwards from two positions, not further than `start` of the new image. */
function backwardLength(old: Uint8Array, oldAt: number, image: Uint8Array, newAt: number, start: number): number {
  let hits = 0;
  let best = 0;
  let length = 0;
  const limit = Math.min(newAt - start, oldAt);
  for (let i = 1; i <= limit; i++) {
    if (old[oldAt - i] === image[newAt - i]) hits++;
    const gain = hits * 2 - i;
    if (gain > best) {
      best = gain;
      length = i;
    }
  }
  return length;
}

/** How many bytes of an overlap belong to the record before it, so that most bytes agree. */
function splitOverlap(old: Uint8Array, image: Uint8Array, newAt: number, before: number, after: number, size: number) {
  let balance = 0;
  let best = 0;
  let length = 0;
  for (let i = 0; i < size; i++) {
    const byte = image[newAt + i];
    if (byte === old[before + i]) balance++;
    if (byte === old[after + i]) balance--;
    if (balance > best) {
      best = balance;
      length = i + 1;
    }
  }
  return length;
}

/**
 * The records of bsdiff 4 (Colin Percival, 2003; "Naive differences of executable code") in order, with its matching
 * rules and constants, so that the same images give the same records as the C program's.
 */
export function* deltaRecords(old: Uint8Array, image: Uint8Array): Generator<DeltaRecord, void, undefined> {
  const search = new MatchSearch(old);
  const match: Match = { position: 0, length: 0 };
  const size = image.length;
  let scan = 0;
  let lastScan = 0;
  let lastPosition = 0;
  let lastOffset = 0;
  while (scan < size) {
    let score = 0;
    scan += match.length;
    for (let scored = scan; scan < size; scan++) {
      search.longest(image, scan, match);
      for (; scored < scan + match.length; scored++) {
        if (old[scored + lastOffset] === image[scored]) score++;
      }
      if ((match.length === score && match.length !== 0) || match.length > score + worthwhile) break;
      if (old[scan + lastOffset] === image[scan]) score--;
    }
    if (match.length === score && scan !== size) continue;

    let forward = forwardLength(old, lastPosition, image, lastScan, scan);
    let backward = scan < size ? backwardLength(old, match.position, image, scan, lastScan) : 0;
    const overlap = lastScan + forward - (scan - backward);
    if (overlap > 0) {
      const before = lastPosition + forward - overlap;
      const kept = splitOverlap(old, image, scan - backward, before, match.position - backward, overlap);
      forward += kept - overlap;
      backward -= kept;
    }
    yield {
      newPosition: lastScan,
      oldPosition: lastPosition,
      diffLength: forward,
      extraLength: scan - backward - (lastScan + forward),
      oldJump: match.position - backward - (lastPosition + forward),
    };
    lastScan = scan - backward;
    lastPosition = match.position - backward;
    lastOffset = match.position - scan;
  }
}
