import { type CPlace, cProblem, getAnew } from './c-problem.ts';
import type { CToken } from './c-tokens.ts';

export interface CElements {
  bytes: Uint8Array;
  /** String literals, not numbers in braces. */
  quoted: boolean;
}

const invalid = (place: CPlace, token: CToken | undefined, reason: string) =>
  cProblem('credentials.variable.invalid', { ...place, line: token?.line ?? place.line }, reason, getAnew);

const literal =
  /^(?:0[xX](?<hex>[0-9a-fA-F]+)|0[bB](?<binary>[01]+)|(?<octal>0[0-7]*)|(?<decimal>[1-9]\d*))(?:[uU][lL]{0,2}|[lL]{1,2}[uU]?)?$/;

function numberOf(token: CToken, place: CPlace): number {
  if (token.kind === 'char') {
    const [value, more] = token.value ?? [];
    if (value === undefined || more !== undefined) throw invalid(place, token, `${token.text} is not one character`);
    return value;
  }
  const shown = token.text.length > 24 ? `${token.text.slice(0, 24)}…` : token.text;
  if (token.kind !== 'number') throw invalid(place, token, `a number expected, ${shown} found`);
  const { hex, binary, octal, decimal } = literal.exec(token.text)?.groups ?? {};
  if (hex !== undefined) return Number.parseInt(hex, 16);
  if (binary !== undefined) return Number.parseInt(binary, 2);
  if (octal !== undefined) return Number.parseInt(octal, 8);
  if (decimal !== undefined) return Number.parseInt(decimal, 10);
  throw invalid(place, token, `${shown} is not a number`);
}

/** Takes parentheses, a cast and a plus away: `(uint32_t)64`, `(+64)`. */
function bare(tokens: readonly CToken[]): readonly CToken[] {
  const [first, second] = tokens;
  if (first?.text === '+' && first.kind === 'punctuation') return bare(tokens.slice(1));
  if (first?.text !== '(' || first.kind !== 'punctuation') return tokens;
  const close = tokens.findIndex(({ kind, text }) => kind === 'punctuation' && text === ')');
  if (second?.kind === 'word' && tokens.slice(1, close).every(({ kind }) => kind === 'word')) {
    return bare(tokens.slice(close + 1));
  }
  return tokens.at(-1)?.text === ')' ? bare(tokens.slice(1, -1)) : tokens;
}

/**
 * One plain number from 0 to 2^32-1.
 *
 * @throws MooringError `credentials.variable.invalid`
 */
export function readNumber(tokens: readonly CToken[], place: CPlace): number {
  const [token, more] = bare(tokens);
  if (!token) throw invalid(place, tokens[0], 'a number is missing');
  if (token.kind === 'punctuation' && token.text === '-') throw invalid(place, token, 'the number is negative');
  const value = numberOf(token, place);
  if (more)
    throw invalid(place, more, `only a plain number can be read here, but "${more.text}" follows ${token.text}`);
  if (value > 0xffffffff) throw invalid(place, token, `${token.text} does not fit in 32 bits`);
  return value;
}

function strings(tokens: readonly CToken[], place: CPlace): Uint8Array {
  const wrong = tokens.find(({ kind }) => kind !== 'string');
  if (wrong) throw invalid(place, wrong, `"${wrong.text}" follows a text; is a semicolon missing?`);
  return new Uint8Array(Buffer.concat(tokens.map(({ value }) => value ?? new Uint8Array())));
}

/**
 * What an array is set to: adjacent string literals (in braces or not), or numbers in braces, each a byte.
 *
 * @throws MooringError `credentials.variable.invalid`
 */
export function readElements(tokens: readonly CToken[], place: CPlace): CElements {
  if (tokens[0]?.kind === 'string') return { bytes: strings(tokens, place), quoted: true };
  const close = tokens.findIndex(({ kind, text }) => kind === 'punctuation' && text === '}');
  const after = tokens[close + 1];
  if (after) throw invalid(place, after, `"${after.text}" stands after the closing brace; is a semicolon missing?`);
  const inside = tokens.slice(1, close);
  if (inside[0]?.kind === 'string') return { bytes: strings(inside, place), quoted: true };
  const bytes: number[] = [];
  let element: CToken[] = [];
  const add = (comma: CToken | undefined) => {
    if (element.length === 0) throw invalid(place, comma, 'a comma without a value before it');
    const value = readNumber(element, place);
    if (value > 0xff)
      throw invalid(place, element[0], `${element.map(({ text }) => text).join(' ')} does not fit in a byte`);
    bytes.push(value);
    element = [];
  };
  for (const token of inside) {
    if (token.kind === 'punctuation' && token.text === ',') add(token);
    else element.push(token);
  }
  if (element.length > 0) add(undefined);
  return { bytes: Uint8Array.from(bytes), quoted: false };
}
