import { cProblem, getAnew } from './c-problem.ts';
import { type CToken, tokenize } from './c-tokens.ts';
import { type CElements, readElements, readNumber } from './c-values.ts';
import { credentialErrors } from './errors.ts';

/** A constant that a C file defines. */
export interface CVariable {
  name: string;
  kind: 'text' | 'bytes' | 'number';
  /** text: UTF-8 without terminator; number: 4 bytes little endian */
  value: Uint8Array;
  /** Line of the name, from 1. */
  line: number;
}

/** In characters: a hundred times the usual. */
const largestSource = 1_000_000;

function checkIsText(text: string, file: string): void {
  if (text.replace('\ufeff', '').trim() === '') {
    throw credentialErrors('credentials.source.empty', {
      message: `${file} is empty.`,
      next: 'Get the file anew from its generator.',
      data: { file },
    });
  }
  if (text.length > largestSource) {
    throw credentialErrors('credentials.source.kind', {
      message: `${file} has ${text.length} characters; a file of credentials has some ten thousand.`,
      next: 'Give the .c file that the generator wrote.',
      data: { file },
    });
  }
  if (!/[\0\ufffd]/.test(text)) return;
  throw credentialErrors('credentials.source.binary', {
    message: `${file} is not a C source file: it holds bytes that are not text in UTF-8.`,
    next: 'Give the .c file itself (not a certificate, an archive or an object file), saved as UTF-8.',
    data: { file },
  });
}

const closers: Record<string, string> = { '(': ')', '[': ']', '{': '}' };

/** A statement's tokens without its semicolon. */
function* statements(tokens: readonly CToken[], file: string): Generator<CToken[]> {
  let statement: CToken[] = [];
  let open: CToken[] = [];
  let languageBlocks = 0;
  const fail = (token: CToken, reason: string) =>
    cProblem('credentials.source.malformed', { file, line: token.line, variable: nameIn(statement) }, reason, getAnew);
  for (const token of tokens) {
    const sign = token.kind === 'punctuation' ? token.text : '';
    const [head, language] = statement;
    if (sign === '{' && statement.length === 2 && head?.text === 'extern' && language?.kind === 'string') {
      // extern "C" { … }: only its inside counts.
      languageBlocks++;
      statement = [];
      continue;
    }
    if (sign === '}' && statement.length === 0 && languageBlocks > 0) {
      languageBlocks--;
      continue;
    }
    if (sign === ';' && open.length === 0) {
      if (statement.length > 0) yield statement;
      statement = [];
      continue;
    }
    if (sign === ';') throw fail(token, `${describe(open.at(-1))} is not closed before the semicolon`);
    if (sign in closers) open.push(token);
    if (sign === ')' || sign === ']' || sign === '}') {
      const opener = open.at(-1);
      if (!opener || closers[opener.text] !== sign) throw fail(token, `"${sign}" closes nothing`);
      open = open.slice(0, -1);
    }
    statement.push(token);
  }
  const unclosed = open.at(-1);
  if (unclosed) throw fail(unclosed, `${describe(unclosed)} is not closed; the file ends too early`);
  const first = statement[0];
  if (first) throw fail(first, 'the statement that begins here has no semicolon; the file ends too early');
}

const describe = (token: CToken | undefined): string => `the "${token?.text}" of line ${token?.line}`;

interface Declaration {
  name: CToken;
  isArray: boolean;
  size: number | undefined;
  typeWords: string[];
}

const nameIn = (statement: readonly CToken[]): string | undefined => {
  const end = statement.findIndex(({ kind, text }) => kind === 'punctuation' && (text === '[' || text === '='));
  return end < 0 ? undefined : statement.slice(0, end).findLast(({ kind }) => kind === 'word')?.text;
};

/** The part before `=`: type, name, `[size]`; attributes in parentheses are passed over. */
function readDeclaration(left: readonly CToken[], file: string): Declaration {
  const first = left[0] as CToken;
  const fail = (token: CToken, reason: string) =>
    cProblem('credentials.source.malformed', { file, line: token.line, variable: nameIn(left) }, reason, getAnew);
  const words: CToken[] = [];
  let isArray = false;
  let size: number | undefined;
  let depth = 0;
  for (const [index, token] of left.entries()) {
    const sign = token.kind === 'punctuation' ? token.text : '';
    if (sign === '(') depth++;
    else if (sign === ')') depth--;
    else if (depth > 0) continue;
    else if (token.kind === 'word' && token.text === '__attribute__') continue;
    else if (token.kind === 'word' && !isArray) words.push(token);
    else if (sign === '[') {
      if (isArray) throw fail(token, 'an array of arrays is not used here');
      isArray = true;
      const close = left.findIndex((other, at) => at > index && other.text === ']');
      const inside = left.slice(index + 1, close);
      if (inside.length > 0) size = readNumber(inside, { file, line: token.line, variable: nameIn(left) });
    } else if (sign === '{' || sign === '}' || sign === ',' || token.kind === 'string') {
      throw fail(token, `"${token.text}" before "=": this is not a list of constants`);
    }
  }
  const name = words.pop();
  if (!name) throw fail(first, 'a value without the name of a variable');
  return { name, isArray, size, typeWords: words.map(({ text }) => text) };
}

const wideTypes = /^(u?int(16|32|64)_t|int|short|long|float|double|size_t)$/;

function littleEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function readStatement(statement: readonly CToken[], file: string): CVariable | undefined {
  const depths = depthsOf(statement);
  const isEquals = (token: CToken, at: number) =>
    token.kind === 'punctuation' && token.text === '=' && depths[at] === 0;
  const equals = statement.findIndex(isEquals);
  // A declaration without a value says nothing.
  if (equals < 0) return undefined;
  const right = statement.slice(equals + 1);
  const { name, isArray, size, typeWords } = readDeclaration(statement.slice(0, equals), file);
  const place = { file, line: name.line, variable: name.text };
  const again = statement.findIndex((token, at) => at > equals && isEquals(token, at));
  if (again >= 0) {
    const line = statement[again]?.line;
    throw cProblem(
      'credentials.source.malformed',
      place,
      `no semicolon between it and the "=" of line ${line}`,
      getAnew,
    );
  }
  // Sizes are known from the arrays themselves.
  if (right.some(({ kind, text }) => kind === 'word' && text === 'sizeof')) return undefined;
  const first = right[0];
  if (!first) throw cProblem('credentials.variable.invalid', place, 'there is no value after the "="', getAnew);
  if (first.kind !== 'string' && first.text !== '{') {
    if (isArray) {
      throw cProblem(
        'credentials.variable.invalid',
        place,
        'an array needs a text in quotes, or bytes in braces',
        getAnew,
      );
    }
    return { name: name.text, kind: 'number', value: littleEndian(readNumber(right, place)), line: name.line };
  }
  const elements = readElements(right, place);
  if (!elements.quoted && typeWords.some((type) => wideTypes.test(type))) {
    throw cProblem(
      'credentials.variable.invalid',
      place,
      `an array of ${typeWords.at(-1)} is not one of bytes`,
      getAnew,
    );
  }
  const isText =
    elements.quoted || (typeWords.includes('char') && !typeWords.some((type) => /^(un)?signed$/.test(type)));
  const value = sized(elements, isText, size, place);
  return { name: name.text, kind: isText ? 'text' : 'bytes', value, line: name.line };
}

/** C's own rules for `[size]`: what is missing is zero, a text may leave out its terminator. */
function sized(
  { bytes, quoted }: CElements,
  isText: boolean,
  size: number | undefined,
  place: { file: string; line: number; variable: string },
): Uint8Array {
  if (size !== undefined && bytes.length > size) {
    const reason = `${bytes.length} bytes are given for an array of ${size}`;
    throw cProblem('credentials.variable.invalid', place, reason, getAnew);
  }
  if (!isText) {
    const value = new Uint8Array(size ?? bytes.length);
    value.set(bytes);
    return value;
  }
  const end = !quoted && bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length;
  const text = bytes.subarray(0, end);
  if (text.includes(0)) throw cProblem('credentials.variable.invalid', place, 'the text holds a zero byte', getAnew);
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(text);
  } catch {
    throw cProblem('credentials.variable.invalid', place, 'the text is not valid UTF-8', getAnew);
  }
  return text;
}

function depthsOf(statement: readonly CToken[]): number[] {
  let depth = 0;
  return statement.map(({ kind, text }) => {
    if (kind !== 'punctuation') return depth;
    if (text in closers) return depth++;
    return text === ')' || text === ']' || text === '}' ? --depth : depth;
  });
}

/**
 * The constants of a C file as the generators of credentials write it: texts, byte arrays, numbers. Comments and
 * preprocessor lines are passed over, and so are statements with `sizeof` or without a value.
 *
 * @param fileName as the person knows the file, for errors
 * @throws MooringError `credentials.source.*`, `credentials.variable.*`, with file, line, variable and reason
 */
export function parseCSource(text: string, fileName: string): CVariable[] {
  checkIsText(text, fileName);
  const variables = new Map<string, CVariable>();
  for (const statement of statements(tokenize(text, fileName), fileName)) {
    const variable = readStatement(statement, fileName);
    if (!variable) continue;
    const other = variables.get(variable.name);
    if (other) {
      throw cProblem(
        'credentials.variable.twice',
        { file: fileName, line: variable.line, variable: variable.name },
        `it is already defined in line ${other.line}`,
        'Remove one of the two definitions; the files of two devices or keys may have been joined.',
      );
    }
    variables.set(variable.name, variable);
  }
  return [...variables.values()];
}
