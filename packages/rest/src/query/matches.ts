import type { Filter, FilterValue } from './filter.ts';

const plain = (value: unknown): unknown => (value instanceof Date ? value.getTime() : value);

function holds({ op, values }: Filter, actual: unknown): boolean {
  const is = (value: FilterValue | undefined) => plain(actual) === plain(value);
  const [value] = values;
  const compared = (plain(actual) as number) - (plain(value) as number);
  switch (op) {
    case 'eq':
      return is(value);
    case 'neq':
      return !is(value);
    case 'in':
      return values.some(is);
    case 'nin':
      return !values.some(is);
    case 'lte':
      return compared <= 0;
    case 'gte':
      return compared >= 0;
    case 'like':
      return typeof actual === 'string' && actual.toLowerCase().includes(String(value).toLowerCase());
  }
}

/**
 * The meaning of a filter: whether all conditions hold for an entity. Stores translate filters into queries of
 * their own; this is what they are measured by, and what a list without a table uses. Times in the entity are
 * Dates or milliseconds.
 */
export function matchesFilters(filters: readonly Filter[], entity: Readonly<Record<string, unknown>>): boolean {
  return filters.every((filter) => {
    const field = Object.hasOwn(entity, filter.field) ? entity[filter.field] : undefined;
    if (filter.key === undefined) return holds(filter, field);
    const map = (field ?? {}) as Readonly<Record<string, unknown>>;
    return holds(filter, Object.hasOwn(map, filter.key) ? map[filter.key] : undefined);
  });
}
