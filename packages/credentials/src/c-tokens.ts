import { cProblem, getAnew } from './c-problem.ts';

export interface CToken {
  kind: 'word' | 'number' | 'string' | 'char' | 'punctuation';
  text: string;
  line: number;
  /** Bytes of a string or character literal, escapes resolved. */
  value?: Uint8Array;
}

const blank = /(?:[ \t\v\f\n]+|\\\n)+/y;
const lineComment = /\/\/(?:[^\\\n]+|\\\n|\\)*/y;
const blockComment = /\/\*[\s\S]*?\*\//y;
const directivePart = /\\\n|"[^"\n]*"|[^\n]/y;
const word = /[A-Za-z_]\w*/y;
const number = /\.?\d[\w.]*/y;
const punctuation = /[^\w\s"'\\]/y;
const splice = /\\\n/y;
const plainText = /[^"'\\\n]+|['"]/y;
const escaped = /\\(?:x[0-9a-fA-F]+|[0-7]{1,3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^\n])/y;
const wideString = /^(?:L|u|U|R|u8R|LR|uR|UR)$/;

const simpleEscapes: ReadonlyMap<string, number> = new Map([
  ['n', 10],
  ['t', 9],
  ['r', 13],
  ['a', 7],
  ['b', 8],
  ['f', 12],
  ['v', 11],
  ['\\', 92],
  ["'", 39],
  ['"', 34],
  ['?', 63],
]);

/** Source text as it may stand in a message: short, and nothing that a terminal would obey. */
export function shown(text: string): string {
  const plain = text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '?');
  return plain.length > 40 ? `${plain.slice(0, 40)}…` : plain;
}

/**
 * Splits C source into tokens. Comments and preprocessor lines are left out; lines may end in LF, CRLF or CR.
 *
 * @throws MooringError `credentials.source.malformed`
 */
export function tokenize(source: string, file: string): CToken[] {
  const text = source.replaceAll(/\r\n?/g, '\n');
  const tokens: CToken[] = [];
  let at = text.startsWith('\ufeff') ? 1 : 0;
  let line = 1;
  let lineStart = true;

  const fail = (reason: string): never => {
    throw cProblem('credentials.source.malformed', { file, line }, reason, getAnew);
  };

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }

  function countLines(passed: string): void {
    for (let i = passed.indexOf('\n'); i >= 0; i = passed.indexOf('\n', i + 1)) line++;
  }

  function skipComment(): boolean {
    const found = take(lineComment) ?? take(blockComment);
    if (found !== undefined) countLines(found);
    else if (text.startsWith('/*', at)) fail('the comment that begins here has no end');
    return found !== undefined;
  }

  /** A directive reaches to the end of its line; a comment inside it may go further. */
  function skipDirective(): void {
    while (at < text.length && text[at] !== '\n') {
      if (!skipComment()) countLines(take(directivePart) ?? '');
    }
  }

  function literal(quote: '"' | "'"): Uint8Array {
    const parts: Uint8Array[] = [];
    at++;
    while (text[at] !== quote) {
      if (at >= text.length || text[at] === '\n') {
        fail(`a ${quote === '"' ? 'text' : 'character'} has no closing ${quote} on its line`);
      } else if (take(splice) !== undefined) line++;
      else if (text[at] === '\\') parts.push(escapeSequence());
      else parts.push(Buffer.from(take(plainText) ?? '', 'utf8'));
    }
    at++;
    return new Uint8Array(Buffer.concat(parts));
  }

  function escapeSequence(): Uint8Array {
    const found = take(escaped) ?? fail('a backslash stands alone');
    const body = found.slice(1);
    if (/^[0-7]/.test(body)) return byteEscape(found, Number.parseInt(body, 8));
    if (/^x./.test(body)) return byteEscape(found, Number.parseInt(body.slice(1), 16));
    if (/^[uU]./.test(body)) {
      const code = Number.parseInt(body.slice(1), 16);
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) fail(`${found} is not a character`);
      return Buffer.from(String.fromCodePoint(code), 'utf8');
    }
    return Uint8Array.of(simpleEscapes.get(body) ?? fail(`${shown(found)} is not an escape of C`));
  }

  function byteEscape(found: string, value: number): Uint8Array {
    if (value > 0xff) fail(`${shown(found)} does not fit in a byte`);
    return Uint8Array.of(value);
  }

  for (;;) {
    const passed = take(blank);
    if (passed !== undefined) {
      if (passed.includes('\n')) lineStart = true;
      countLines(passed);
    }
    if (at >= text.length) return tokens;
    if (skipComment()) continue;
    const first = text[at] as string;
    if (first === '#' && lineStart) {
      skipDirective();
      continue;
    }
    lineStart = false;
    const start = line;
    const from = at;
    if (first === '"' || first === "'") {
      const value = literal(first);
      tokens.push({ kind: first === '"' ? 'string' : 'char', text: text.slice(from, at), line: start, value });
      continue;
    }
    const name = take(word);
    if (name !== undefined) {
      const isPrefix = text[at] === '"';
      if (isPrefix && wideString.test(name)) fail(`a text with the prefix ${name} is not one of bytes`);
      if (!isPrefix || name !== 'u8') tokens.push({ kind: 'word', text: name, line: start });
      continue;
    }
    const digits = take(number);
    if (digits !== undefined) {
      tokens.push({ kind: 'number', text: digits, line: start });
      continue;
    }
    const sign = take(punctuation) ?? fail(`"${shown(first)}" has no place here`);
    tokens.push({ kind: 'punctuation', text: sign, line: start });
  }
}

export const isSign = (token: CToken | undefined, sign: string): boolean =>
  token?.kind === 'punctuation' && token.text === sign;
