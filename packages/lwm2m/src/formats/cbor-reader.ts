import { integerValue } from '../model/value.ts';
import { malformed } from './content-format.ts';
import { utf8Text } from './utf8.ts';

/** A tagged item; decimal fractions (tag 4) and bignums (tags 2 and 3) are read as the numbers they are. */
export interface CborTag {
  readonly tag: number | bigint;
  readonly item: Cbor;
}

/** CBOR (RFC 8949) as JavaScript has it: integers past 2^53 as bigint, null and undefined both as null. */
export type Cbor = number | bigint | string | boolean | null | Uint8Array | readonly Cbor[] | CborMap | CborTag;
export type CborMap = ReadonlyMap<Cbor, Cbor>;

export const isCborTag = (item: Cbor): item is CborTag =>
  typeof item === 'object' &&
  item !== null &&
  !(item instanceof Uint8Array) &&
  !Array.isArray(item) &&
  !(item instanceof Map);

const maxDepth = 16;
const breakCode = Symbol('break');

class CborReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  #fail(reason: string): never {
    return malformed('CBOR', reason, this.#at);
  }

  #take(count: number): number {
    const start = this.#at;
    if (count > this.#bytes.length - start) this.#fail(`${count} bytes expected, ${this.#bytes.length - start} there`);
    this.#at = start + count;
    return start;
  }

  #argument(info: number): number | bigint {
    if (info < 24) return info;
    switch (info) {
      case 24:
        return this.#view.getUint8(this.#take(1));
      case 25:
        return this.#view.getUint16(this.#take(2));
      case 26:
        return this.#view.getUint32(this.#take(4));
      case 27:
        return integerValue(this.#view.getBigUint64(this.#take(8)));
      default:
        return this.#fail('a reserved length');
    }
  }

  /** A length that cannot be more than what is left of the input, at `unit` bytes an item. */
  #length(info: number, unit: number): number {
    const length = this.#argument(info);
    if (length > (this.#bytes.length - this.#at) / unit)
      this.#fail(`${length} items announced, and too few bytes there`);
    return Number(length);
  }

  #string(major: number, info: number): Uint8Array {
    if (info !== 31) {
      const length = this.#length(info, 1);
      const start = this.#take(length);
      return this.#bytes.subarray(start, start + length);
    }
    const chunks: Uint8Array[] = [];
    for (;;) {
      const head = this.#view.getUint8(this.#take(1));
      if (head === 0xff) return Buffer.concat(chunks);
      if (head >> 5 !== major || (head & 31) === 31) this.#fail('a chunk of another kind within a string');
      chunks.push(this.#string(major, head & 31));
    }
  }

  #half(): number {
    const bits = this.#view.getUint16(this.#take(2));
    const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 0x3ff];
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
  }

  #simple(info: number): Cbor | typeof breakCode {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return this.#half();
      case 26:
        return this.#view.getFloat32(this.#take(4));
      case 27:
        return this.#view.getFloat64(this.#take(8));
      case 31:
        return breakCode;
      default:
        return this.#fail('a simple value that means nothing');
    }
  }

  #items(info: number, perEntry: number, depth: number): Cbor[] {
    const items: Cbor[] = [];
    if (info !== 31) {
      const count = this.#length(info, perEntry) * perEntry;
      for (let i = 0; i < count; i++) items.push(this.item(depth));
      return items;
    }
    for (;;) {
      const item = this.#next(depth);
      if (item === breakCode) return items.length % perEntry === 0 ? items : this.#fail('a key without a value');
      items.push(item);
    }
  }

  #map(info: number, depth: number): CborMap {
    const items = this.#items(info, 2, depth);
    const map = new Map<Cbor, Cbor>();
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i] as Cbor;
      if (map.has(key)) this.#fail('a key stands there twice');
      map.set(key, items[i + 1] as Cbor);
    }
    return map;
  }

  #tagged(info: number, depth: number): Cbor {
    const tag = this.#argument(info);
    const item = this.item(depth);
    if ((tag === 2 || tag === 3) && item instanceof Uint8Array) {
      if (item.length > 16) this.#fail('a number of more than 128 bits');
      const magnitude = item.length === 0 ? 0n : BigInt(`0x${Buffer.from(item).toString('hex')}`);
      return integerValue(tag === 2 ? magnitude : -1n - magnitude);
    }
    if (tag === 4 && Array.isArray(item)) {
      const [exponent, mantissa] = item as unknown[];
      const whole = (value: unknown) => typeof value === 'number' || typeof value === 'bigint';
      if (item.length !== 2 || !whole(exponent) || !whole(mantissa)) this.#fail('a decimal fraction is two integers');
      return Number(`${mantissa}e${exponent}`);
    }
    return { tag, item };
  }

  #next(depth: number): Cbor | typeof breakCode {
    if (depth > maxDepth) this.#fail('nested too deeply');
    const head = this.#view.getUint8(this.#take(1));
    const info = head & 31;
    switch (head >> 5) {
      case 0:
        return this.#argument(info);
      case 1: {
        const argument = this.#argument(info);
        return typeof argument === 'number' ? integerValue(-1n - BigInt(argument)) : -1n - argument;
      }
      case 2:
        return Uint8Array.from(this.#string(2, info));
      case 3:
        return utf8Text(this.#string(3, info), 'CBOR');
      case 4:
        return this.#items(info, 1, depth + 1);
      case 5:
        return this.#map(info, depth + 1);
      case 6:
        return this.#tagged(info, depth + 1);
      default:
        return this.#simple(info);
    }
  }

  item(depth = 0): Cbor {
    const item = this.#next(depth);
    return item === breakCode ? this.#fail('a break where nothing is open') : item;
  }

  end(): void {
    if (this.#at < this.#bytes.length) this.#fail(`${this.#bytes.length - this.#at} bytes too many`);
  }
}

/** One item, of which nothing may be left over. */
export function decodeCbor(bytes: Uint8Array): Cbor {
  const reader = new CborReader(bytes);
  const item = reader.item();
  reader.end();
  return item;
}
