/** Up to here V8 keeps an array with its object. */
const small = 64;

/**
 * A copy of bytes `start` to `end`. A larger one is in memory that many share, as `Buffer` has it: an array of its own
 * would take ten times as long, and burden the garbage collector.
 */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  if (end - start <= small) {
    const copy = new Uint8Array(end - start);
    for (let i = start; i < end; i++) copy[i - start] = bytes[i] as number;
    return copy;
  }
  const { buffer, byteOffset, length } = Buffer.from(bytes.subarray(start, end));
  return new Uint8Array(buffer, byteOffset, length);
}
