import { integerValue } from '../model/value.ts';
import { utf8Bytes } from './utf8.ts';

function head(out: number[], major: number, argument: number | bigint): void {
  const type = major << 5;
  if (argument < 24) out.push(type | Number(argument));
  else if (argument <= 0xff) out.push(type | 24, Number(argument));
  else if (argument <= 0xffff) out.push(type | 25, Number(argument) >> 8, Number(argument) & 0xff);
  else {
    const wide = argument > 0xffffffff;
    out.push(type | (wide ? 27 : 26));
    for (let shift = wide ? 56n : 24n; shift >= 0n; shift -= 8n) out.push(Number((BigInt(argument) >> shift) & 0xffn));
  }
}

/** The shortest of the three widths that holds the number exactly (RFC 8949 §4.1); subnormal halves are left aside. */
function floatItem(out: number[], value: number): void {
  const bytes = new DataView(new ArrayBuffer(8));
  let size = 8;
  if (Math.fround(value) === value) {
    bytes.setFloat32(0, value);
    size = 4;
    const bits = bytes.getUint32(0);
    const exponent = ((bits >>> 23) & 0xff) - 127;
    if ((bits & 0x1fff) === 0 && ((exponent >= -14 && exponent <= 15) || value === 0)) {
      const half = value === 0 ? 0 : ((exponent + 15) << 10) | ((bits >> 13) & 0x3ff);
      bytes.setUint16(0, ((bits >>> 16) & 0x8000) | half);
      size = 2;
    }
  } else {
    bytes.setFloat64(0, value);
  }
  out.push(size === 2 ? 0xf9 : size === 4 ? 0xfa : 0xfb);
  for (let i = 0; i < size; i++) out.push(bytes.getUint8(i));
}

/** A number that is to be written as a float even where it is whole. */
export class CborFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export type CborInput =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | CborFloat
  | readonly CborInput[]
  | ReadonlyMap<CborInput, CborInput>;

function push(out: number[], bytes: Uint8Array): void {
  for (const byte of bytes) out.push(byte);
}

export function writeCbor(out: number[], item: CborInput): void {
  if (typeof item === 'number' && !Number.isInteger(item)) floatItem(out, item);
  else if (typeof item === 'number' || typeof item === 'bigint') {
    if (item >= 0) head(out, 0, item);
    else head(out, 1, integerValue(-1n - BigInt(item)));
  } else if (typeof item === 'string') {
    const bytes = utf8Bytes(item);
    head(out, 3, bytes.length);
    push(out, bytes);
  } else if (typeof item === 'boolean') out.push(item ? 0xf5 : 0xf4);
  else if (item === null) out.push(0xf6);
  else if (item instanceof Uint8Array) {
    head(out, 2, item.length);
    push(out, item);
  } else if (item instanceof CborFloat) floatItem(out, item.value);
  else if (item instanceof Map) {
    head(out, 5, item.size);
    for (const [key, value] of item) {
      writeCbor(out, key);
      writeCbor(out, value);
    }
  } else {
    const items = item as readonly CborInput[];
    head(out, 4, items.length);
    for (const one of items) writeCbor(out, one);
  }
}

export function encodeCbor(item: CborInput): Uint8Array {
  const out: number[] = [];
  writeCbor(out, item);
  return Uint8Array.from(out);
}
