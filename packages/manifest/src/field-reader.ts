import { type Der, DerReader, der } from '@mooring/pki';
import { copyOf } from './copy.ts';
import { manifestErrors } from './errors.ts';

/** An ENUMERATED as its number, or an OBJECT IDENTIFIER in dotted form, where the schema has a CHOICE of the two. */
export type NumberOrIdentifier = number | string;

const { tags } = der;
const tagNames = new Map<number, string>([
  [tags.boolean, 'BOOLEAN'],
  [tags.integer, 'INTEGER'],
  [tags.octetString, 'OCTET STRING'],
  [tags.objectIdentifier, 'OBJECT IDENTIFIER'],
  [tags.enumerated, 'ENUMERATED'],
  [tags.utf8String, 'UTF8String'],
  [tags.sequence, 'SEQUENCE'],
]);

const tagName = (tag: number): string =>
  tagNames.get(tag) ?? ((tag & 0xc0) === 0x80 ? `[${tag & 0x1f}]` : `tag 0x${tag.toString(16).padStart(2, '0')}`);

/** The range of C's `int`, which is how every reader of manifests holds its ENUMERATED values. */
const enumeratedRange = { min: -(2 ** 31), max: 2 ** 31 - 1 };

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Strict DER (X.690 §8, §10), with errors that name the field by its path: `resource.resource.manifest.nonce at byte
 * 73`. One reader walks through the whole manifest and makes no object for a value but the value: verifying should not
 * wait for decoding.
 */
export class FieldReader {
  readonly #input: Uint8Array;
  readonly #path: string[];
  #field = '';
  #at = 0;
  #end: number;

  /** @param what stands before the fields in errors */
  constructor(input: Uint8Array, what = '') {
    this.#input = input;
    this.#end = input.length;
    this.#path = what ? [what] : [];
  }

  get offset(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** The identifier octet that comes next. */
  peek(): number | undefined {
    return this.#at < this.#end ? this.#input[this.#at] : undefined;
  }

  fail(reason: string, offset: number = this.#at): never {
    const path = [...this.#path, this.#field]
      .filter((part) => part !== '')
      .join('.')
      .replaceAll('.[', '[');
    throw manifestErrors('manifest.malformed', {
      message: `${path || 'the manifest'} at byte ${offset}: ${reason}.`,
      next: 'Check that the file is complete and was not changed on its way.',
      data: { path, offset },
    });
  }

  /** Steps to the contents of the value that has to come next. @returns where they end */
  #enter(field: string, tag: number): number {
    this.#field = field;
    const start = this.#at;
    const end = this.#end;
    if (start >= end) this.fail(`${tagName(tag)} is missing`);
    const found = this.#input[start] as number;
    if (found !== tag) this.fail(`${tagName(tag)} expected, ${tagName(found)} found`);
    if (start + 1 >= end) this.fail('the length is missing', start + 1);
    let length = this.#input[start + 1] as number;
    let contents = start + 2;
    if (length >= 0x80) {
      const count = length - 0x80;
      if (count === 0) this.fail('an indefinite length is not DER', start + 1);
      if (count > 4) this.fail('the length does not make sense', start + 1);
      if (contents + count > end) this.fail('the length is cut off', start + 1);
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + (this.#input[contents + i] as number);
      if (length < 0x80 || this.#input[contents] === 0) this.fail('the length is not in its shortest form', start + 1);
      contents += count;
    }
    if (contents + length > end) {
      this.fail(`${tagName(tag)} is cut off: ${length} bytes announced, ${end - contents} there`, start);
    }
    this.#at = contents;
    return contents + length;
  }

  /** A nested SEQUENCE, of which nothing may be left over. */
  structure<T>(field: string, read: (fields: FieldReader) => T): T {
    const contentsEnd = this.#enter(field, tags.sequence);
    const outerEnd = this.#end;
    this.#end = contentsEnd;
    this.#path.push(field);
    const value = read(this);
    this.#field = '';
    this.finish();
    this.#path.pop();
    this.#end = outerEnd;
    return value;
  }

  optionalStructure<T>(field: string, read: (fields: FieldReader) => T): T | undefined {
    return this.peek() === tags.sequence ? this.structure(field, read) : undefined;
  }

  /** A SEQUENCE OF SEQUENCE. */
  list<T>(field: string, read: (fields: FieldReader) => T): T[] {
    return this.structure(field, () => {
      const values: T[] = [];
      while (!this.done) values.push(this.structure(`[${values.length}]`, read));
      return values;
    });
  }

  /** Refuses whatever is left. */
  finish(): void {
    if (this.#at < this.#end) this.fail(`${this.#end - this.#at} bytes too many`);
  }

  /** What was read since `start`, as it stands in the input. */
  since(start: number): Der {
    return this.#input.subarray(start, this.#at) as Der;
  }

  octets(field: string, tag: number = tags.octetString): Uint8Array {
    const end = this.#enter(field, tag);
    const octets = copyOf(this.#input, this.#at, end);
    this.#at = end;
    return octets;
  }

  optionalOctets(field: string, tag: number = tags.octetString): Uint8Array | undefined {
    return this.peek() === tag ? this.octets(field, tag) : undefined;
  }

  /** Empty, or of one length; `undefined` for any length. */
  sizedOctets(field: string, size: number | undefined): Uint8Array {
    const start = this.#at;
    const octets = this.octets(field);
    if (size !== undefined && octets.length !== 0 && octets.length !== size) {
      this.fail(`${size} bytes or none expected, ${octets.length} found`, start);
    }
    return octets;
  }

  utf8(field: string): string {
    const start = this.#at;
    const end = this.#enter(field, tags.utf8String);
    try {
      const text = strictUtf8.decode(this.#input.subarray(this.#at, end));
      this.#at = end;
      return text;
    } catch {
      this.fail('the text is not valid UTF-8', start);
    }
  }

  optionalUtf8(field: string): string | undefined {
    return this.peek() === tags.utf8String ? this.utf8(field) : undefined;
  }

  /** Steps into a number, which has to be minimal. @returns where it ends */
  #enterNumber(field: string, tag: number): number {
    const start = this.#at;
    const end = this.#enter(field, tag);
    const first = this.#input[this.#at] as number;
    if (end === this.#at) this.fail('the number is empty', start);
    if (end - this.#at > 1) {
      const high = (this.#input[this.#at + 1] as number) >= 0x80;
      if ((first === 0 && !high) || (first === 0xff && high))
        this.fail('the number is not in its shortest form', start);
    }
    return end;
  }

  /** The number up to `end`: exact as far as a JavaScript number can be, which is as far as `small` allows. */
  #numberTo(end: number): number {
    let value = (this.#input[this.#at] as number) < 0x80 ? 0 : -1;
    while (this.#at < end) value = value * 256 + (this.#input[this.#at++] as number);
    return value;
  }

  whole(field: string): bigint {
    const end = this.#enterNumber(field, tags.integer);
    const size = end - this.#at;
    if (size <= 6) return BigInt(this.#numberTo(end));
    const hex = Buffer.from(this.#input.subarray(this.#at, end)).toString('hex');
    this.#at = end;
    return BigInt.asIntN(size * 8, BigInt(`0x${hex}`));
  }

  #small(field: string, tag: number, min: number, max: number): number {
    const start = this.#at;
    const value = this.#numberTo(this.#enterNumber(field, tag));
    if (value < min || value > max) this.fail(`the number is outside ${min} to ${max}`, start);
    return value;
  }

  /** An INTEGER that a JavaScript number holds exactly. */
  count(field: string, min = 0): number {
    return this.#small(field, tags.integer, min, Number.MAX_SAFE_INTEGER);
  }

  optionalCount(field: string, min = 0): number | undefined {
    return this.peek() === tags.integer ? this.count(field, min) : undefined;
  }

  flag(field: string): boolean {
    const start = this.#at;
    const end = this.#enter(field, tags.boolean);
    const value = this.#input[this.#at];
    if (end !== this.#at + 1 || (value !== 0 && value !== 0xff)) this.fail('a BOOLEAN is one byte, 00 or FF', start);
    this.#at = end;
    return value === 0xff;
  }

  enumerated(field: string): number {
    return this.#small(field, tags.enumerated, enumeratedRange.min, enumeratedRange.max);
  }

  enumeratedOrIdentifier(field: string): NumberOrIdentifier {
    if (this.peek() !== tags.objectIdentifier) return this.enumerated(field);
    const start = this.#at;
    const end = this.#enter(field, tags.objectIdentifier);
    this.#at = end;
    try {
      return new DerReader(this.#input, 'the manifest', start, end).objectIdentifier();
    } catch {
      this.fail('the object identifier is damaged or not in its shortest form', start);
    }
  }
}
