import type { ListQuery } from '@mooring/rest';
import { type RawBuilder, sql } from 'kysely';
import { audit } from '../audit/records.ts';
import { timeText } from '../http/time-text.ts';
import { columnCondition, type FieldRule, type Page, pageOf, wholeList } from '../lists/page.ts';
import type { Actor, Domain } from '../storage/context.ts';
import { isUniqueViolation } from '../storage/index.ts';
import type { Row } from '../storage/schema.ts';
import { formatApiKey, hashSecret, newSecret, parseApiKey } from './api-key-text.ts';
import { accountErrors } from './errors.ts';
import { checkGrant, defaultGroups, findGroups, type Group } from './groups.ts';
import { newId } from './ids.ts';

export type ApiKeyStatus = 'ACTIVE' | 'INACTIVE';

export interface ApiKey {
  id: string;
  accountId: string;
  name: string;
  status: ApiKeyStatus;
  /** Who made it, unless it was given to someone else: an API key, a user, or the account for its operator. */
  owner: string;
  /** Ids. */
  groups: string[];
  /** Whole where the secret was made just now, else the public part. */
  key: string;
  /** Milliseconds since 1970, as all times here. */
  createdAt: number;
  updatedAt: number;
  lastLoginAt: number | null;
  /** Refused from then on; null: never. */
  expiresAt: number | null;
  etag: number;
}

export interface ApiKeyInput {
  name: string;
  /** Ids or names. */
  groups?: readonly string[];
  owner?: string;
  status?: ApiKeyStatus;
  /** Null takes the end away. */
  expiresAt?: number | null;
}

async function keysOf(domain: Domain, rows: readonly Row<'api_keys'>[]): Promise<ApiKey[]> {
  if (rows.length === 0) return [];
  const memberships = await domain.storage.db
    .selectFrom('api_key_groups')
    .select(['api_key_id', 'group_id'])
    .where('account_id', '=', (rows[0] as Row<'api_keys'>).account_id)
    .$if(rows.length <= 1000, (query) =>
      query.where(
        'api_key_id',
        'in',
        rows.map(({ id }) => id),
      ),
    )
    .orderBy('group_id')
    .execute();
  const groups = Map.groupBy(memberships, ({ api_key_id }) => api_key_id);
  return rows.map((row) => ({
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    status: row.status as ApiKeyStatus,
    owner: row.owner_id ?? row.account_id,
    groups: (groups.get(row.id) ?? []).map(({ group_id }) => group_id),
    key: formatApiKey({ accountId: row.account_id, id: row.id }),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastLoginAt: row.last_login_at,
    expiresAt: row.expires_at,
    etag: row.etag,
  }));
}

const rules: Readonly<Record<string, FieldRule>> = {
  id: 'id',
  name: 'name',
  status: 'status',
  owner: (filter) => columnCondition(sql`coalesce(owner_id, account_id)`, filter),
  // A filter takes the public part of a key; a text that is no key matches nothing.
  key: (filter) =>
    columnCondition(sql.ref('id'), {
      ...filter,
      values: filter.values.map((text) => parseApiKey(String(text))?.id ?? ''),
    }),
};

/** @param conditions that hold besides the filters of the query */
export async function listApiKeys(
  domain: Domain,
  actor: Actor,
  query: ListQuery = wholeList,
  conditions: readonly RawBuilder<boolean>[] = [],
): Promise<Page<ApiKey>> {
  const page = await pageOf(domain, 'api_keys', actor.accountId, query, rules, conditions);
  return { ...page, items: await keysOf(domain, page.items) };
}

/** The API key that asks. @throws MooringError `permission.denied` if it is a user */
export function apiKeyIdOf(actor: Actor): string {
  if (actor.kind === 'api-key') return actor.id;
  throw accountErrors('permission.denied', {
    message: 'Only an API key can do this with itself; the caller is a user.',
    next: 'Name the API key by its id.',
  });
}

/** @throws MooringError `api.key.not.found` */
export async function getApiKey(domain: Domain, actor: Actor, id: string): Promise<ApiKey> {
  const row = await domain.storage.db
    .selectFrom('api_keys')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return (await keysOf(domain, [row]))[0] as ApiKey;
  throw accountErrors('api.key.not.found', {
    message: `There is no API key with the id ${id}.`,
    next: 'List the API keys for their ids.',
  });
}

async function checkOwner(domain: Domain, actor: Actor, owner: string): Promise<void> {
  if (owner === actor.accountId || owner === actor.id) return;
  for (const table of ['api_keys', 'users'] as const) {
    const found = await domain.storage.db
      .selectFrom(table)
      .select('id')
      .where('account_id', '=', actor.accountId)
      .where('id', '=', owner)
      .executeTakeFirst();
    if (found) return;
  }
  throw accountErrors('api.key.invalid', {
    message: `The account has nobody with the id "${owner}" who could own the key.`,
    next: 'Leave the owner out.',
    data: { fields: [{ name: 'owner', message: 'There is no such owner.' }] },
  });
}

function checkEnd(domain: Domain, expiresAt: number | null | undefined): void {
  if (typeof expiresAt !== 'number' || expiresAt > domain.clock.now().getTime()) return;
  throw accountErrors('api.key.invalid', {
    message: 'The API key would have expired already.',
    next: 'Choose a time to come; to end a key now, delete it.',
    data: { fields: [{ name: 'expires_at', message: 'Is past.' }] },
  });
}

async function setGroups(domain: Domain, accountId: string, id: string, groups: readonly Group[]): Promise<void> {
  const { db } = domain.storage;
  await db.deleteFrom('api_key_groups').where('api_key_id', '=', id).execute();
  if (groups.length === 0) return;
  await db
    .insertInto('api_key_groups')
    .values(groups.map((group) => ({ account_id: accountId, api_key_id: id, group_id: group.id })))
    .execute();
}

async function uniqueName<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw accountErrors('api.key.name.taken', {
      message: `There is an API key named "${name}" already.`,
      next: 'Choose another name.',
      data: { fields: [{ name: 'name', message: 'Is taken.' }] },
    });
  }
}

async function checkLimit(domain: Domain, accountId: string): Promise<void> {
  const limit = domain.settings.limits.apiKeys;
  const { count } = await domain.storage.db
    .selectFrom('api_keys')
    .select((expression) => expression.fn.countAll<number | string>().as('count'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  if (Number(count) < limit) return;
  throw accountErrors('account.limit', {
    message: `The account has ${count} API keys, and its limit is ${limit}.`,
    next: 'Delete those that are no longer used, or raise the limit.',
    data: { limit },
  });
}

/**
 * Makes an API key. The result is the only place where the whole key can ever be read.
 *
 * @throws MooringError `api.key.name.taken`, `api.key.invalid`, `group.unknown`, `permission.denied`, `account.limit`
 */
export async function createApiKey(domain: Domain, actor: Actor, input: ApiKeyInput): Promise<ApiKey> {
  const { accountId } = actor;
  checkEnd(domain, input.expiresAt);
  const id = newId(domain.clock);
  const secret = newSecret();
  const now = domain.clock.now().getTime();
  return uniqueName(input.name, () =>
    domain.storage.transaction(async (db) => {
      await checkLimit(domain, accountId);
      const groups = await findGroups(domain, accountId, input.groups ?? defaultGroups(actor));
      checkGrant(actor, groups);
      if (input.owner !== undefined) await checkOwner(domain, actor, input.owner);
      const owner = input.owner ?? (actor.kind === 'operator' ? null : actor.id);
      await db
        .insertInto('api_keys')
        .values({
          id,
          account_id: accountId,
          name: input.name,
          status: input.status ?? 'ACTIVE',
          owner_id: owner === accountId ? null : owner,
          secret_hash: hashSecret(secret),
          created_at: now,
          updated_at: now,
          last_login_at: null,
          expires_at: input.expiresAt ?? null,
          etag: 1,
        })
        .execute();
      await setGroups(domain, accountId, id, groups);
      await audit(domain, actor, {
        action: 'api-key.created',
        subjectKind: 'api-key',
        subjectId: id,
        detail: {
          name: input.name,
          groups: groups.map(({ name }) => name),
          ...(input.expiresAt ? { expires_at: timeText(input.expiresAt) } : {}),
        },
      });
      return { ...(await getApiKey(domain, actor, id)), key: formatApiKey({ accountId, id, secret }) };
    }),
  );
}

/**
 * Changes what is given and keeps the rest.
 *
 * @throws MooringError `api.key.not.found`, `api.key.name.taken`, `api.key.invalid`, `permission.denied`
 */
export async function updateApiKey(
  domain: Domain,
  actor: Actor,
  id: string,
  changes: Partial<ApiKeyInput>,
): Promise<ApiKey> {
  return uniqueName(changes.name ?? '', () =>
    domain.storage.transaction(async () => {
      const before = await getApiKey(domain, actor, id);
      await changeKey(domain, actor, before, changes, undefined);
      return getApiKey(domain, actor, id);
    }),
  );
}

/** Gives the key a new secret; the old one is refused from then on. The other changes are made with it. */
export async function resetApiKeySecret(
  domain: Domain,
  actor: Actor,
  id: string,
  changes: Partial<ApiKeyInput> = {},
): Promise<ApiKey> {
  const secret = newSecret();
  return uniqueName(changes.name ?? '', () =>
    domain.storage.transaction(async () => {
      const before = await getApiKey(domain, actor, id);
      await changeKey(domain, actor, before, changes, secret);
      const after = await getApiKey(domain, actor, id);
      return { ...after, key: formatApiKey({ accountId: after.accountId, id, secret }) };
    }),
  );
}

async function changeKey(
  domain: Domain,
  actor: Actor,
  before: ApiKey,
  changes: Partial<ApiKeyInput>,
  secret: string | undefined,
): Promise<void> {
  const changed: Record<string, unknown> = {};
  const columns: Partial<Pick<Row<'api_keys'>, 'name' | 'status' | 'owner_id' | 'secret_hash' | 'expires_at'>> = {};
  const mayGovern = actor.permissions.has('api-keys:write');
  if (changes.name !== undefined && changes.name !== before.name) columns.name = changed.name = changes.name;
  if (changes.status !== undefined && changes.status !== before.status)
    columns.status = changed.status = changes.status;
  if (changes.owner !== undefined && changes.owner !== before.owner) {
    if (!mayGovern) throw onlyGovernors('owner');
    await checkOwner(domain, actor, changes.owner);
    columns.owner_id = changes.owner === before.accountId ? null : changes.owner;
    changed.owner = changes.owner;
  }
  if (changes.expiresAt !== undefined && changes.expiresAt !== before.expiresAt) {
    if (!mayGovern) throw onlyGovernors('end');
    checkEnd(domain, changes.expiresAt);
    columns.expires_at = changes.expiresAt;
    changed.expires_at = changes.expiresAt === null ? null : timeText(changes.expiresAt);
  }
  let groups: Group[] | undefined;
  if (changes.groups !== undefined) {
    groups = await findGroups(domain, before.accountId, changes.groups);
    const after = groups.map(({ id }) => id).sort();
    if (after.join() === before.groups.toSorted().join()) groups = undefined;
    else {
      if (!mayGovern) throw onlyGovernors('groups');
      checkGrant(actor, groups);
      changed.groups = groups.map(({ name }) => name);
    }
  }
  if (secret !== undefined) {
    // Whoever gets a new secret gets all that the key may do.
    checkGrant(actor, groups ?? (await findGroups(domain, before.accountId, before.groups)));
    columns.secret_hash = hashSecret(secret);
  }
  if (secret === undefined && Object.keys(changed).length === 0) return;
  if (groups) await setGroups(domain, before.accountId, before.id, groups);
  await domain.storage.db
    .updateTable('api_keys')
    .set({ ...columns, updated_at: domain.clock.now().getTime(), etag: before.etag + 1 })
    .where('id', '=', before.id)
    .execute();
  await audit(domain, actor, {
    action: secret === undefined ? 'api-key.updated' : 'api-key.secret-reset',
    subjectKind: 'api-key',
    subjectId: before.id,
    detail: changed,
  });
}

const onlyGovernors = (field: string) =>
  accountErrors('permission.denied', {
    message: `The ${field} of an API key can only be changed by one that may change all API keys.`,
    next: 'Use an API key of the group Administrators.',
  });

/**
 * Deletes a key; it is refused from then on. The last one of the administrators may go too: the operator can make
 * another through the admin socket.
 *
 * @throws MooringError `api.key.not.found`
 */
export async function deleteApiKey(domain: Domain, actor: Actor, id: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const { name } = await getApiKey(domain, actor, id);
    await db.deleteFrom('api_key_groups').where('api_key_id', '=', id).execute();
    await db.deleteFrom('api_keys').where('id', '=', id).execute();
    await audit(domain, actor, { action: 'api-key.deleted', subjectKind: 'api-key', subjectId: id, detail: { name } });
  });
}
