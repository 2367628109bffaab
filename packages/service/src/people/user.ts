import type { FilterFields, ListQuery } from '@mooring/rest';
import { type RawBuilder, sql } from 'kysely';
import { columnCondition, type FieldRule, type Page, pageOf, wholeList } from '../lists/page.ts';
import type { Actor, Domain } from '../storage/context.ts';
import type { Row } from '../storage/schema.ts';
import { emailKey } from './email.ts';
import { peopleErrors } from './errors.ts';

export interface User extends Row<'users'> {
  /** Ids. */
  readonly groups: readonly string[];
}

async function usersOf(domain: Domain, rows: readonly Row<'users'>[]): Promise<User[]> {
  if (rows.length === 0) return [];
  const memberships = await domain.storage.db
    .selectFrom('user_groups')
    .select(['user_id', 'group_id'])
    .where('account_id', '=', (rows[0] as Row<'users'>).account_id)
    .$if(rows.length <= 1000, (query) =>
      query.where(
        'user_id',
        'in',
        rows.map(({ id }) => id),
      ),
    )
    .orderBy('group_id')
    .execute();
  const groups = Map.groupBy(memberships, ({ user_id }) => user_id);
  return rows.map((row) => ({ ...row, groups: (groups.get(row.id) ?? []).map(({ group_id }) => group_id) }));
}

export const userFilters: FilterFields = {
  id: 'string',
  email: 'string',
  status: 'string',
  username: 'string',
  full_name: 'string',
  login_profiles: 'string',
};

/** Everybody has the one login profile of the account, whose id is the account's own. */
export const profileRule: FieldRule = (filter) => columnCondition(sql.ref('account_id'), filter);

const rules: Readonly<Record<string, FieldRule>> = {
  id: 'id',
  email: (filter) =>
    columnCondition(sql.ref('email_key'), { ...filter, values: filter.values.map((text) => emailKey(String(text))) }),
  // The published page writes states in lower case as well.
  status: (filter) =>
    columnCondition(sql.ref('status'), { ...filter, values: filter.values.map((text) => String(text).toUpperCase()) }),
  username: 'username',
  full_name: 'full_name',
  login_profiles: profileRule,
};

/** @param conditions that hold besides the filters of the query */
export async function listUsers(
  domain: Domain,
  actor: Pick<Actor, 'accountId'>,
  query: ListQuery = wholeList,
  conditions: readonly RawBuilder<boolean>[] = [],
): Promise<Page<User>> {
  const page = await pageOf(domain, 'users', actor.accountId, query, rules, conditions);
  return { ...page, items: await usersOf(domain, page.items) };
}

/** The users that are in a group, for `listUsers`. */
export const usersIn = (groupId: string): RawBuilder<boolean> =>
  sql<boolean>`users.id in (select user_id from user_groups where group_id = ${groupId})`;

/** @throws MooringError `user.not.found` */
export async function getUser(domain: Domain, actor: Pick<Actor, 'accountId'>, id: string): Promise<User> {
  const row = await domain.storage.db
    .selectFrom('users')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return (await usersOf(domain, [row]))[0] as User;
  throw peopleErrors('user.not.found', {
    message: `There is no user with the id ${id}.`,
    next: 'List the users for their ids.',
  });
}

/** Who is signed in. @throws MooringError `user.only` if it is no user */
export function userIdOf(actor: Actor): string {
  if (actor.kind === 'user') return actor.id;
  throw peopleErrors('user.only', {
    message: 'Only a user who is signed in can do this; the caller is an API key.',
    next: 'Sign in through the portal.',
  });
}
