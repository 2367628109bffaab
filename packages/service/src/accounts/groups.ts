import type { Domain } from '../storage/context.ts';
import type { Row } from '../storage/schema.ts';
import { accountErrors } from './errors.ts';
import { newId } from './ids.ts';
import { expand, firstGroups } from './permissions.ts';

export interface Group {
  id: string;
  name: string;
  permissions: ReadonlySet<string>;
}

const groupOf = (row: Row<'policy_groups'>): Group => ({
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
 * @throws MooringError `api.key.invalid` naming what was not found
 */
export async function findGroups(domain: Domain, accountId: string, wanted: readonly string[]): Promise<Group[]> {
  const groups = await groupsOf(domain, accountId);
  const found = new Map<string, Group>();
  for (const word of wanted) {
    const group = groups.find(({ id, name }) => id === word || name === word);
    if (group === undefined) {
      throw accountErrors('api.key.invalid', {
        message: `The account has no group "${word}".`,
        next: `Name one of its groups: ${groups.map(({ name, id }) => `${name} (${id})`).join(', ')}.`,
        data: { fields: [{ name: 'groups', message: `There is no group ${word}.` }] },
      });
    }
    found.set(group.id, group);
  }
  return [...found.values()];
}

export const permissionsOf = (groups: readonly Group[]): ReadonlySet<string> =>
  new Set(groups.flatMap(({ permissions }) => [...permissions]));
