import type { GroupCreationInfo, GroupUpdateInfo, ListQuery, SubjectList } from '@mooring/rest';
import { type RawBuilder, sql } from 'kysely';
import { audit } from '../audit/records.ts';
import { type FieldRule, type Page, pageOf, wholeList } from '../lists/page.ts';
import { keepingAnAdministrator } from '../people/last-administrator.ts';
import type { Actor, Domain } from '../storage/context.ts';
import { isUniqueViolation } from '../storage/index.ts';
import type { Row } from '../storage/schema.ts';
import { accountErrors } from './errors.ts';
import { checkGrant, groupOf } from './groups.ts';
import { newId } from './ids.ts';
import { allPermissions, expand, isFirstGroup } from './permissions.ts';

/** A policy group with how many are in it. */
export interface GroupSize extends Row<'policy_groups'> {
  readonly users: number;
  readonly apiKeys: number;
}

/** The two kinds of members, each with its tables. */
const kinds = {
  users: { members: 'users', links: 'user_groups', column: 'user_id', noun: 'user' },
  apikeys: { members: 'api_keys', links: 'api_key_groups', column: 'api_key_id', noun: 'API key' },
} as const;

export type MemberKind = keyof typeof kinds;

async function counts(domain: Domain, kind: MemberKind, accountId: string): Promise<Map<string, number>> {
  const rows = await domain.storage.db
    .selectFrom(kinds[kind].links)
    .select(({ fn }) => ['group_id', fn.countAll<number | string>().as('count')])
    .where('account_id', '=', accountId)
    .groupBy('group_id')
    .execute();
  return new Map(rows.map(({ group_id, count }) => [group_id, Number(count)]));
}

async function sized(domain: Domain, accountId: string, rows: readonly Row<'policy_groups'>[]): Promise<GroupSize[]> {
  const users = await counts(domain, 'users', accountId);
  const apiKeys = await counts(domain, 'apikeys', accountId);
  return rows.map((row) => ({ ...row, users: users.get(row.id) ?? 0, apiKeys: apiKeys.get(row.id) ?? 0 }));
}

const rules: Readonly<Record<string, FieldRule>> = { id: 'id', name: 'name' };

/** @param conditions that hold besides the filters of the query */
export async function listGroups(
  domain: Domain,
  actor: Actor,
  query: ListQuery = wholeList,
  conditions: readonly RawBuilder<boolean>[] = [],
): Promise<Page<GroupSize>> {
  const page = await pageOf(domain, 'policy_groups', actor.accountId, query, rules, conditions);
  return { ...page, items: await sized(domain, actor.accountId, page.items) };
}

/** The groups that a user or an API key is in, for `listGroups`. */
export const groupsWith = (kind: MemberKind, id: string): RawBuilder<boolean> => {
  const { links, column } = kinds[kind];
  return sql<boolean>`policy_groups.id in (select group_id from ${sql.table(links)} where ${sql.ref(column)} = ${id})`;
};

/** The API keys that are in a group, for `listApiKeys`. */
export const apiKeysIn = (groupId: string): RawBuilder<boolean> =>
  sql<boolean>`api_keys.id in (select api_key_id from api_key_groups where group_id = ${groupId})`;

/** @throws MooringError `group.not.found` */
export async function getGroup(domain: Domain, actor: Actor, id: string): Promise<GroupSize> {
  const row = await domain.storage.db
    .selectFrom('policy_groups')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return (await sized(domain, actor.accountId, [row]))[0] as GroupSize;
  throw accountErrors('group.not.found', {
    message: `There is no group with the id ${id}.`,
    next: 'List the groups for their ids.',
  });
}

const invalid = (name: string, message: string) =>
  accountErrors('group.invalid', {
    message: `The group cannot be as it is asked for: ${message}`,
    next: 'Correct the field that is named.',
    data: { fields: [{ name, message }] },
  });

async function uniqueName<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw accountErrors('group.name.taken', {
      message: `There is a group named "${name}" already.`,
      next: 'Choose another name.',
      data: { fields: [{ name: 'name', message: 'Is taken.' }] },
    });
  }
}

function checkPermissions(actor: Actor, name: string, permissions: readonly string[]): void {
  const unknown = permissions.find((permission) => permission !== '*' && !allPermissions.has(permission));
  if (unknown !== undefined) throw invalid('permissions', `There is no permission ${unknown}.`);
  checkGrant(actor, [{ id: '', name, permissions: expand(permissions) }]);
}

async function checkLimit(domain: Domain, accountId: string): Promise<void> {
  const limit = domain.settings.limits.policyGroups;
  const { items } = await pageOf(domain, 'policy_groups', accountId, wholeList, rules);
  if (items.length < limit) return;
  throw accountErrors('account.limit', {
    message: `The account has ${items.length} groups, and its limit is ${limit}.`,
    next: 'Delete those that are no longer used, or raise the limit.',
    data: { limit },
  });
}

/** @throws MooringError `group.name.taken`, `group.invalid`, `permission.denied`, `account.limit` */
export async function createGroup(domain: Domain, actor: Actor, input: GroupCreationInfo): Promise<GroupSize> {
  const { name, permissions = [], members = {} } = input;
  const id = newId(domain.clock);
  const now = domain.clock.now().getTime();
  return uniqueName(name, () =>
    domain.storage.transaction(async (db) => {
      checkPermissions(actor, name, permissions);
      await checkLimit(domain, actor.accountId);
      await db
        .insertInto('policy_groups')
        .values({
          id,
          account_id: actor.accountId,
          name,
          permissions_json: JSON.stringify([...new Set(permissions)]),
          created_at: now,
          updated_at: now,
          etag: 1,
        })
        .execute();
      await audit(domain, actor, {
        action: 'group.created',
        subjectKind: 'group',
        subjectId: id,
        detail: { name, permissions },
      });
      if ((members.users?.length ?? 0) + (members.apikeys?.length ?? 0) > 0) {
        await addMembers(domain, actor, id, members);
      }
      return getGroup(domain, actor, id);
    }),
  );
}

const fixed = (name: string, what: string) =>
  accountErrors('group.fixed', {
    message: `The group ${name} is one that every account has: it ${what}.`,
    next: 'Make a group of your own.',
  });

/** @throws MooringError `group.not.found`, `group.name.taken`, `group.fixed`, `group.invalid`, `permission.denied` */
export async function updateGroup(
  domain: Domain,
  actor: Actor,
  id: string,
  { name, permissions }: GroupUpdateInfo,
): Promise<GroupSize> {
  return uniqueName(name ?? '', () =>
    domain.storage.transaction(async (db) => {
      const before = await getGroup(domain, actor, id);
      const present = JSON.parse(before.permissions_json) as string[];
      const columns = {
        ...(name === undefined || name === before.name ? {} : { name }),
        ...(permissions === undefined || permissions.toSorted().join() === present.toSorted().join()
          ? {}
          : { permissions_json: JSON.stringify([...new Set(permissions)]) }),
      };
      if (Object.keys(columns).length === 0) return before;
      if (isFirstGroup(before.name)) throw fixed(before.name, 'keeps its name and its permissions');
      checkGrant(actor, [groupOf(before)]);
      checkPermissions(actor, before.name, permissions ?? present);
      await db
        .updateTable('policy_groups')
        .set({ ...columns, updated_at: domain.clock.now().getTime(), etag: before.etag + 1 })
        .where('id', '=', id)
        .execute();
      await audit(domain, actor, {
        action: 'group.updated',
        subjectKind: 'group',
        subjectId: id,
        detail: {
          ...(columns.name === undefined ? {} : { name }),
          ...(columns.permissions_json ? { permissions } : {}),
        },
      });
      return getGroup(domain, actor, id);
    }),
  );
}

/** Deletes a group; its members stay without it. @throws MooringError `group.not.found`, `group.fixed`, `permission.denied` */
export async function deleteGroup(domain: Domain, actor: Actor, id: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const before = await getGroup(domain, actor, id);
    if (isFirstGroup(before.name)) throw fixed(before.name, 'cannot be deleted');
    checkGrant(actor, [groupOf(before)]);
    await db.deleteFrom('policy_groups').where('id', '=', id).execute();
    await audit(domain, actor, {
      action: 'group.deleted',
      subjectKind: 'group',
      subjectId: id,
      detail: { name: before.name },
    });
  });
}

/** The ids of a kind that are named, without doubles. @throws MooringError `group.invalid` for one that there is not */
async function checked(domain: Domain, actor: Actor, kind: MemberKind, wanted: SubjectList): Promise<string[]> {
  const ids = [...new Set(wanted[kind] ?? [])];
  if (ids.length === 0) return ids;
  const { members, noun } = kinds[kind];
  const rows = await domain.storage.db
    .selectFrom(members)
    .select('id')
    .where('account_id', '=', actor.accountId)
    .where('id', 'in', ids)
    .execute();
  const found = new Set(rows.map(({ id }) => id));
  const missing = ids.find((id) => !found.has(id));
  if (missing !== undefined) throw invalid(kind, `There is no ${noun} with the id ${missing}.`);
  return ids;
}

async function present(
  domain: Domain,
  kind: MemberKind,
  groupId: string,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows =
    kind === 'users'
      ? await domain.storage.db
          .selectFrom('user_groups')
          .select('user_id as id')
          .where('group_id', '=', groupId)
          .where('user_id', 'in', ids)
          .execute()
      : await domain.storage.db
          .selectFrom('api_key_groups')
          .select('api_key_id as id')
          .where('group_id', '=', groupId)
          .where('api_key_id', 'in', ids)
          .execute();
  return new Set(rows.map(({ id }) => id));
}

async function touch(domain: Domain, actor: Actor, group: GroupSize, action: string, detail: SubjectList) {
  const { db } = domain.storage;
  const now = domain.clock.now().getTime();
  await db
    .updateTable('policy_groups')
    .set({ updated_at: now, etag: group.etag + 1 })
    .where('id', '=', group.id)
    .execute();
  for (const kind of ['users', 'apikeys'] as const) {
    const ids = detail[kind] ?? [];
    if (ids.length === 0) continue;
    await db
      .updateTable(kinds[kind].members)
      .set(({ eb }) => ({ updated_at: now, etag: eb('etag', '+', 1) }))
      .where('id', 'in', ids)
      .execute();
  }
  await audit(domain, actor, {
    action,
    subjectKind: 'group',
    subjectId: group.id,
    detail: { name: group.name, ...detail },
  });
}

/**
 * Puts users and API keys into a group.
 *
 * @throws MooringError `group.not.found`, `group.invalid`, `group.member.present`, `permission.denied`
 */
export async function addMembers(
  domain: Domain,
  actor: Actor,
  groupId: string,
  wanted: SubjectList,
): Promise<GroupSize> {
  return domain.storage.transaction(async (db) => {
    const group = await getGroup(domain, actor, groupId);
    checkGrant(actor, [groupOf(group)]);
    const added: Record<MemberKind, string[]> = { users: [], apikeys: [] };
    for (const kind of ['users', 'apikeys'] as const) {
      const ids = await checked(domain, actor, kind, wanted);
      const [already] = await present(domain, kind, groupId, ids);
      if (already !== undefined) {
        throw accountErrors('group.member.present', {
          message: `The ${kinds[kind].noun} ${already} is in the group ${group.name} already.`,
          next: 'Leave it out.',
          data: { fields: [{ name: kind, message: `${already} is in the group already.` }] },
        });
      }
      added[kind] = ids;
    }
    const link = { account_id: actor.accountId, group_id: groupId };
    if (added.users.length > 0) {
      const rows = added.users.map((user_id) => ({ ...link, user_id }));
      await db.insertInto('user_groups').values(rows).execute();
    }
    if (added.apikeys.length > 0) {
      const rows = added.apikeys.map((api_key_id) => ({ ...link, api_key_id }));
      await db.insertInto('api_key_groups').values(rows).execute();
    }
    await touch(domain, actor, group, 'group.members-added', added);
    return getGroup(domain, actor, groupId);
  });
}

/**
 * Takes users and API keys out of a group; who is not in it stays out.
 *
 * @throws MooringError `group.not.found`, `group.invalid`, `user.last.administrator`, `permission.denied`
 */
export async function removeMembers(
  domain: Domain,
  actor: Actor,
  groupId: string,
  wanted: SubjectList,
): Promise<GroupSize> {
  return keepingAnAdministrator(domain, actor, async () => {
    const { db } = domain.storage;
    const group = await getGroup(domain, actor, groupId);
    checkGrant(actor, [groupOf(group)]);
    const users = await checked(domain, actor, 'users', wanted);
    const apikeys = await checked(domain, actor, 'apikeys', wanted);
    if (users.length > 0) {
      await db.deleteFrom('user_groups').where('group_id', '=', groupId).where('user_id', 'in', users).execute();
    }
    if (apikeys.length > 0) {
      await db
        .deleteFrom('api_key_groups')
        .where('group_id', '=', groupId)
        .where('api_key_id', 'in', apikeys)
        .execute();
    }
    await touch(domain, actor, group, 'group.members-removed', { users, apikeys });
    return getGroup(domain, actor, groupId);
  });
}
