import type { UserInfoReq, UserUpdateReq } from '@mooring/rest';
import { showAccount } from '../accounts/account.ts';
import { accountErrors } from '../accounts/errors.ts';
import { checkGrant, defaultGroups, findGroups, type Group } from '../accounts/groups.ts';
import { newId } from '../accounts/ids.ts';
import { audit } from '../audit/records.ts';
import type { Actor, Domain } from '../storage/context.ts';
import { isUniqueViolation } from '../storage/index.ts';
import type { UserStatus } from '../storage/people-schema.ts';
import type { Row } from '../storage/schema.ts';
import { emailKey } from './email.ts';
import { peopleErrors } from './errors.ts';
import { keepingAnAdministrator } from './last-administrator.ts';
import { checkNewPassword, defaultMinimumLength, generatedPassword } from './password-rules.ts';
import { passwordsOf } from './passwords.ts';
import { getUser, type User } from './user.ts';

/** Least length of a new password in the account. */
export async function minimumLength(domain: Domain, actor: Pick<Actor, 'accountId'>): Promise<number> {
  const { attributes } = await showAccount(domain, actor);
  return attributes.password_policy?.minimum_length ?? defaultMinimumLength;
}

const invalid = (name: string, message: string) =>
  peopleErrors('user.invalid', {
    message: `The user cannot be as it is asked for: ${name}: ${message}`,
    next: 'Correct the field that is named.',
    data: { fields: [{ name, message }] },
  });

function checkProfiles({ login_profiles }: Pick<UserInfoReq, 'login_profiles'>, accountId: string): void {
  const other = login_profiles?.find(({ id }) => id !== accountId);
  if (other)
    throw invalid('login_profiles', `There is no login profile ${other.id}; there is ${accountId}, the password.`);
}

/** @throws MooringError `user.email.taken`, `user.username.taken` where the work stumbles over another user */
async function unique<T>({ email, username }: { email?: string; username?: string | null }, work: () => Promise<T>) {
  try {
    return await work();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    if (/username/.test(String((error as Error).message) + String((error as Error).cause))) {
      throw peopleErrors('user.username.taken', {
        message: `There is a user named "${username}" already.`,
        next: 'Choose another name.',
        data: { fields: [{ name: 'username', message: 'Is taken.' }] },
      });
    }
    throw peopleErrors('user.email.taken', {
      message: `There is a user with the e-mail address ${email} already.`,
      next: 'Change that one, or use another address.',
      data: { fields: [{ name: 'email', message: 'Is taken.' }] },
    });
  }
}

async function checkLimit(domain: Domain, accountId: string): Promise<void> {
  const limit = domain.settings.limits.users;
  const { count } = await domain.storage.db
    .selectFrom('users')
    .select((expression) => expression.fn.countAll<number | string>().as('count'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  if (Number(count) < limit) return;
  throw accountErrors('account.limit', {
    message: `The account has ${count} users, and its limit is ${limit}.`,
    next: 'Delete those who have left, or raise the limit.',
    data: { limit },
  });
}

async function setGroups(domain: Domain, accountId: string, userId: string, groups: readonly Group[]): Promise<void> {
  const { db } = domain.storage;
  await db.deleteFrom('user_groups').where('user_id', '=', userId).execute();
  if (groups.length === 0) return;
  await db
    .insertInto('user_groups')
    .values(groups.map((group) => ({ account_id: accountId, user_id: userId, group_id: group.id })))
    .execute();
}

/** What is written of a new user besides what the request says. */
interface NewUser {
  readonly status: UserStatus;
  readonly passwordHash: string | null;
  /** Dotted word of the audit record. */
  readonly action: string;
}

/** In a transaction. @throws MooringError as {@link createUser} */
export async function insertUser(domain: Domain, actor: Actor, input: UserInfoReq, made: NewUser): Promise<string> {
  const { accountId } = actor;
  const id = newId(domain.clock);
  const now = domain.clock.now().getTime();
  checkProfiles(input, accountId);
  // The contract's own form: whether mail arrives there is for whoever passes the link on to know.
  if (!/^(?=.{3,254}$).+@.+$/.test(input.email.trim())) throw invalid('email', 'Is no e-mail address.');
  await checkLimit(domain, accountId);
  const groups = await findGroups(domain, accountId, input.groups ?? defaultGroups(actor));
  checkGrant(actor, groups);
  const { username = null } = input;
  await unique({ email: input.email, username }, () =>
    domain.storage.db
      .insertInto('users')
      .values({
        id,
        account_id: accountId,
        email: input.email.trim(),
        email_key: emailKey(input.email),
        username,
        full_name: input.full_name ?? null,
        phone_number: input.phone_number ?? null,
        address: input.address ?? null,
        status: made.status,
        gtc_accepted: Number(input.is_gtc_accepted ?? false),
        marketing_accepted: Number(input.is_marketing_accepted ?? false),
        password_hash: made.passwordHash,
        password_changed_at: made.passwordHash === null ? null : now,
        totp_secret_sealed: null,
        totp_enabled: 0,
        totp_last_step: 0,
        last_login_at: null,
        created_at: now,
        updated_at: now,
        etag: 1,
      })
      .execute(),
  );
  await setGroups(domain, accountId, id, groups);
  await audit(domain, actor, {
    action: made.action,
    subjectKind: 'user',
    subjectId: id,
    detail: { email: input.email.trim(), groups: groups.map(({ name }) => name) },
  });
  return id;
}

/**
 * Makes a user who can sign in. Without a password one is generated, told this once, and to be replaced at the first
 * sign-in: then only the user knows it.
 *
 * @throws MooringError `user.*.taken`, `user.invalid`, `group.unknown`, `permission.denied`, `account.limit`, `password.weak`
 */
export async function createUser(
  domain: Domain,
  actor: Actor,
  input: UserInfoReq,
): Promise<{ user: User; generated: string | undefined }> {
  const generated = input.password == null ? generatedPassword() : undefined;
  const password = input.password ?? (generated as string);
  if (generated === undefined) {
    const minimum = await minimumLength(domain, actor);
    checkNewPassword(password, { minimum, words: [input.email, input.full_name ?? null], field: 'password' });
  }
  const passwordHash = await passwordsOf(domain).hash(password);
  const status = generated === undefined ? 'ACTIVE' : 'RESET';
  const id = await domain.storage.transaction(() =>
    insertUser(domain, actor, input, { status, passwordHash, action: 'user.created' }),
  );
  return { user: await getUser(domain, actor, id), generated };
}

/**
 * Whether the caller may change this user: only one who may do all that the user may.
 *
 * @throws MooringError `permission.denied`
 */
export async function checkGoverns(domain: Domain, actor: Actor, user: User): Promise<void> {
  if (actor.id === user.id) return;
  checkGrant(actor, await findGroups(domain, actor.accountId, user.groups));
}

/** States that an administrator may set, and from which. */
const settable: Readonly<Partial<Record<UserStatus, readonly UserStatus[]>>> = {
  ACTIVE: ['INACTIVE', 'RESET'],
  INACTIVE: ['ACTIVE', 'RESET'],
  RESET: ['ACTIVE'],
};

type Columns = Partial<Omit<Row<'users'>, 'id' | 'account_id'>>;

function plainColumns(before: User, changes: UserUpdateReq): Columns {
  const { email, full_name, username, phone_number, address } = changes;
  const wanted: Columns = {
    ...(email == null || email.trim() === before.email ? {} : { email: email.trim(), email_key: emailKey(email) }),
    ...(full_name === undefined ? {} : { full_name }),
    ...(username === undefined ? {} : { username }),
    ...(phone_number === undefined ? {} : { phone_number }),
    ...(address === undefined ? {} : { address }),
    ...(changes.is_gtc_accepted == null ? {} : { gtc_accepted: Number(changes.is_gtc_accepted) }),
    ...(changes.is_marketing_accepted == null ? {} : { marketing_accepted: Number(changes.is_marketing_accepted) }),
  };
  return Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => before[name as keyof Columns] !== value),
  ) as Columns;
}

function secondFactorColumns({ totp_enabled }: User, { is_totp_enabled }: UserUpdateReq): Columns {
  if (is_totp_enabled == null || is_totp_enabled === (totp_enabled === 1)) return {};
  if (is_totp_enabled) throw invalid('is_totp_enabled', 'Only the user can set up a second factor.');
  return { totp_enabled: 0, totp_secret_sealed: null };
}

function statusColumns({ status: before }: User, { status }: UserUpdateReq): Columns {
  if (status == null || status === before) return {};
  if (settable[status]?.includes(before)) return { status };
  throw invalid('status', `A user who is ${before} cannot be made ${status}.`);
}

/** What a user may change of its own row. */
const ownFields: ReadonlySet<string> = new Set([
  'full_name',
  'username',
  'phone_number',
  'address',
  'is_gtc_accepted',
  'is_marketing_accepted',
]);

/** Of `changes`, what a user may change of itself; the rest is for those who may change all users. */
export function ownChanges(actor: Actor, changes: UserUpdateReq): UserUpdateReq {
  if (actor.permissions.has('users:write')) return changes;
  const foreign = Object.entries(changes).find(([name, value]) => value !== undefined && !ownFields.has(name));
  if (!foreign) return changes;
  throw accountErrors('permission.denied', {
    message: `The ${foreign[0]} of a user can only be changed by one who may change all users.`,
    next: 'Ask one of the group Administrators.',
  });
}

/**
 * Changes what is given and keeps the rest. Who is made inactive, has to choose a new password or loses a second factor
 * is signed out everywhere.
 *
 * @throws MooringError `user.not.found`, `user.*.taken`, `user.invalid`, `user.last.administrator`, `group.unknown`, `permission.denied`
 */
export async function updateUser(domain: Domain, actor: Actor, id: string, changes: UserUpdateReq): Promise<User> {
  await keepingAnAdministrator(domain, actor, async () => {
    const { db } = domain.storage;
    const before = await getUser(domain, actor, id);
    await checkGoverns(domain, actor, before);
    checkProfiles(changes, actor.accountId);
    const columns = {
      ...plainColumns(before, changes),
      ...secondFactorColumns(before, changes),
      ...statusColumns(before, changes),
    };
    const fields = Object.keys(columns).filter((name) => name !== 'email_key' && name !== 'totp_secret_sealed');
    const groups = changes.groups && (await findGroups(domain, actor.accountId, changes.groups));
    const detail: Record<string, unknown> = {};
    if (
      groups &&
      groups
        .map((group) => group.id)
        .toSorted()
        .join() !== before.groups.toSorted().join()
    ) {
      checkGrant(actor, groups);
      await setGroups(domain, actor.accountId, id, groups);
      detail.groups = groups.map(({ name }) => name);
    }
    if (fields.length === 0 && detail.groups === undefined) return;
    await unique({ email: columns.email ?? before.email, username: columns.username ?? null }, () =>
      db
        .updateTable('users')
        .set({ ...columns, updated_at: domain.clock.now().getTime(), etag: before.etag + 1 })
        .where('id', '=', id)
        .execute(),
    );
    if (columns.status !== undefined && columns.status !== 'ACTIVE') await signOutEverywhere(domain, id);
    if (columns.status === 'INACTIVE') await db.deleteFrom('one_time_links').where('user_id', '=', id).execute();
    if (columns.totp_enabled === 0) {
      await db.deleteFrom('user_scratch_codes').where('user_id', '=', id).execute();
      await signOutEverywhere(domain, id);
    }
    await audit(domain, actor, {
      action: 'user.updated',
      subjectKind: 'user',
      subjectId: id,
      detail: {
        ...(fields.length > 0 ? { fields: fields.sort() } : {}),
        ...(columns.status === undefined ? {} : { status: columns.status }),
        ...(columns.email === undefined ? {} : { email: columns.email }),
        ...detail,
      },
    });
  });
  return getUser(domain, actor, id);
}

/** Ends the sessions of a user. @param except the id of one that goes on */
export async function signOutEverywhere(domain: Domain, userId: string, except = ''): Promise<void> {
  await domain.storage.db.deleteFrom('user_sessions').where('user_id', '=', userId).where('id', '!=', except).execute();
}

/**
 * Deletes a user with all that belongs to it; API keys that it has made stay, and are the account's then.
 *
 * @throws MooringError `user.not.found`, `user.invalid` for oneself, `user.last.administrator`, `permission.denied`
 */
export async function deleteUser(domain: Domain, actor: Actor, id: string): Promise<void> {
  await keepingAnAdministrator(domain, actor, async () => {
    const { db } = domain.storage;
    const user = await getUser(domain, actor, id);
    if (actor.id === id) throw invalid('id', 'Nobody deletes oneself.');
    await checkGoverns(domain, actor, user);
    await db.updateTable('api_keys').set({ owner_id: null }).where('owner_id', '=', id).execute();
    await db.deleteFrom('users').where('id', '=', id).execute();
    await audit(domain, actor, {
      action: 'user.deleted',
      subjectKind: 'user',
      subjectId: id,
      detail: { email: user.email },
    });
  });
}
