import { payloadErrors } from '../errors.ts';

/** A value of a libconfig text (libconfig 1.7, chapter 2): lists and arrays are one here. */
export type ConfigValue = string | number | bigint | boolean | ConfigGroup | readonly ConfigValue[];
export interface ConfigGroup {
  readonly [name: string]: ConfigValue;
}

const token =
  /\s+|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|([{}()[\],;:=])|"((?:[^"\\\n]|\\.)*)"|([A-Za-z*][-A-Za-z0-9_*]*)|([-+]?(?:0x[0-9A-Fa-f]+L{0,2}|\d+L{1,2}|\d*\.?\d+(?:[eE][-+]?\d+)?|\d+\.))/y;

interface Token {
  readonly at: number;
  readonly kind: 'sign' | 'text' | 'word' | 'number';
  readonly text: string;
}

const fail = (at: number, reason: string) =>
  payloadErrors('payload.malformed', {
    message: `Character ${at} of sw-description: ${reason}.`,
    next: 'Make the payload again with mooring payload create.',
    data: { offset: at },
  });

function* tokens(text: string): Generator<Token> {
  token.lastIndex = 0;
  for (let at = 0; at < text.length; at = token.lastIndex) {
    token.lastIndex = at;
    const found = token.exec(text);
    if (!found) throw fail(at, 'something that does not belong there');
    const [, sign, quoted, word, number] = found;
    if (sign !== undefined) yield { at, kind: 'sign', text: sign };
    else if (quoted !== undefined) yield { at, kind: 'text', text: unescaped(quoted) };
    else if (word !== undefined) yield { at, kind: 'word', text: word };
    else if (number !== undefined) yield { at, kind: 'number', text: number };
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', '"': '"', '\\': '\\' };

const unescaped = (text: string): string =>
  text.replaceAll(/\\(x[0-9A-Fa-f]{2}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (escapes[code] ?? code),
  );

/** Deeper than any description; a stack has an end. */
const deepest = 32;

/**
 * @throws MooringError `payload.malformed` with the place in the text
 */
export function parseLibconfig(text: string): ConfigGroup {
  const all = [...tokens(text)];
  let next = 0;
  const peek = () => all[next];
  const isSign = (sign: string) => peek()?.kind === 'sign' && peek()?.text === sign;
  const place = () => peek()?.at ?? text.length;
  function take(sign: string): boolean {
    if (!isSign(sign)) return false;
    next += 1;
    return true;
  }

  function group(depth: number, closed: boolean): ConfigGroup {
    const found: Record<string, ConfigValue> = Object.create(null);
    while (peek() && !isSign('}')) {
      const name = peek() as Token;
      if (name.kind !== 'word') throw fail(name.at, 'the name of a setting expected');
      next += 1;
      if (!take('=') && !take(':')) throw fail(place(), `"=" expected after ${name.text}`);
      if (name.text in found) throw fail(name.at, `${name.text} is there twice`);
      found[name.text] = value(depth + 1);
      if (!take(';')) take(',');
    }
    if (closed && !take('}')) throw fail(place(), '"}" expected');
    return found;
  }

  function list(depth: number, end: ')' | ']'): ConfigValue[] {
    const found: ConfigValue[] = [];
    while (!take(end)) {
      if (found.length > 0 && !take(',')) throw fail(place(), `"," or "${end}" expected`);
      if (take(end)) break;
      found.push(value(depth + 1));
    }
    return found;
  }

  function value(depth: number): ConfigValue {
    if (depth > deepest) throw fail(place(), 'nested too deep');
    if (take('{')) return group(depth, true);
    if (take('(')) return list(depth, ')');
    if (take('[')) return list(depth, ']');
    const found = peek();
    if (!found || found.kind === 'sign') throw fail(place(), 'a value expected');
    next += 1;
    if (found.kind === 'word') {
      if (/^true$/i.test(found.text)) return true;
      if (/^false$/i.test(found.text)) return false;
      throw fail(found.at, `${found.text} is no value`);
    }
    if (found.kind === 'number') {
      const integer = /^([-+]?)(0x[0-9A-Fa-f]+|\d+)L{0,2}$/.exec(found.text);
      if (!integer) return Number(found.text);
      const big = BigInt(integer[2] as string) * (integer[1] === '-' ? -1n : 1n);
      return big >= BigInt(Number.MIN_SAFE_INTEGER) && big <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(big) : big;
    }
    let whole = found.text;
    // Strings beside each other are one.
    while (peek()?.kind === 'text') whole += (all[next++] as Token).text;
    return whole;
  }

  const outer = group(0, false);
  if (next < all.length) throw fail(place(), 'something that does not belong there');
  return outer;
}

export const libconfigText = (text: string): string =>
  `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r')}"`;
