import { decodeLeniently, splitPairs } from './pairs.ts';

/** What a field holds; decides the operators it takes and how its values are read. */
export type FieldKind = 'string' | 'text' | 'integer' | 'boolean' | 'time' | 'map';

/** The fields of an entity that may be filtered on. A `map` is filtered by `field__key[__op]`. */
export type FilterFields = Readonly<Record<string, FieldKind>>;

export type Operator = 'eq' | 'neq' | 'in' | 'nin' | 'lte' | 'gte' | 'like';

export type FilterValue = string | number | boolean | Date;

/** One condition; an entity is listed if all of them hold. */
export interface Filter {
  field: string;
  /** Key within a `map`. */
  key?: string;
  op: Operator;
  /** One value; any number for `in` and `nin`. */
  values: readonly FilterValue[];
}

/** Something wrong with one field of a request, in the words of the error envelope. */
export interface FieldProblem {
  name: string;
  message: string;
}

const operators: Readonly<Record<FieldKind, readonly Operator[]>> = {
  string: ['eq', 'neq', 'in', 'nin'],
  text: ['eq', 'neq', 'in', 'nin', 'like'],
  integer: ['eq', 'neq', 'in', 'nin', 'lte', 'gte'],
  boolean: ['eq', 'neq'],
  time: ['eq', 'neq', 'in', 'nin', 'lte', 'gte'],
  map: ['eq', 'neq', 'in', 'nin'],
};

const isOperator = (word: string): word is Operator => ['eq', 'neq', 'in', 'nin', 'lte', 'gte', 'like'].includes(word);

/**
 * Reads times as the contract takes them: with or without a fraction, with `Z` or an offset, and the compact
 * form `20161130T162512Z`. Undefined for anything else.
 */
export function parseTime(text: string): Date | undefined {
  const compact = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  const normal = compact
    ? `${compact[1]}-${compact[2]}-${compact[3]}T${compact[4]}:${compact[5]}:${compact[6]}Z`
    : text;
  if (!/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+ -]\d{2}:\d{2})?)?$/i.test(normal)) return undefined;
  // A `+` of an offset that was not encoded arrives as a space; a time without zone is UTC.
  let iso = normal
    .toUpperCase()
    .replace(/^(.{10}) /, '$1T')
    .replace(/ (\d{2}:\d{2})$/, '+$1');
  if (iso.length > 10 && !/(Z|[+-]\d{2}:\d{2})$/.test(iso)) iso += 'Z';
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function parseValue(kind: FieldKind, text: string): FilterValue | undefined {
  switch (kind) {
    case 'integer':
      return /^[+-]?\d{1,15}$/.test(text.trim()) ? Number(text) : undefined;
    case 'boolean': {
      const word = text.trim().toLowerCase();
      return word === 'true' || word === '1' ? true : word === 'false' || word === '0' ? false : undefined;
    }
    case 'time':
      return parseTime(text.trim());
    default:
      return text;
  }
}

const expected: Readonly<Partial<Record<FieldKind, string>>> = {
  integer: 'a whole number',
  boolean: 'true or false',
  time: 'a time such as 2018-02-13T09:35:20Z',
};

/**
 * Reads one condition, such as `state` (no suffix means eq), `created_at__gte` or `custom_attributes__site__neq`.
 *
 * @returns undefined for an empty value (clients send parameters without one) and for a name that is no condition
 *   at all; a problem for an unknown field with an operator, an operator the field does not take and a bad value
 */
export function parseCondition(
  name: string,
  value: string,
  fields: FilterFields,
): Filter | { problem: FieldProblem } | undefined {
  const [field = '', ...rest] = name.split('__');
  const kind = Object.hasOwn(fields, field) ? fields[field] : undefined;
  let op: Operator = 'eq';
  const last = rest.at(-1);
  // A map may have a key that is named like an operator: `custom_attributes__in` means that key.
  if (last !== undefined && isOperator(last) && (kind !== 'map' || rest.length > 1)) {
    op = last;
    rest.pop();
  } else if (kind === undefined) {
    return undefined;
  }
  if (value === '') return undefined;
  const problem = (message: string) => ({ problem: { name, message } });
  if (kind === undefined) return problem(`There is no filter on ${field}; there are ${listOf(Object.keys(fields))}.`);
  if (kind === 'map' ? rest.length === 0 || rest.join('__') === '' : rest.length > 0) {
    return problem(`Is neither a field nor a field with one of the operators ${listOf(operators[kind])}.`);
  }
  if (!operators[kind].includes(op)) {
    return problem(`The field ${field} takes the operators ${listOf(operators[kind])}, not ${op}.`);
  }
  const texts = op === 'in' || op === 'nin' ? value.split(',').map((text) => text.trim()) : [value];
  const values: FilterValue[] = [];
  for (const text of texts) {
    const parsed = parseValue(kind, text);
    if (parsed === undefined) return problem(`Has to be ${expected[kind]}.`);
    values.push(parsed);
  }
  return kind === 'map' ? { field, key: rest.join('__'), op, values } : { field, op, values };
}

const listOf = (words: readonly string[]): string => words.join(', ') || 'none';

/**
 * Splits the text of the one parameter `filter`, which has been decoded once, into pairs. Whole texts and values
 * come encoded once (JavaScript SDK) or twice (Python SDK).
 */
export function filterPairs(text: string): [name: string, value: string][] {
  let plain = text;
  if (!plain.includes('=') && /%3d/i.test(plain)) plain = decodeLeniently(plain);
  return splitPairs(plain).map(([name, value]) => {
    let decoded = decodeLeniently(value);
    if (/%3a/i.test(decoded)) decoded = decodeLeniently(decoded);
    return [decodeLeniently(name).trim(), decoded];
  });
}

/**
 * Drops `neq` beside an `eq` of the same field: at best it adds nothing, and the JavaScript SDK asks for developer
 * certificates with `device_execution_mode__eq=1&device_execution_mode__neq=1`.
 */
export function withoutContradictions(filters: readonly Filter[]): Filter[] {
  const decided = new Set(filters.filter(({ op }) => op === 'eq').map(({ field, key }) => `${field} ${key ?? ''}`));
  return filters.filter(({ op, field, key }) => op !== 'neq' || !decided.has(`${field} ${key ?? ''}`));
}
