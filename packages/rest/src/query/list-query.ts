import {
  type FieldProblem,
  type Filter,
  type FilterFields,
  filterPairs,
  parseCondition,
  withoutContradictions,
} from './filter.ts';
import { queryPairs } from './pairs.ts';

export type Order = 'ASC' | 'DESC';

export interface ListQuery {
  /** 2 to 1000. */
  limit: number;
  /** Id of the last entity seen; the page begins after it. */
  after: string | null;
  /** Id of the first entity seen; the page ends before it, in the same order. Ours, for lists that are scrolled back. */
  before?: string;
  order: Order;
  /** `include=total_count`, in any of its spellings. */
  totalCount: boolean;
  filters: readonly Filter[];
}

export interface ParsedListQuery {
  query: ListQuery;
  /** Empty if all is well. The query has defaults in place of what could not be read. */
  problems: readonly FieldProblem[];
}

const reserved: ReadonlySet<string> = new Set(['limit', 'after', 'before', 'order', 'include', 'filter']);

/**
 * Whether `include` names this extra. Clients write `total_count`, `totalCount`, `limits, policies`,
 * `limits,%20policies` and `['total_count']`; so only letters count, and a part is enough.
 */
export function includes(include: string, extra: string): boolean {
  const letters = (text: string) => text.toLowerCase().replace(/%[0-9a-f]{2}|[^a-z]/g, '');
  return letters(include).includes(letters(extra));
}

/** All values of `include`, in one text for `includes`. */
export function includeOf(search: string): string {
  return queryPairs(search)
    .filter(([name]) => name === 'include')
    .map(([, value]) => value)
    .join(',');
}

/**
 * Reads the query string of a list request (the part after `?`), as the real clients write it. Never throws.
 * Empty and unknown parameters are passed over; an unknown field with an operator, and in `filter` whatever is no
 * condition, is a problem, because a filter that is not applied would list too much.
 *
 * @param fields fields of the entity that take a filter
 * @param defaults the list's own default of `limit`, 50 if absent
 */
export function parseListQuery(
  search: string,
  fields: FilterFields,
  defaults: { limit?: number } = {},
): ParsedListQuery {
  const query = { limit: defaults.limit ?? 50, after: null as string | null, order: 'ASC' as Order };
  let before: string | undefined;
  const problems: FieldProblem[] = [];
  const filters: Filter[] = [];
  const condition = (name: string, value: string, strict: boolean) => {
    const found = parseCondition(name, value, fields);
    if (found === undefined) {
      const isField = Object.hasOwn(fields, name.split('__')[0] ?? '');
      if (strict && name !== '' && !(isField && value === '')) {
        const known = Object.keys(fields).join(', ') || 'none';
        problems.push({ name: 'filter', message: `There is no filter on ${name}; there are ${known}.` });
      }
    } else if ('problem' in found) problems.push(found.problem);
    else filters.push(found);
  };

  const pairs = queryPairs(search);
  for (const [name, value] of pairs) {
    if (!reserved.has(name)) condition(name, value, false);
    else if (value === '' || name === 'include') continue;
    else if (name === 'after') query.after = value;
    else if (name === 'before') before = value;
    else if (name === 'filter') for (const [inner, text] of filterPairs(value)) condition(inner, text, true);
    else if (name === 'limit') {
      if (/^\s*[+-]?\d+\s*$/.test(value)) query.limit = Math.min(1000, Math.max(2, Number(value)));
      else problems.push({ name, message: 'Has to be a whole number, 2 to 1000.' });
    } else {
      const word = value.trim().toUpperCase();
      if (word === 'ASC' || word === 'DESC') query.order = word;
      else problems.push({ name, message: 'Has to be ASC or DESC.' });
    }
  }
  if (before !== undefined && query.after !== null) {
    problems.push({ name: 'before', message: 'Goes together with no after: a page has one end that is given.' });
  }
  const totalCount = includes(includeOf(search), 'total_count');
  const direction = before === undefined ? {} : { before };
  return { query: { ...query, ...direction, totalCount, filters: withoutContradictions(filters) }, problems };
}
