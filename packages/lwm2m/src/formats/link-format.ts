import { malformed } from './content-format.ts';
import { utf8Bytes, utf8Text } from './utf8.ts';

const format = 'link format';

/** One link: where it points to, and its attributes; those without a value are true. */
export interface Link {
  readonly target: string;
  readonly attributes: ReadonlyMap<string, string | true>;
}

const name = /[A-Za-z0-9!#$&+\-.^_`|~*]+/y;
/** A value without quotation marks; wider than RFC 6690's ptoken, since devices put `/` and `=` there as well. */
const bare = /[^",;<>\s]+/y;

class LinkReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  fail(reason: string): never {
    return malformed(format, `${reason} at character ${this.#at}`);
  }

  skip(char: string): boolean {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\n') this.#at++;
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }

  target(): string {
    if (!this.skip('<')) this.fail('a link begins with <');
    const end = this.#text.indexOf('>', this.#at);
    if (end < 0) this.fail('a link is not closed');
    const target = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return target;
  }

  /** What stands between quotation marks, where a backslash takes the next character as it is. */
  #quoted(): string {
    let value = '';
    for (let start = this.#at; ; ) {
      const char = this.#text[this.#at++];
      if (char === undefined) this.fail('a quotation mark is not closed');
      if (char === '"') return value + this.#text.slice(start, this.#at - 1);
      if (char === '\\') {
        value += this.#text.slice(start, this.#at - 1);
        start = this.#at++;
      }
    }
  }

  attribute(): [string, string | true] {
    const key = this.#match(name)?.[0] ?? this.fail('an attribute has no name');
    if (!this.skip('=')) return [key, true];
    return [key, this.skip('"') ? this.#quoted() : (this.#match(bare)?.[0] ?? this.fail(`"${key}" has no value`))];
  }
}

/** Reads links (RFC 6690 §2). Of an attribute that stands there twice the first counts. */
export function parseLinks(payload: Uint8Array): Link[] {
  const reader = new LinkReader(utf8Text(payload, format));
  const links: Link[] = [];
  if (reader.done) return links;
  do {
    const target = reader.target();
    const attributes = new Map<string, string | true>();
    while (reader.skip(';')) {
      const [key, value] = reader.attribute();
      if (!attributes.has(key)) attributes.set(key, value);
    }
    links.push({ target, attributes });
  } while (reader.skip(','));
  if (!reader.done) reader.fail('something stands between two links');
  return links;
}

const isNumber = /^[0-9]+(?:\.[0-9]+)?$/;
/** Attributes that are always quoted, as Pelion's clients and RFC 6690's own examples have them. */
const alwaysQuoted = new Set(['rt', 'if', 'v', 'aobs', 'title', 'anchor']);

/** Writes links. Numbers stand bare (`ct=110`, `ver=1.1`), other values in quotation marks. */
export function formatLinks(links: readonly Link[]): Uint8Array {
  const texts = links.map(({ target, attributes }) => {
    let text = `<${target}>`;
    for (const [key, value] of attributes) {
      if (value === true) text += `;${key}`;
      else if (isNumber.test(value) && !alwaysQuoted.has(key)) text += `;${key}=${value}`;
      else text += `;${key}="${value.replace(/["\\]/g, '\\$&')}"`;
    }
    return text;
  });
  return utf8Bytes(texts.join(','));
}
