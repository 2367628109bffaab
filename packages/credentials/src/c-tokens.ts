import { cProblem, getAnew } from './c-problem.ts';

export interface CToken {
  kind: 'word' | 'number' | 'string' | 'char' | 'punctuation';
  text: string;
  line: number;
  /** Bytes of a string or character literal, escapes resolved. */
  value?: Uint8Array;
}

const blank = /(?:[ \t\v\f\r\n]+|\\\r?\n)+/y;
const lineComment = /\/\/(?:\\\r?\n|[^\n])*/y;
const blockComment = /\/\*[\s\S]*?\*\//y;
const word = /[A-Za-z_]\w*/y;
const number = /\.?\d[\w.]*/y;
const punctuation = /[^\w\s"'\\]/y;
const simpleEscapes: Record<string, number> = {
  n: 10,
  t: 9,
  r: 13,
  a: 7,
  b: 8,
  f: 12,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
  '?': 63,
};

/**
 * Splits C source into tokens. Comments and preprocessor lines are left out.
 *
 * @throws MooringError `credentials.source.malformed`
 */
export function tokenize(text: string, file: string): CToken[] {
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
      if (skipComment()) continue;
      const found = take(/\\\r?\n|"[^"\n]*"|[\s\S]/y) ?? '';
      countLines(found);
    }
  }

  function literal(quote: '"' | "'"): Uint8Array {
    const bytes: number[] = [];
    const kind = quote === '"' ? 'string' : 'character';
    at++;
    while (text[at] !== quote) {
      const spliced = take(/\\\r?\n/y);
      if (spliced) line++;
      else if (at >= text.length || text[at] === '\n') fail(`a ${kind} has no closing ${quote} on its line`);
      else if (text[at] === '\\') bytes.push(...escapeSequence());
      else bytes.push(...Buffer.from(take(/[^"'\\\n]+|['"]/y) ?? '', 'utf8'));
    }
    at++;
    return Uint8Array.from(bytes);
  }

  function escapeSequence(): Iterable<number> {
    const found =
      take(/\\(?:x[0-9a-fA-F]+|[0-7]{1,3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\s\S])/y) ?? fail('a lone backslash');
    const body = found.slice(1);
    if (/^[0-7]/.test(body)) return byteEscape(found, Number.parseInt(body, 8));
    if (/^x./.test(body)) return byteEscape(found, Number.parseInt(body.slice(1), 16));
    if (/^[uU]./.test(body)) {
      const code = Number.parseInt(body.slice(1), 16);
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) fail(`${found} is not a character`);
      return Buffer.from(String.fromCodePoint(code), 'utf8');
    }
    const simple = simpleEscapes[body] ?? fail(`"${found}" is not an escape of C`);
    return [simple];
  }

  function byteEscape(found: string, value: number): number[] {
    if (value > 0xff) fail(`${found} does not fit in a byte`);
    return [value];
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
    if (first === '"' || first === "'") {
      const from = at;
      const value = literal(first);
      tokens.push({ kind: first === '"' ? 'string' : 'char', text: text.slice(from, at), line: start, value });
      continue;
    }
    const found = take(word) ?? take(number);
    if (found !== undefined) {
      const next = text[at];
      if (next === '"' && /^(L|u|U|R|u8R|LR|uR|UR)$/.test(found)) {
        fail(`a string with the prefix ${found} is not one of bytes`);
      }
      if (next === '"' && found === 'u8') continue;
      tokens.push({ kind: /^[.\d]/.test(found) ? 'number' : 'word', text: found, line: start });
      continue;
    }
    const sign = take(punctuation) ?? fail(`"${first}" has no place here`);
    tokens.push({ kind: 'punctuation', text: sign, line: start });
  }
}
