import { der } from '@mooring/pki';

/** Errors of Mbed TLS's ASN.1 functions, which the clients use or copied. */
export const derErrors = {
  outOfData: -0x60,
  unexpectedTag: -0x62,
  invalidLength: -0x64,
  lengthMismatch: -0x66,
} as const;

/**
 * Reads DER as the clients' C code does: lengths of up to four bytes in any form, no look at what is inside a text, and
 * a position that has moved when a read fails half way. Reads return 0 or one of `derErrors`.
 */
export class DerCursor {
  readonly input: Uint8Array;
  /** Where the next read starts; may lie behind the end. */
  at: number;
  /** Contents of the last value that was found, or whatever length an earlier read left behind. */
  length = 0;
  /** What `int`, `int64` or `enumerated` read last. */
  value = 0n;

  constructor(input: Uint8Array, at = 0) {
    this.input = input;
    this.at = at;
  }

  #lengthOctets(end: number): number {
    if (end - this.at < 1) return derErrors.outOfData;
    const first = this.input[this.at] as number;
    if (first < 0x80) {
      this.length = first;
      this.at += 1;
    } else {
      const count = first & 0x7f;
      if (count === 0 || count > 4) return derErrors.invalidLength;
      if (end - this.at < 1 + count) return derErrors.outOfData;
      this.length = 0;
      for (let i = 1; i <= count; i++) this.length = this.length * 256 + (this.input[this.at + i] as number);
      this.at += 1 + count;
    }
    return this.length > end - this.at ? derErrors.outOfData : 0;
  }

  /** Finds a value with this tag and stops before its contents. */
  tag(end: number, tag: number): number {
    if (end - this.at < 1) return derErrors.outOfData;
    if (this.input[this.at] !== tag) return derErrors.unexpectedTag;
    this.at += 1;
    return this.#lengthOctets(end);
  }

  /** Contents of the value that `tag` found. */
  get content(): Uint8Array {
    return this.input.subarray(this.at, this.at + this.length);
  }

  skip(): void {
    this.at += this.length;
  }

  #unsigned(end: number, tag: number, size: number): number {
    const outer = this.length;
    const error = this.tag(end, tag);
    const { length } = this;
    // These functions keep the length to themselves.
    this.length = outer;
    if (error) return error;
    if (length === 0 || length > size || (this.input[this.at] as number) >= 0x80) return derErrors.invalidLength;
    this.value = 0n;
    for (let i = 0; i < length; i++) this.value = (this.value << 8n) | BigInt(this.input[this.at + i] as number);
    this.at += length;
    return 0;
  }

  /** INTEGER from 0 to 2^63-1. */
  int64(end: number): number {
    return this.#unsigned(end, der.tags.integer, 8);
  }

  /** ENUMERATED from 0 to 2^31-1. */
  enumerated(end: number): number {
    return this.#unsigned(end, der.tags.enumerated, 4);
  }

  /** INTEGER from 0 to 2^31-1; zeros in front are skipped. */
  int(end: number): number {
    const outer = this.length;
    const error = this.tag(end, der.tags.integer);
    let { length } = this;
    this.length = outer;
    if (error) return error;
    if (length === 0 || (this.input[this.at] as number) >= 0x80) return derErrors.invalidLength;
    while (length > 0 && this.input[this.at] === 0) {
      this.at += 1;
      length -= 1;
    }
    if (length > 4 || (length === 4 && (this.input[this.at] as number) >= 0x80)) return derErrors.invalidLength;
    this.value = 0n;
    for (let i = 0; i < length; i++) this.value = (this.value << 8n) | BigInt(this.input[this.at + i] as number);
    this.at += length;
    return 0;
  }

  /**
   * A SEQUENCE OF SEQUENCE that must reach exactly to `end`; one that does not leaves the position before its contents.
   *
   * @param items gets where the contents of each member start
   */
  sequenceOf(end: number, items: number[]): number {
    const outer = this.length;
    try {
      const error = this.tag(end, der.tags.sequence);
      if (error) return error;
      if (this.at + this.length !== end) return derErrors.lengthMismatch;
      while (this.at < end) {
        const itemError = this.tag(end, der.tags.sequence);
        if (itemError) return itemError;
        items.push(this.at);
        this.skip();
      }
      return 0;
    } finally {
      this.length = outer;
    }
  }
}
