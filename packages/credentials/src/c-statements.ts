import { cProblem, getAnew } from './c-problem.ts';
import { type CToken, isSign, shown } from './c-tokens.ts';
import { readNumber } from './c-values.ts';

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const isCloser = (sign: string): boolean => sign === ')' || sign === ']' || sign === '}';

const describe = (token: CToken | undefined): string => `the "${token?.text}" of line ${token?.line}`;

/** Which variable a statement sets, as far as can be told before it is understood. */
function nameIn(statement: readonly CToken[]): string | undefined {
  const end = statement.findIndex((token) => isSign(token, '[') || isSign(token, '='));
  return end < 0 ? undefined : statement.slice(0, end).findLast(({ kind }) => kind === 'word')?.text;
}

const malformed = (file: string, statement: readonly CToken[], token: CToken, reason: string) =>
  cProblem('credentials.source.malformed', { file, line: token.line, variable: nameIn(statement) }, reason, getAnew);

const isLanguageBlock = ([head, language, ...more]: readonly CToken[]): boolean =>
  head?.text === 'extern' && language?.kind === 'string' && more.length === 0;

/**
 * The statements of a file, each as its tokens without the semicolon. Of `extern "C" { … }` only the inside counts.
 *
 * @throws MooringError `credentials.source.malformed`
 */
export function* statements(tokens: readonly CToken[], file: string): Generator<CToken[]> {
  let statement: CToken[] = [];
  const open: CToken[] = [];
  let languageBlocks = 0;
  for (const token of tokens) {
    const sign = token.kind === 'punctuation' ? token.text : '';
    if (sign === '{' && isLanguageBlock(statement)) {
      languageBlocks++;
      statement = [];
      continue;
    }
    if (sign === '}' && statement.length === 0 && languageBlocks > 0) {
      languageBlocks--;
      continue;
    }
    if (sign === ';') {
      const unclosed = open.at(-1);
      if (unclosed) throw malformed(file, statement, token, `${describe(unclosed)} is not closed before the semicolon`);
      if (statement.length > 0) yield statement;
      statement = [];
      continue;
    }
    if (sign in closers) open.push(token);
    if (isCloser(sign) && closers[open.pop()?.text ?? ''] !== sign) {
      throw malformed(file, statement, token, `"${sign}" closes nothing`);
    }
    statement.push(token);
  }
  const unclosed = open.at(-1);
  if (unclosed)
    throw malformed(file, statement, unclosed, `${describe(unclosed)} is not closed; the file ends too early`);
  const first = statement[0];
  if (first) throw malformed(file, statement, first, 'the statement has no semicolon; the file ends too early');
}

/** `const uint8_t NAME[4] = …`, taken apart. */
export interface Definition {
  name: string;
  line: number;
  /** `const`, `uint8_t` … */
  typeWords: string[];
  isArray: boolean;
  size: number | undefined;
  /** What stands after the `=`. */
  value: CToken[];
}

/** Positions of the `=` that are not inside brackets of any kind. */
function equalsSigns(statement: readonly CToken[]): number[] {
  let depth = 0;
  const found: number[] = [];
  for (const [index, token] of statement.entries()) {
    if (token.kind !== 'punctuation') continue;
    if (token.text in closers) depth++;
    else if (isCloser(token.text)) depth--;
    else if (token.text === '=' && depth === 0) found.push(index);
  }
  return found;
}

/**
 * Takes a statement apart; undefined where it sets nothing. Attributes are passed over.
 *
 * @throws MooringError `credentials.source.malformed`, `credentials.variable.invalid`
 */
export function readDefinition(statement: readonly CToken[], file: string): Definition | undefined {
  const [equals, again] = equalsSigns(statement);
  if (equals === undefined) return undefined;
  const words: CToken[] = [];
  let brackets: CToken[] | undefined;
  const closing: string[] = [];
  for (const [index, token] of statement.slice(0, equals).entries()) {
    const sign = token.kind === 'punctuation' ? token.text : '';
    const isLanguage = token.kind === 'string' && index === 1 && statement[0]?.text === 'extern';
    if (closing.length > 0 && sign === closing.at(-1)) closing.pop();
    else if (closing[0] === ']') brackets?.push(token);
    else if (sign === '(' || closing[0] === ')') {
      if (sign in closers) closing.push(closers[sign] as string);
    } else if (sign === '[') {
      if (brackets) throw malformed(file, statement, token, 'an array of arrays is not used here');
      brackets = [];
      closing.push(']');
    } else if (token.kind === 'word') {
      if (token.text !== '__attribute__' && !brackets) words.push(token);
    } else if (sign !== '*' && !isLanguage) {
      throw malformed(file, statement, token, `"${shown(token.text)}" before "=": this is not a list of constants`);
    }
  }
  const name = words.pop();
  if (!name) throw malformed(file, statement, statement[equals] as CToken, 'a value without the name of a variable');
  if (again !== undefined) {
    const { line } = statement[again] as CToken;
    throw malformed(file, statement, name, `no semicolon between it and the "=" of line ${line}`);
  }
  const place = { file, line: name.line, variable: name.text };
  return {
    name: name.text,
    line: name.line,
    typeWords: words.map(({ text }) => text),
    isArray: brackets !== undefined,
    size: brackets && brackets.length > 0 ? readNumber(brackets, place) : undefined,
    value: statement.slice(equals + 1),
  };
}
