import type { Actor, Domain } from '../storage/context.ts';
import type { Row } from '../storage/schema.ts';
import { accountErrors } from './errors.ts';
import { newId } from './ids.ts';
import { administrators, expand, firstGroups } from './permissions.ts';

export interface Group {
  id: string;
  name: string;
  permissions: ReadonlySet<string>;
}

export const groupOf = (row: Row<'policy_groups'>): Group => ({
  id: row.id,
  name: row.name,
  permissions: expand(JSON.parse(row.permissions_json) as string[]),
});

export async function groupsOf(domain: Domain, accountId: string): Promise<Group[]> {
  const rows = await domain.storage.db
    .selectFrom('policy_groups')
    .selectAll()
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute();
  return rows.map(groupOf);
}

/**
 * Makes the groups that every account has, where they are not there yet, and gives them the permissions that a newer
 * version has: what they may is not for the account to say.
 */
export async function ensureFirstGroups(domain: Domain, accountId: string): Promise<void> {
  const { db } = domain.storage;
  const rows = await db.selectFrom('policy_groups').selectAll().where('account_id', '=', accountId).execute();
  const present = new Map(rows.map((row) => [row.name, row]));
  const now = domain.clock.now().getTime();
  for (const [name, permissions] of Object.entries(firstGroups)) {
    const group = present.get(name);
    if (group) {
      const permissions_json = JSON.stringify(permissions);
      if (group.permissions_json === permissions_json) continue;
      await db
        .updateTable('policy_groups')
        .set({ permissions_json, updated_at: now, etag: group.etag + 1 })
        .where('id', '=', group.id)
        .execute();
      continue;
    }
    await db
      .insertInto('policy_groups')
      .values({
        id: newId(domain.clock),
        account_id: accountId,
        name,
        permissions_json: JSON.stringify(permissions),
        created_at: now,
        updated_at: now,
        etag: 1,
      })
      .execute();
  }
}

/**
 * Finds groups by id or by name.
 *
 * @throws MooringError `group.unknown` naming what was not found
 */
export async function findGroups(domain: Domain, accountId: string, wanted: readonly string[]): Promise<Group[]> {
  const groups = await groupsOf(domain, accountId);
  const found = new Map<string, Group>();
  for (const word of wanted) {
    const group = groups.find(({ id, name }) => id === word || name === word);
    if (group === undefined) {
      throw accountErrors('group.unknown', {
        message: `The account has no group "${word}".`,
        next: `Name one of its groups: ${groups.map(({ name, id }) => `${name} (${id})`).join(', ')}.`,
        data: { fields: [{ name: 'groups', message: `There is no group ${word}.` }] },
      });
    }
    found.set(group.id, group);
  }
  return [...found.values()];
}

export const permissionsOf = (groups: readonly Pick<Group, 'permissions'>[]): ReadonlySet<string> =>
  new Set(groups.flatMap(({ permissions }) => [...permissions]));

/**
 * Nobody gives more than they have.
 *
 * @throws MooringError `permission.denied` if a group has a permission that the caller lacks
 */
export function checkGrant(actor: Actor, groups: readonly Group[]): void {
  const excess = [...permissionsOf(groups)].filter((permission) => !actor.permissions.has(permission));
  if (excess.length === 0) return;
  throw accountErrors('permission.denied', {
    message: `Nobody can be put into ${groups.map(({ name }) => name).join(' and ')} by one who may not do all that this group may.`,
    next: 'Ask one of the group Administrators.',
    data: { missing: excess },
  });
}

/** Who gives no group gets this one: the first key of an account has to be one that can make others. */
export const defaultGroups = (actor: Actor): readonly string[] =>
  actor.kind === 'operator' ? [administrators] : ['Developers'];

/** What the groups of a key or a user let it do. */
export async function permissionsOfMember(
  domain: Domain,
  member: { readonly apiKey: string } | { readonly user: string },
): Promise<Set<string>> {
  const { db } = domain.storage;
  const rows =
    'user' in member
      ? await db
          .selectFrom('user_groups')
          .innerJoin('policy_groups', 'policy_groups.id', 'user_groups.group_id')
          .select('policy_groups.permissions_json')
          .where('user_groups.user_id', '=', member.user)
          .execute()
      : await db
          .selectFrom('api_key_groups')
          .innerJoin('policy_groups', 'policy_groups.id', 'api_key_groups.group_id')
          .select('policy_groups.permissions_json')
          .where('api_key_groups.api_key_id', '=', member.apiKey)
          .execute();
  return new Set(rows.flatMap(({ permissions_json }) => [...expand(JSON.parse(permissions_json) as string[])]));
}
