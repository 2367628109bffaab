import type { Filter, FilterValue, ListQuery } from '@mooring/rest';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Domain } from '../storage/context.ts';
import type { Row, Schema } from '../storage/schema.ts';

/** How a field of the contract is found in its table: the name of a column, or a condition of its own. */
export type FieldRule = string | ((filter: Filter) => RawBuilder<boolean>);

export interface Page<Item> {
  items: Item[];
  hasMore: boolean;
  /** Absent if it was not asked for and would cost a query. */
  totalCount?: number;
  query: ListQuery;
}

/** Everything, oldest first: for callers that are no list request. */
export const wholeList: ListQuery = {
  limit: Number.MAX_SAFE_INTEGER,
  after: null,
  order: 'ASC',
  totalCount: false,
  filters: [],
};

type Tables = { [Table in keyof Schema]: Schema[Table] extends { id: string } ? Table : never }[keyof Schema];

const stored = (value: FilterValue): string | number =>
  value instanceof Date ? value.getTime() : typeof value === 'boolean' ? Number(value) : value;

/** The condition `column op values` as both databases understand it; null is unequal to every value. */
export function columnCondition(column: RawBuilder<unknown>, { op, values }: Filter): RawBuilder<boolean> {
  const [value] = values.map(stored);
  const list = sql.join(values.map(stored));
  switch (op) {
    case 'eq':
      return sql<boolean>`${column} = ${value}`;
    case 'neq':
      return sql<boolean>`${column} is distinct from ${value}`;
    case 'in':
      return sql<boolean>`${column} in (${list})`;
    case 'nin':
      return sql<boolean>`(${column} is null or ${column} not in (${list}))`;
    case 'lte':
      return sql<boolean>`${column} <= ${value}`;
    case 'gte':
      return sql<boolean>`${column} >= ${value}`;
    case 'like': {
      const pattern = `%${String(value)
        .toLowerCase()
        .replace(/[\\%_]/g, '\\$&')}%`;
      return sql<boolean>`lower(${column}) like ${pattern} escape '\\'`;
    }
  }
}

/** Which rows of a table a page has. */
export interface PageRequest<Table extends Tables> {
  readonly table: Table;
  readonly accountId: string;
  readonly query: ListQuery;
  /** For every field that a filter can name. */
  readonly rules: Readonly<Record<string, FieldRule>>;
  /** What holds besides. */
  readonly conditions?: readonly RawBuilder<boolean>[];
}

/** The queries of a page: its rows and one more, if there is one; and how many match in all. */
export function pageQueries<Table extends Tables>(
  schema: Kysely<Schema>,
  { table, accountId, query, rules, conditions = [] }: PageRequest<Table>,
) {
  // The table is a variable here, which Kysely's types cannot follow.
  const db = schema as unknown as Kysely<Record<string, Record<string, unknown>>>;
  let matching = db.selectFrom(table as string).where('account_id', '=', accountId);
  for (const condition of conditions) matching = matching.where(condition);
  for (const filter of query.filters) {
    const rule = rules[filter.field];
    if (rule === undefined) throw new Error(`${table} has no rule for ${filter.field}`);
    matching = matching.where(typeof rule === 'string' ? columnCondition(sql.ref(rule), filter) : rule(filter));
  }
  // A page that ends before something is read backwards from there.
  const ascending = (query.order === 'ASC') === (query.before === undefined);
  const from = query.before ?? query.after;
  let paged = matching.selectAll().orderBy('id', ascending ? 'asc' : 'desc');
  if (from !== null) paged = paged.where('id', ascending ? '>' : '<', from);
  if (query.limit < Number.MAX_SAFE_INTEGER) paged = paged.limit(query.limit + 1);
  return { matching, paged, count: matching.select(db.fn.countAll<number | string>().as('total')) };
}

/** One page of a table's rows of an account, by id, which is by creation. */
export async function pageOf<Table extends Tables>(
  domain: Domain,
  table: Table,
  accountId: string,
  query: ListQuery,
  rules: Readonly<Record<string, FieldRule>>,
  conditions: readonly RawBuilder<boolean>[] = [],
): Promise<Page<Row<Table>>> {
  const { paged, count } = pageQueries(domain.storage.db, { table, accountId, query, rules, conditions });
  const rows = (await paged.execute()) as unknown as Row<Table>[];
  const items = rows.slice(0, query.limit);
  const hasMore = rows.length > query.limit;
  if (query.before !== undefined) items.reverse();
  else if (query.after === null && !hasMore) return { items, hasMore, totalCount: items.length, query };
  if (!query.totalCount) return { items, hasMore, query };
  const { total } = await count.executeTakeFirstOrThrow();
  return { items, hasMore, totalCount: Number(total), query };
}
