import { type Der, der } from '@mooring/pki';
import { copyOf } from './copy.ts';
import type { NumberOrIdentifier } from './field-reader.ts';

const { tags } = der;
const keptSize = 64 * 1024;
const encoder = new TextEncoder();

// One writer works at a time, so they share a buffer; a large one is not kept.
let scratch = new Uint8Array(4096);

/**
 * Writes DER in one go into one buffer: with an object for every value, as certificates are written, encoding would
 * take a third of the time of signing.
 */
export class FieldWriter {
  #bytes = scratch;
  #at = 0;

  #makeRoom(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + size));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }

  /** Puts the length of what was written since `start`, for which one byte was left. */
  #close(start: number): void {
    const contents = start + 2;
    const length = this.#at - contents;
    if (length < 0x80) {
      this.#bytes[start + 1] = length;
      return;
    }
    let count = 1;
    while (length >= 2 ** (8 * count)) count++;
    this.#makeRoom(count);
    this.#bytes.copyWithin(contents + count, contents, this.#at);
    this.#bytes[start + 1] = 0x80 | count;
    for (let i = 0; i < count; i++) this.#bytes[contents + i] = Math.floor(length / 2 ** (8 * (count - 1 - i))) % 256;
    this.#at += count;
  }

  #open(tag: number): number {
    this.#makeRoom(2);
    const start = this.#at;
    this.#bytes[start] = tag;
    this.#at += 2;
    return start;
  }

  sequence(write: () => void): void {
    const start = this.#open(tags.sequence);
    write();
    this.#close(start);
  }

  /** A SEQUENCE OF. */
  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.sequence(() => {
      for (const item of items) this.sequence(() => write(item));
    });
  }

  octets(octets: Uint8Array): void {
    const start = this.#open(tags.octetString);
    this.encoded(octets);
    this.#close(start);
  }

  text(text: string): void {
    const start = this.#open(tags.utf8String);
    this.#makeRoom(3 * text.length);
    this.#at += encoder.encodeInto(text, this.#bytes.subarray(this.#at)).written;
    this.#close(start);
  }

  flag(value: boolean): void {
    const start = this.#open(tags.boolean);
    this.#makeRoom(1);
    this.#bytes[this.#at++] = value ? 0xff : 0;
    this.#close(start);
  }

  #number(tag: number, value: number): void {
    const start = this.#open(tag);
    let count = 1;
    while (value < -(2 ** (8 * count - 1)) || value >= 2 ** (8 * count - 1)) count++;
    this.#makeRoom(count);
    for (let i = count - 1; i >= 0; i--) this.#bytes[this.#at++] = Math.floor(value / 2 ** (8 * i));
    this.#close(start);
  }

  integer(value: number | bigint): void {
    const number = Number(value);
    if (Number.isSafeInteger(number)) this.#number(tags.integer, number);
    else this.encoded(der.integer(value));
  }

  enumerated(value: NumberOrIdentifier): void {
    if (typeof value === 'number') this.#number(tags.enumerated, value);
    else this.encoded(der.objectIdentifier(value));
  }

  /** Bytes that are DER already. */
  encoded(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  finish(): Der {
    if (this.#bytes.length <= keptSize) scratch = this.#bytes;
    return copyOf(this.#bytes, 0, this.#at) as Der;
  }
}

export function written(write: (writer: FieldWriter) => void): Der {
  const writer = new FieldWriter();
  write(writer);
  return writer.finish();
}
