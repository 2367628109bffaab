import { type CPlace, cProblem, getAnew } from './c-problem.ts';
import { type CToken, isSign, shown } from './c-tokens.ts';

export interface CElements {
  bytes: Uint8Array;
  /** String literals, not numbers in braces. */
  quoted: boolean;
}

const invalid = (place: CPlace, token: CToken | undefined, reason: string) =>
  cProblem('credentials.variable.invalid', { ...place, line: token?.line ?? place.line }, reason, getAnew);

const numberLiteral =
  /^(?:0[xX](?<hex>[0-9a-fA-F]+)|0[bB](?<binary>[01]+)|(?<octal>0[0-7]*)|(?<decimal>[1-9]\d*))(?:[uU][lL]{0,2}|[lL]{1,2}[uU]?)?$/;

function numberOf(token: CToken, place: CPlace): number {
  if (token.kind === 'char') {
    const [value, more] = token.value ?? [];
    if (value === undefined || more !== undefined) throw invalid(place, token, `${shown(token.text)} is not one byte`);
    return value;
  }
  if (token.kind !== 'number') throw invalid(place, token, `a number is needed, not ${shown(token.text)}`);
  const { hex, binary, octal, decimal } = numberLiteral.exec(token.text)?.groups ?? {};
  if (hex !== undefined) return Number.parseInt(hex, 16);
  if (binary !== undefined) return Number.parseInt(binary, 2);
  if (octal !== undefined) return Number.parseInt(octal, 8);
  if (decimal !== undefined) return Number.parseInt(decimal, 10);
  throw invalid(place, token, `${shown(token.text)} is not a number`);
}

/** Takes parentheses, casts and a plus away: `(uint32_t)64`, `(+64)`. Sixteen of them are more than anybody writes. */
function bare(tokens: readonly CToken[]): readonly CToken[] {
  let rest = tokens;
  for (let peeled = 0; peeled < 16; peeled++) {
    const close = rest.findIndex((token) => isSign(token, ')'));
    if (isSign(rest[0], '+')) rest = rest.slice(1);
    else if (!isSign(rest[0], '(')) break;
    else if (close > 1 && rest.slice(1, close).every(({ kind }) => kind === 'word')) rest = rest.slice(close + 1);
    else if (isSign(rest.at(-1), ')')) rest = rest.slice(1, -1);
    else break;
  }
  return rest;
}

/**
 * One plain number from 0 to 2^32-1.
 *
 * @throws MooringError `credentials.variable.invalid`
 */
export function readNumber(tokens: readonly CToken[], place: CPlace): number {
  const [token, more] = bare(tokens);
  if (!token) throw invalid(place, tokens[0], 'a number is missing');
  if (isSign(token, '-')) throw invalid(place, token, 'the number is negative');
  const value = numberOf(token, place);
  if (more) throw invalid(place, more, `a plain number is needed, but "${shown(more.text)}" follows ${token.text}`);
  if (value > 0xffffffff) throw invalid(place, token, `${shown(token.text)} does not fit in 32 bits`);
  return value;
}

function joined(tokens: readonly CToken[], place: CPlace): Uint8Array {
  const wrong = tokens.find(({ kind }) => kind !== 'string');
  if (wrong) throw invalid(place, wrong, `"${shown(wrong.text)}" follows a text; is a semicolon missing?`);
  return new Uint8Array(Buffer.concat(tokens.map(({ value }) => value ?? new Uint8Array())));
}

/** Elements between commas; the last comma may have nothing behind it. */
function split(tokens: readonly CToken[], place: CPlace): CToken[][] {
  const elements: CToken[][] = [];
  let element: CToken[] = [];
  for (const token of tokens) {
    if (!isSign(token, ',')) {
      element.push(token);
      continue;
    }
    if (element.length === 0) throw invalid(place, token, 'a comma without a value before it');
    elements.push(element);
    element = [];
  }
  return element.length > 0 ? [...elements, element] : elements;
}

/**
 * What an array is set to: adjacent string literals (in braces or not), or numbers in braces, each a byte.
 *
 * @throws MooringError `credentials.variable.invalid`
 */
export function readElements(tokens: readonly CToken[], place: CPlace): CElements {
  if (tokens[0]?.kind === 'string') return { bytes: joined(tokens, place), quoted: true };
  const close = tokens.findIndex((token) => isSign(token, '}'));
  const after = tokens[close + 1];
  if (after) throw invalid(place, after, `"${shown(after.text)}" follows the closing brace; is a semicolon missing?`);
  const inside = tokens.slice(1, close);
  if (inside[0]?.kind === 'string') return { bytes: joined(inside, place), quoted: true };
  const bytes = split(inside, place).map((element) => {
    const value = readNumber(element, place);
    if (value <= 0xff) return value;
    const written = shown(element.map(({ text }) => text).join(''));
    throw invalid(place, element[0], `${written} does not fit in a byte`);
  });
  return { bytes: Uint8Array.from(bytes), quoted: false };
}
