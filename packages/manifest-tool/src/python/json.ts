/** What Python's `json` makes of a text. Integers are exact: `number` where that holds them, `bigint` beyond. */
export type PythonJson =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly PythonJson[]
  | { readonly [key: string]: PythonJson };

export type PythonObject = { readonly [key: string]: PythonJson };

export const isObject = (value: unknown): value is PythonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** A text that Python's `json.loads` refuses, with its words for the reason: scripts look at them. */
export class JsonDecodeError extends Error {
  constructor(reason: string, text: string, at: number) {
    const before = text.slice(0, at);
    const line = before.split('\n').length;
    const column = [...before.slice(before.lastIndexOf('\n') + 1)].length + 1;
    super(`${reason}: line ${line} column ${column} (char ${[...before].length})`);
  }
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const numberForm = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const words: Readonly<Record<string, PythonJson>> = {
  null: null,
  true: true,
  false: false,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};
/** Deeper than any manifest input; Python's own limit is near a thousand. */
const deepest = 200;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): PythonJson {
    if (this.#text.startsWith('\ufeff')) throw this.#refuse('Unexpected UTF-8 BOM (decode using utf-8-sig)', 0);
    this.#space();
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#refuse('Extra data');
    return value;
  }

  #refuse(reason: string, at = this.#at): JsonDecodeError {
    return new JsonDecodeError(reason, this.#text, at);
  }

  #space(): void {
    while (this.#at < this.#text.length && ' \t\n\r'.includes(this.#text[this.#at] as string)) this.#at++;
  }

  #value(depth: number): PythonJson {
    if (depth > deepest) throw this.#refuse('Nested too deeply');
    const first = this.#text[this.#at];
    if (first === '"') return this.#string();
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    for (const [word, value] of Object.entries(words)) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    numberForm.lastIndex = this.#at;
    const found = numberForm.exec(this.#text);
    if (!found) throw this.#refuse('Expecting value');
    this.#at += found[0].length;
    if (found[1] || found[2]) return Number(found[0]);
    return Number.isSafeInteger(Number(found[0])) ? Number(found[0]) : BigInt(found[0]);
  }

  #array(depth: number): PythonJson {
    const items: PythonJson[] = [];
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === ']') {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(this.#value(depth + 1));
      this.#space();
      const next = this.#text[this.#at];
      if (next === ']') break;
      if (next !== ',') throw this.#refuse("Expecting ',' delimiter");
      this.#at++;
      this.#space();
    }
    this.#at++;
    return items;
  }

  #object(depth: number): PythonJson {
    const entries: [string, PythonJson][] = [];
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#at++;
      return {};
    }
    for (;;) {
      if (this.#text[this.#at] !== '"') throw this.#refuse('Expecting property name enclosed in double quotes');
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ':') throw this.#refuse("Expecting ':' delimiter");
      this.#at++;
      this.#space();
      entries.push([key, this.#value(depth + 1)]);
      this.#space();
      const next = this.#text[this.#at];
      if (next === '}') break;
      if (next !== ',') throw this.#refuse("Expecting ',' delimiter");
      this.#at++;
      this.#space();
    }
    this.#at++;
    // A name that is there twice has the last value, as in Python; `__proto__` is a name like any other.
    return Object.fromEntries(entries);
  }

  #string(): string {
    const start = this.#at++;
    let text = '';
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) throw this.#refuse('Unterminated string starting at', start);
      this.#at++;
      if (char === '"') return text;
      if (char < ' ') throw this.#refuse('Invalid control character at', this.#at - 1);
      text += char === '\\' ? this.#escape(start) : char;
    }
  }

  #escape(start: number): string {
    const char = this.#text[this.#at];
    if (char === undefined) throw this.#refuse('Unterminated string starting at', start);
    if (char !== 'u') {
      const meant = escapes[char];
      if (meant === undefined) throw this.#refuse('Invalid \\escape', this.#at - 1);
      this.#at++;
      return meant;
    }
    const digits = this.#text.slice(this.#at + 1, this.#at + 5);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#refuse('Invalid \\uXXXX escape', this.#at);
    this.#at += 5;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
}

/**
 * Reads JSON as Python's `json.loads` does: also NaN and Infinity, integers of any size, the last of equal names.
 *
 * @throws JsonDecodeError
 */
export const readJson = (text: string): PythonJson => new Reader(text).whole();

const ascii = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** JSON as Python's `json.dumps` writes it: ASCII only, names in the order given, no final newline. */
export function writeJson(value: PythonJson, indent?: number, depth = 0): string {
  if (typeof value === 'string') return ascii(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const isList = Array.isArray(value);
  const parts = isList
    ? (value as readonly PythonJson[]).map((item) => writeJson(item, indent, depth + 1))
    : Object.entries(value).map(([key, item]) => `${ascii(key)}: ${writeJson(item, indent, depth + 1)}`);
  const [open, close] = isList ? '[]' : '{}';
  if (parts.length === 0) return `${open}${close}`;
  if (indent === undefined) return `${open}${parts.join(', ')}${close}`;
  const pad = ' '.repeat(indent * (depth + 1));
  return `${open}\n${pad}${parts.join(`,\n${pad}`)}\n${' '.repeat(indent * depth)}${close}`;
}
