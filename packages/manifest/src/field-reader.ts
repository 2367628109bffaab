import { type DerElement, DerReader, der } from '@mooring/pki';
import { manifestErrors } from './errors.ts';

/** An ENUMERATED as its number, or an OBJECT IDENTIFIER in dotted form, where the schema has a CHOICE of the two. */
export type NumberOrIdentifier = number | string;

/** The range of C's `int`, which is how every reader of manifests holds its ENUMERATED values. */
const enumeratedRange = { min: -(2 ** 31), max: 2 ** 31 - 1 };

/** Strict DER, with errors that name the field by its path: `resource.resource.manifest.nonce at byte 73`. */
export class FieldReader extends DerReader {
  readonly #input: Uint8Array;
  readonly #path: string;
  #field: string | undefined;

  constructor(input: Uint8Array, path = '', start = 0, end: number = input.length) {
    super(input, 'the manifest', start, end);
    this.#input = input;
    this.#path = path;
  }

  #pathOf(field: string | undefined): string {
    if (!field) return this.#path;
    return this.#path && !field.startsWith('[') ? `${this.#path}.${field}` : `${this.#path}${field}`;
  }

  override fail(reason: string, offset: number = this.offset): never {
    const path = this.#pathOf(this.#field) || 'the manifest';
    throw manifestErrors('manifest.malformed', {
      message: `${path} at byte ${offset}: ${reason}.`,
      next: 'Check that the file is complete and was not changed on its way.',
      data: { path, offset },
    });
  }

  /** Refuses another tag with a sentence of its own. */
  #expect(tag: number): void {
    if (this.peek() !== tag) this.next(tag);
  }

  /** A nested SEQUENCE, of which nothing may be left over. */
  structure<T>(field: string, read: (fields: FieldReader, element: DerElement) => T): T {
    this.#field = field;
    const element = this.next(der.tags.sequence);
    const fields = new FieldReader(this.#input, this.#pathOf(field), element.contentStart, element.end);
    const value = read(fields, element);
    fields.#field = undefined;
    fields.finish();
    return value;
  }

  optionalStructure<T>(field: string, read: (fields: FieldReader) => T): T | undefined {
    return this.peek() === der.tags.sequence ? this.structure(field, read) : undefined;
  }

  /** A SEQUENCE OF SEQUENCE. */
  list<T>(field: string, read: (fields: FieldReader) => T): T[] {
    return this.structure(field, (items) => {
      const values: T[] = [];
      while (!items.done) values.push(items.structure(`[${values.length}]`, read));
      return values;
    });
  }

  octets(field: string): Uint8Array {
    this.#field = field;
    return this.octetString();
  }

  optionalOctets(field: string): Uint8Array | undefined {
    return this.peek() === der.tags.octetString ? this.octets(field) : undefined;
  }

  /** Empty, or of one length; `undefined` for any length. */
  sizedOctets(field: string, size: number | undefined): Uint8Array {
    const start = this.offset;
    const octets = this.octets(field);
    if (size !== undefined && octets.length !== 0 && octets.length !== size) {
      this.fail(`${size} bytes or none expected, ${octets.length} found`, start);
    }
    return octets;
  }

  utf8(field: string): string {
    this.#field = field;
    this.#expect(der.tags.utf8String);
    return this.text('the text');
  }

  optionalUtf8(field: string): string | undefined {
    return this.peek() === der.tags.utf8String ? this.utf8(field) : undefined;
  }

  whole(field: string): bigint {
    this.#field = field;
    return this.integer();
  }

  /** An INTEGER or ENUMERATED that a JavaScript number holds exactly. */
  #small(field: string, tag: number, min: number, max: number): number {
    this.#field = field;
    const start = this.offset;
    this.#expect(tag);
    const octets = this.integerOctets(undefined, tag);
    let value = (octets[0] as number) < 0x80 ? 0 : -1;
    // Beyond eight bytes nothing is in range, and nothing needs to be exact.
    for (const octet of octets) value = value * 256 + octet;
    if (value < min || value > max) this.fail(`the number is outside ${min} to ${max}`, start);
    return value;
  }

  count(field: string, min = 0): number {
    return this.#small(field, der.tags.integer, min, Number.MAX_SAFE_INTEGER);
  }

  optionalCount(field: string, min = 0): number | undefined {
    return this.peek() === der.tags.integer ? this.count(field, min) : undefined;
  }

  flag(field: string): boolean {
    this.#field = field;
    return this.boolean();
  }

  enumerated(field: string): number {
    return this.#small(field, der.tags.enumerated, enumeratedRange.min, enumeratedRange.max);
  }

  enumeratedOrIdentifier(field: string): NumberOrIdentifier {
    if (this.peek() !== der.tags.objectIdentifier) return this.enumerated(field);
    this.#field = field;
    return this.objectIdentifier();
  }
}
