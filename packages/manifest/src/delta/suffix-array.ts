type Text = Uint8Array | Int32Array;

/** First index of each symbol's bucket of a suffix array, and of the second half where its S-type suffixes stand. */
interface Buckets {
  readonly start: Int32Array;
  readonly middle: Int32Array;
}

/** 1 where a suffix is of S type: smaller than the one that starts after it. The last one is of L type. */
function typesOf(text: Text, length: number): Uint8Array {
  const types = new Uint8Array(length);
  let next = 0;
  let nextIsS = 0;
  for (let i = length - 1; i >= 0; i--) {
    const symbol = text[i] as number;
    if (i < length - 1 && symbol !== next) nextIsS = symbol < next ? 1 : 0;
    types[i] = nextIsS;
    next = symbol;
  }
  return types;
}

function bucketsOf(text: Text, types: Uint8Array, length: number, symbols: number): Buckets {
  const start = new Int32Array(symbols + 1);
  const middle = new Int32Array(symbols);
  for (let i = 0; i < length; i++) {
    const symbol = text[i] as number;
    if (types[i] === 0) middle[symbol] = (middle[symbol] as number) + 1;
    start[symbol + 1] = (start[symbol + 1] as number) + 1;
  }
  for (let symbol = 0; symbol < symbols; symbol++) {
    middle[symbol] = (middle[symbol] as number) + (start[symbol] as number);
    start[symbol + 1] = (start[symbol + 1] as number) + (start[symbol] as number);
  }
  return { start, middle };
}

/** Sorts all suffixes, once those at the given LMS positions are in order (or, the first time, in any order). */
function induce(text: Text, types: Uint8Array, length: number, buckets: Buckets, lms: Int32Array, out: Int32Array) {
  out.fill(-1, 0, length);
  const free = buckets.middle.slice();
  for (let i = 0; i < lms.length; i++) {
    const at = lms[i] as number;
    const symbol = text[at] as number;
    const slot = free[symbol] as number;
    out[slot] = at;
    free[symbol] = slot + 1;
  }
  free.set(buckets.start.subarray(0, free.length));
  const last = text[length - 1] as number;
  out[free[last] as number] = length - 1;
  free[last] = (free[last] as number) + 1;
  for (let i = 0; i < length; i++) {
    const before = (out[i] as number) - 1;
    if (before < 0 || types[before] !== 0) continue;
    const symbol = text[before] as number;
    const slot = free[symbol] as number;
    out[slot] = before;
    free[symbol] = slot + 1;
  }
  free.set(buckets.start.subarray(1));
  for (let i = length - 1; i >= 0; i--) {
    const before = (out[i] as number) - 1;
    if (before < 0 || types[before] !== 1) continue;
    const symbol = text[before] as number;
    const slot = (free[symbol] as number) - 1;
    out[slot] = before;
    free[symbol] = slot;
  }
}

/** Whether two LMS substrings are the same: same symbols and types up to and with the LMS position that ends them. */
function sameSubstring(text: Text, types: Uint8Array, length: number, a: number, b: number): boolean {
  for (let i = 0; ; i++) {
    const one = a + i;
    const other = b + i;
    if (one >= length || other >= length) return false;
    if (text[one] !== text[other] || types[one] !== types[other]) return false;
    if (i > 0 && types[one] === 1 && types[one - 1] === 0) return true;
    if (i > 0 && types[other] === 1 && types[other - 1] === 0) return true;
  }
}

function lmsPositions(types: Uint8Array, length: number): Int32Array {
  let count = 0;
  for (let i = 1; i < length; i++) if (types[i] === 1 && types[i - 1] === 0) count++;
  const positions = new Int32Array(count);
  let at = 0;
  for (let i = 1; i < length; i++) if (types[i] === 1 && types[i - 1] === 0) positions[at++] = i;
  return positions;
}

/** Writes the suffix array of `text[0..length)` to the front of `out`. Symbols are below `symbols`. */
function sort(text: Text, length: number, symbols: number, out: Int32Array): void {
  if (length < 2) {
    if (length === 1) out[0] = 0;
    return;
  }
  const types = typesOf(text, length);
  const buckets = bucketsOf(text, types, length, symbols);
  const lms = lmsPositions(types, length);
  induce(text, types, length, buckets, lms, out);
  if (lms.length > 1) {
    orderLms(text, types, length, lms, out);
    induce(text, types, length, buckets, lms, out);
  }
}

/** Puts the LMS positions into the order of their suffixes, after a first induction has sorted their substrings. */
function orderLms(text: Text, types: Uint8Array, length: number, lms: Int32Array, out: Int32Array): void {
  const count = lms.length;
  let filled = 0;
  for (let i = 0; i < length; i++) {
    const at = out[i] as number;
    if (at > 0 && types[at] === 1 && types[at - 1] === 0) out[filled++] = at;
  }
  // LMS positions are at least two apart, so half of the position names them.
  const names = new Int32Array((length >> 1) + 1);
  let name = 0;
  for (let i = 0; i < count; i++) {
    const at = out[i] as number;
    if (i > 0 && !sameSubstring(text, types, length, out[i - 1] as number, at)) name++;
    names[at >> 1] = name;
  }
  if (name === count - 1) {
    lms.set(out.subarray(0, count));
    return;
  }
  const shorter = new Int32Array(count);
  for (let i = 0; i < count; i++) shorter[i] = names[(lms[i] as number) >> 1] as number;
  sort(shorter, count, name + 1, out);
  for (let i = 0; i < count; i++) shorter[i] = lms[out[i] as number] as number;
  lms.set(shorter);
}

/**
 * The suffixes of a byte string in lexicographic order, by their positions, the empty one (its position is the length)
 * first. Sorted by induction (SA-IS: Nong, Zhang, Chan 2009) in linear time, whatever the bytes; there is only one
 * right answer, so it is the array that qsufsort gives to bsdiff. Needs about 7 to 9 bytes of memory for each byte.
 */
export function suffixArray(bytes: Uint8Array): Int32Array {
  const all = new Int32Array(bytes.length + 1);
  all[0] = bytes.length;
  sort(bytes, bytes.length, 256, all.subarray(1));
  return all;
}
