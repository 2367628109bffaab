type Text = Uint8Array | Int32Array;

/** How often each symbol occurs. */
function countSymbols(text: Text, symbols: number): Int32Array {
  const counts = new Int32Array(symbols);
  for (let i = 0; i < text.length; i++) {
    const symbol = text[i] as number;
    counts[symbol] = (counts[symbol] as number) + 1;
  }
  return counts;
}

/** Sets `bounds` to the first index of each symbol's bucket. */
function bucketStarts(counts: Int32Array, bounds: Int32Array): void {
  let sum = 0;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    bounds[symbol] = sum;
    sum += counts[symbol] as number;
  }
}

/** Sets `bounds` to the index after each symbol's bucket. */
function bucketEnds(counts: Int32Array, bounds: Int32Array): void {
  let sum = 0;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    sum += counts[symbol] as number;
    bounds[symbol] = sum;
  }
}

/**
 * The LMS positions in ascending order: where a suffix of S type (smaller than the next one) follows one of L type.
 */
function lmsPositions(text: Text): Int32Array {
  const found = new Int32Array(text.length >> 1);
  let free = found.length;
  let isS = false;
  let next = text[text.length - 1] as number;
  for (let i = text.length - 2; i >= 0; i--) {
    const symbol = text[i] as number;
    if (symbol < next) isS = true;
    else if (symbol > next) {
      if (isS) found[--free] = i + 1;
      isS = false;
    }
    next = symbol;
  }
  return found.subarray(free);
}

/** Puts LMS positions at the ends of their buckets, in the order they are in, and nothing (0) elsewhere. */
function placeLms(text: Text, counts: Int32Array, bounds: Int32Array, lms: Int32Array, out: Int32Array): void {
  out.fill(0);
  bucketEnds(counts, bounds);
  for (let i = lms.length - 1; i >= 0; i--) {
    const at = lms[i] as number;
    const symbol = text[at] as number;
    const slot = (bounds[symbol] as number) - 1;
    bounds[symbol] = slot;
    out[slot] = at;
  }
}

// In both inductions an entry above zero is a position whose predecessor is to be placed by the pass that runs; the
// complement of a position is one that is left alone by it. That is decided when the position is placed, while its
// bytes are in the cache: what costs time here is only memory that is far away.

/** From LMS positions in any order: leaves their complements in the order of the LMS substrings, and zeros. */
function sortSubstrings(text: Text, counts: Int32Array, bounds: Int32Array, out: Int32Array): void {
  const size = text.length;
  bucketStarts(counts, bounds);
  const last = text[size - 1] as number;
  let slot = bounds[last] as number;
  bounds[last] = slot + 1;
  out[slot] = (text[size - 2] as number) < last ? ~(size - 1) : size - 1;
  for (let i = 0; i < size; i++) {
    const entry = out[i] as number;
    if (entry > 0) {
      const at = entry - 1;
      const symbol = text[at] as number;
      slot = bounds[symbol] as number;
      bounds[symbol] = slot + 1;
      out[slot] = at > 0 && (text[at - 1] as number) < symbol ? ~at : at;
      out[i] = 0;
    } else if (entry < 0) {
      out[i] = ~entry;
    }
  }
  bucketEnds(counts, bounds);
  for (let i = size - 1; i >= 0; i--) {
    const entry = out[i] as number;
    if (entry <= 0) continue;
    const at = entry - 1;
    const symbol = text[at] as number;
    slot = (bounds[symbol] as number) - 1;
    bounds[symbol] = slot;
    out[slot] = at > 0 && (text[at - 1] as number) > symbol ? ~at : at;
    out[i] = 0;
  }
}

/** From LMS positions in the order of their suffixes: leaves all positions in the order of theirs. */
function sortSuffixes(text: Text, counts: Int32Array, bounds: Int32Array, out: Int32Array): void {
  const size = text.length;
  bucketStarts(counts, bounds);
  const last = text[size - 1] as number;
  let slot = bounds[last] as number;
  bounds[last] = slot + 1;
  out[slot] = (text[size - 2] as number) < last ? ~(size - 1) : size - 1;
  for (let i = 0; i < size; i++) {
    const entry = out[i] as number;
    out[i] = ~entry;
    if (entry <= 0) continue;
    const at = entry - 1;
    const symbol = text[at] as number;
    slot = bounds[symbol] as number;
    bounds[symbol] = slot + 1;
    out[slot] = at > 0 && (text[at - 1] as number) < symbol ? ~at : at;
  }
  bucketEnds(counts, bounds);
  for (let i = size - 1; i >= 0; i--) {
    const entry = out[i] as number;
    if (entry <= 0) {
      out[i] = ~entry;
      continue;
    }
    const at = entry - 1;
    const symbol = text[at] as number;
    slot = (bounds[symbol] as number) - 1;
    bounds[symbol] = slot;
    out[slot] = at === 0 || (text[at - 1] as number) > symbol ? ~at : at;
  }
}

/**
 * Brings LMS positions from the order of their substrings (complements in `out`) into the order of their suffixes, by
 * the suffix array of the shorter text in which each substring is one symbol.
 */
function orderLms(text: Text, lms: Int32Array, out: Int32Array): void {
  const count = lms.length;
  for (let i = 0, filled = 0; filled < count; i++) {
    const entry = out[i] as number;
    if (entry < 0) out[filled++] = ~entry;
  }
  // LMS positions are at least two apart, so half of one stands for it. First the length up to the next of them; the
  // last substring ends with the text, which makes it like no other.
  const names = new Int32Array((text.length >> 1) + 1);
  for (let i = 0; i + 1 < count; i++) names[(lms[i] as number) >> 1] = (lms[i + 1] as number) - (lms[i] as number);
  let name = -1;
  let before = 0;
  let lengthBefore = -1;
  for (let i = 0; i < count; i++) {
    const at = out[i] as number;
    const length = names[at >> 1] as number;
    let same = length === lengthBefore && length > 0;
    for (let k = 0; same && k <= length; k++) same = text[at + k] === text[before + k];
    if (!same) name++;
    names[at >> 1] = name;
    before = at;
    lengthBefore = length;
  }
  if (name === count - 1) {
    lms.set(out.subarray(0, count));
    return;
  }
  const shorter = new Int32Array(count);
  for (let i = 0; i < count; i++) shorter[i] = names[(lms[i] as number) >> 1] as number;
  const order = out.subarray(0, count);
  sort(shorter, name + 1, order);
  for (let i = 0; i < count; i++) shorter[i] = lms[order[i] as number] as number;
  lms.set(shorter);
}

/** Writes the suffix array of a text, whose symbols are below `symbols`, to `out`, which is as long as the text. */
function sort(text: Text, symbols: number, out: Int32Array): void {
  out.fill(0);
  if (text.length < 2) return;
  const counts = countSymbols(text, symbols);
  const bounds = new Int32Array(symbols);
  const lms = lmsPositions(text);
  if (lms.length > 1) {
    placeLms(text, counts, bounds, lms, out);
    sortSubstrings(text, counts, bounds, out);
    orderLms(text, lms, out);
  }
  placeLms(text, counts, bounds, lms, out);
  sortSuffixes(text, counts, bounds, out);
}

/**
 * The suffixes of a byte string in lexicographic order, by their positions, the empty one (its position is the length)
 * first. Sorted by induction (SA-IS: Nong, Zhang, Chan 2009) in linear time, whatever the bytes; there is only one
 * right answer, so it is the array that qsufsort gives to bsdiff. Needs up to 12 bytes of memory for each byte.
 */
export function suffixArray(bytes: Uint8Array): Int32Array {
  const all = new Int32Array(bytes.length + 1);
  all[0] = bytes.length;
  sort(bytes, 256, all.subarray(1));
  return all;
}
