/** bsdiff's `offtout`: eight bytes, magnitude little endian, the sign in the top bit of the last one. */
export function encodeFixed(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  const magnitude = Math.abs(value);
  view.setUint32(0, magnitude % 0x100000000, true);
  view.setUint32(4, Math.floor(magnitude / 0x100000000), true);
  if (value < 0) bytes[7] = (bytes[7] as number) | 0x80;
  return bytes;
}

/** @returns undefined where the number is negative or beyond what a double counts exactly */
export function decodeFixed(bytes: Uint8Array, at: number): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
  const value = view.getUint32(4, true) * 0x100000000 + view.getUint32(0, true);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** LEB128: seven bits a byte, the lowest first. */
export function encodeUnsigned(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** LEB128 of the magnitude shifted left once, with the sign in the lowest bit. */
export const encodeSigned = (value: number): Uint8Array => encodeUnsigned(Math.abs(value) * 2 + (value < 0 ? 1 : 0));

/** The number that `encodeSigned` wrote, from the unsigned one that was read. */
export const signedOf = (unsigned: number): number => {
  const magnitude = Math.floor(unsigned / 2);
  return unsigned % 2 === 1 ? -magnitude : magnitude;
};
