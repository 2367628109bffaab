import { contextTag, type Der, derBytes, tags } from './der.ts';
import { pkiErrors } from './errors.ts';

/** One DER value and where it stands in the input that the first reader was given. */
export interface DerElement {
  /** Identifier octet. */
  readonly tag: number;
  /** Offset of the identifier octet. */
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
  /** Contents octets: a view on the input. */
  readonly content: Uint8Array;
  /** The whole value, header included: a view on the input. */
  readonly bytes: Der;
}

const tagNames = new Map<number, string>(
  Object.entries(tags).map(([name, tag]) => [
    tag,
    name.replace(/^./, (letter) => letter.toUpperCase()).replace(/(?<=[a-z])([A-Z])/g, ' $1'),
  ]),
);

function tagName(tag: number): string {
  const name = tagNames.get(tag);
  if (name) return name.toUpperCase();
  return (tag & 0xc0) === 0x80 ? `[${tag & 0x1f}]` : `tag 0x${tag.toString(16).padStart(2, '0')}`;
}

/**
 * Reads DER strictly (X.690 §8 and §10): definite lengths in their shortest form, low tag numbers, minimal integers,
 * booleans 00 or FF. Every error is `pki.der.malformed` and names `what` and the byte offset.
 */
export class DerReader {
  readonly #input: Uint8Array;
  readonly #what: string;
  readonly #end: number;
  #at: number;

  /** @param what the thing that is read, as it stands in errors: `the certificate` */
  constructor(input: Uint8Array, what: string, start = 0, end: number = input.length) {
    this.#input = input;
    this.#what = what;
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  get offset(): number {
    return this.#at;
  }

  /** The identifier octet that comes next. */
  peek(): number | undefined {
    return this.done ? undefined : this.#input[this.#at];
  }

  fail(reason: string, offset: number = this.#at): never {
    throw pkiErrors('pki.der.malformed', {
      message: `Byte ${offset} of ${this.#what}: ${reason}.`,
      next: 'Check that the file is complete and was not changed on its way.',
      data: { offset },
    });
  }

  /** @param field what is expected, for the error */
  next(tag?: number, field?: string): DerElement {
    const start = this.#at;
    const wanted = field ?? (tag === undefined ? 'a value' : tagName(tag));
    if (this.done) this.fail(`${wanted} is missing`);
    const found = this.#input[start] as number;
    if (tag !== undefined && found !== tag) {
      this.fail(`${tagName(tag)}${field ? ` (${field})` : ''} expected, ${tagName(found)} found`);
    }
    if ((found & 0x1f) === 0x1f) this.fail('a tag number above 30 is not used here');
    if ((found & 0xdf) === 0) this.fail('the end-of-contents tag has no place in DER');
    const contentStart = start + 1 + this.#lengthSize(start + 1);
    const end = contentStart + this.#length(start + 1);
    if (end > this.#end) {
      this.fail(
        `${wanted} is cut off: ${end - contentStart} bytes announced, ${this.#end - contentStart} there`,
        start,
      );
    }
    this.#at = end;
    return {
      tag: found,
      start,
      contentStart,
      end,
      content: this.#input.subarray(contentStart, end),
      bytes: this.#input.subarray(start, end) as Der,
    };
  }

  #lengthSize(at: number): number {
    if (at >= this.#end) this.fail('the length is missing', at);
    const first = this.#input[at] as number;
    if (first < 0x80) return 1;
    if (first === 0x80) this.fail('an indefinite length is not DER', at);
    if (first - 0x80 > 4) this.fail('the length does not make sense', at);
    if (at + (first - 0x80) >= this.#end) this.fail('the length is cut off', at);
    return 1 + (first - 0x80);
  }

  #length(at: number): number {
    const first = this.#input[at] as number;
    if (first < 0x80) return first;
    let length = 0;
    for (let i = 1; i <= first - 0x80; i++) length = length * 256 + (this.#input[at + i] as number);
    if (length < 0x80 || this.#input[at + 1] === 0) this.fail('the length is not in its shortest form', at);
    return length;
  }

  optional(tag: number): DerElement | undefined {
    return this.peek() === tag ? this.next(tag) : undefined;
  }

  /** A reader over the contents of the next value; offsets stay those of the whole input. */
  enter(tag: number = tags.sequence, field?: string): DerReader {
    const element = this.next(tag, field);
    return new DerReader(this.#input, this.#what, element.contentStart, element.end);
  }

  /** As `enter` of `[number]`, undefined where it is not there. */
  optionalContext(number: number): DerReader | undefined {
    return this.peek() === contextTag(number) ? this.enter(contextTag(number)) : undefined;
  }

  /** A reader over the contents of a value that `next` gave. */
  within(element: DerElement): DerReader {
    return new DerReader(this.#input, this.#what, element.contentStart, element.end);
  }

  /** Refuses whatever is left. */
  finish(): void {
    if (!this.done) this.fail(`${this.#end - this.#at} bytes too many`);
  }

  boolean(field?: string): boolean {
    const element = this.next(tags.boolean, field);
    const value = element.content[0];
    if (element.content.length !== 1 || (value !== 0 && value !== 0xff)) {
      this.fail('a BOOLEAN is one byte, 00 or FF', element.start);
    }
    return value === 0xff;
  }

  /** Contents of an INTEGER or ENUMERATED, checked to be minimal. */
  integerOctets(field?: string, tag: number = tags.integer): Uint8Array {
    const element = this.next(tag, field);
    const [first, second] = element.content;
    if (first === undefined) this.fail(`${field ?? 'a number'} is empty`, element.start);
    const high = (second ?? 0) >= 0x80;
    if (second !== undefined && ((first === 0 && !high) || (first === 0xff && high))) {
      this.fail(`${field ?? 'a number'} is not in its shortest form`, element.start);
    }
    return element.content;
  }

  integer(field?: string, tag: number = tags.integer): bigint {
    const octets = this.integerOctets(field, tag);
    return BigInt.asIntN(octets.length * 8, BigInt(`0x${Buffer.from(octets).toString('hex')}`));
  }

  /** An INTEGER (or ENUMERATED) that has to lie in a range. */
  number(field: string, min = 0, max: number = Number.MAX_SAFE_INTEGER, tag: number = tags.integer): number {
    const start = this.#at;
    const value = this.integer(field, tag);
    if (value < BigInt(min) || value > BigInt(max)) this.fail(`${field} is ${value}, outside ${min} to ${max}`, start);
    return Number(value);
  }

  octetString(field?: string): Uint8Array {
    return new Uint8Array(this.next(tags.octetString, field).content);
  }

  /** A BIT STRING of whole bytes. */
  bitString(field?: string): Uint8Array {
    const { bytes, unused } = this.bits(field);
    if (unused !== 0) this.fail(`${field ?? 'a BIT STRING'} does not end with a whole byte`);
    return bytes;
  }

  bits(field?: string): { bytes: Uint8Array; unused: number } {
    const element = this.next(tags.bitString, field);
    const unused = element.content[0];
    const last = element.content.length > 1 ? (element.content.at(-1) as number) : 0;
    if (unused === undefined || unused > 7 || (element.content.length === 1 && unused > 0)) {
      this.fail('a BIT STRING starts with the number of its unused bits', element.start);
    }
    if ((last & ((1 << unused) - 1)) !== 0) this.fail('unused bits of a BIT STRING are zero in DER', element.start);
    return { bytes: new Uint8Array(element.content.subarray(1)), unused };
  }

  objectIdentifier(field?: string): string {
    const element = this.next(tags.objectIdentifier, field);
    const arcs: bigint[] = [];
    let arc = 0n;
    let started = false;
    for (const octet of element.content) {
      if (!started && octet === 0x80) this.fail('an object identifier is not in its shortest form', element.start);
      started = true;
      arc = (arc << 7n) | BigInt(octet & 0x7f);
      if (arc >= 1n << 128n) this.fail('an object identifier is too large', element.start);
      if (octet < 0x80) {
        arcs.push(arc);
        arc = 0n;
        started = false;
      }
    }
    const first = arcs.shift();
    if (first === undefined || started) this.fail('an object identifier is cut off', element.start);
    const top = first < 40n ? 0n : first < 80n ? 1n : 2n;
    return [top, first - top * 40n, ...arcs].join('.');
  }

  /** A UTCTime or GeneralizedTime as RFC 5280 §4.1.2.5 allows it: seconds, no fractions, `Z`. */
  time(field?: string): Date {
    const element = this.next(undefined, field ?? 'a time');
    const text = Buffer.from(element.content).toString('latin1');
    let full: string;
    if (element.tag === tags.utcTime) full = (Number(text.slice(0, 2)) < 50 ? '20' : '19') + text;
    else if (element.tag === tags.generalizedTime) full = text;
    else this.fail(`a time expected, ${tagName(element.tag)} found`, element.start);
    const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full);
    const [, year, month, day, hour, minute, second] = match ?? [];
    const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    // Date turns 31 February into March; a date that does not read back as itself is none.
    if (!match || Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(day)) {
      this.fail(`"${text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 24)}" is not a time`, element.start);
    }
    return date;
  }

  /** Text of any of the string types, judged by its own tag. */
  text(field?: string): string {
    const element = this.next(undefined, field ?? 'a text');
    const text = textOf(element);
    if (text === undefined) this.fail(`${field ?? 'a text'} is not valid ${tagName(element.tag)}`, element.start);
    return text;
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a string value, undefined where it is not a string type or not valid in it. */
export function textOf(element: DerElement): string | undefined {
  const { content } = element;
  switch (element.tag) {
    case tags.utf8String:
      try {
        return strictUtf8.decode(content);
      } catch {
        return undefined;
      }
    case tags.printableString:
    case tags.numericString:
    case tags.ia5String:
    case tags.visibleString:
      return content.every((octet) => octet < 0x80) ? Buffer.from(content).toString('latin1') : undefined;
    // T.61 as everybody reads it: Latin 1.
    case tags.teletexString:
      return Buffer.from(content).toString('latin1');
    case tags.bmpString:
      return wideText(content, 2);
    case tags.universalString:
      return wideText(content, 4);
    default:
      return undefined;
  }
}

function wideText(content: Uint8Array, width: 2 | 4): string | undefined {
  if (content.length % width !== 0) return undefined;
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  let text = '';
  for (let at = 0; at < content.length; at += width) {
    const code = width === 2 ? view.getUint16(at) : view.getUint32(at);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
    text += String.fromCodePoint(code);
  }
  return text;
}

/** The one DER value that these bytes are. */
export function readWhole(input: Uint8Array, what: string, tag?: number): DerElement {
  const reader = new DerReader(input, what);
  const element = reader.next(tag);
  reader.finish();
  return element;
}

/** A copy of these bytes, once they are known to be exactly one DER value. */
export const derFrom = (input: Uint8Array, what: string): Der => derBytes(readWhole(input, what).bytes);
