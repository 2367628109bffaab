import type { Filter } from '@mooring/rest';
import { type RawBuilder, sql } from 'kysely';
import type { Domain } from '../storage/context.ts';

type Table = 'device_attributes' | 'device_group_attributes';

/** The custom attributes of these owners, by owner. */
export async function attributesOf(
  domain: Domain,
  table: Table,
  owners: readonly string[],
): Promise<ReadonlyMap<string, Record<string, string>>> {
  const found = new Map<string, Record<string, string>>();
  if (owners.length === 0) return found;
  const rows = await domain.storage.db
    .selectFrom(table)
    .select(['owner_id', 'key', 'value'])
    .where('owner_id', 'in', owners)
    .orderBy('key')
    .execute();
  for (const { owner_id, key, value } of rows) {
    const attributes = found.get(owner_id) ?? {};
    // A key may be named like something that every object has.
    Object.defineProperty(attributes, key, { value, enumerable: true, configurable: true, writable: true });
    found.set(owner_id, attributes);
  }
  return found;
}

export const sameAttributes = (
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): boolean => {
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && one[key] === other[key])
  );
};

/** Puts these in place of all attributes of an owner. To be called in a transaction. */
export async function replaceAttributes(
  domain: Domain,
  table: Table,
  owner: { id: string; account_id: string },
  attributes: Readonly<Record<string, string>>,
): Promise<void> {
  const { db } = domain.storage;
  await db.deleteFrom(table).where('owner_id', '=', owner.id).execute();
  const rows = Object.entries(attributes);
  if (rows.length === 0) return;
  await db
    .insertInto(table)
    .values(rows.map(([key, value]) => ({ account_id: owner.account_id, owner_id: owner.id, key, value })))
    .execute();
}

/** The condition of a filter such as `custom_attributes__site__neq=north`; who has no such attribute is unequal. */
export function attributeCondition(
  table: Table,
  owners: 'devices' | 'device_groups',
  accountId: string,
  { op, key = '', values }: Filter,
): RawBuilder<boolean> {
  const having = sql`select owner_id from ${sql.table(table)} where account_id = ${accountId} and key = ${key} and value in (${sql.join(values)})`;
  const id = sql.ref(`${owners}.id`);
  return op === 'eq' || op === 'in' ? sql<boolean>`${id} in (${having})` : sql<boolean>`${id} not in (${having})`;
}
