import { showAccount } from '../accounts/account.ts';
import { permissionsOfMember } from '../accounts/groups.ts';
import { newId } from '../accounts/ids.ts';
import { ownPermissions } from '../accounts/permissions.ts';
import { audit } from '../audit/records.ts';
import { peopleErrors } from '../people/errors.ts';
import type { Actor, Domain } from '../storage/context.ts';
import type { Row } from '../storage/schema.ts';
import type { Client } from './client.ts';
import { isToken, newToken, tokenHash } from './token.ts';

const minute = 60_000;

/** Where the account says nothing, in minutes. */
const defaultIdleTimeout = 60;

/** A session ends after this long, however much it is used. */
const absoluteTimeout = 12 * 60 * minute;

/** The oldest of a user's make room. */
const mostSessions = 20;

const mostLogins = 100;

/** Minutes without a request until a session of the account ends. */
export async function idleTimeout(domain: Domain, accountId: string): Promise<number> {
  return (await showAccount(domain, { accountId })).attributes.idle_timeout ?? defaultIdleTimeout;
}

/** Writes down that somebody signed in, or tried. The newest hundred of a user are kept. */
export async function recordLogin(domain: Domain, user: Row<'users'>, client: Client, success: boolean): Promise<void> {
  const { db } = domain.storage;
  await db
    .insertInto('user_logins')
    .values({
      id: newId(domain.clock),
      account_id: user.account_id,
      user_id: user.id,
      at: domain.clock.now().getTime(),
      ip_address: client.address,
      user_agent: client.userAgent,
      success: Number(success),
    })
    .execute();
  // Those that failed go first: an attacker must not push out from where a user has signed in.
  const kept = db
    .selectFrom('user_logins')
    .select('id')
    .where('user_id', '=', user.id)
    .orderBy('success', 'desc')
    .orderBy('id', 'desc')
    .limit(mostLogins);
  await db.deleteFrom('user_logins').where('user_id', '=', user.id).where('id', 'not in', kept).execute();
}

/** Begins a session. Its token is told here alone. */
export async function beginSession(
  domain: Domain,
  user: Row<'users'>,
  client: Client,
  { secondFactor }: { secondFactor: boolean },
): Promise<{ token: string; seconds: number; actor: Actor }> {
  const token = newToken('ms_');
  const now = domain.clock.now().getTime();
  const id = newId(domain.clock);
  await domain.storage.transaction(async (db) => {
    await db
      .insertInto('user_sessions')
      .values({
        id,
        account_id: user.account_id,
        user_id: user.id,
        token_hash: tokenHash(token),
        second_factor: Number(secondFactor),
        ip_address: client.address,
        user_agent: client.userAgent,
        created_at: now,
        used_at: now,
        ends_at: now + absoluteTimeout,
      })
      .execute();
    const newest = db
      .selectFrom('user_sessions')
      .select('id')
      .where('user_id', '=', user.id)
      .orderBy('id', 'desc')
      .limit(mostSessions);
    await db.deleteFrom('user_sessions').where('user_id', '=', user.id).where('id', 'not in', newest).execute();
    await db.updateTable('users').set({ last_login_at: now }).where('id', '=', user.id).execute();
    await recordLogin(domain, user, client, true);
    const actor = { kind: 'user', id: user.id, accountId: user.account_id, permissions: new Set<string>() } as const;
    await audit(domain, actor, {
      action: 'user.signed-in',
      subjectKind: 'user',
      subjectId: user.id,
      detail: { address: client.address },
    });
  });
  const actor = await actorOf(domain, {
    id,
    user_id: user.id,
    account_id: user.account_id,
    second_factor: Number(secondFactor),
  });
  return { token, seconds: absoluteTimeout / 1000, actor };
}

type Begun = Pick<Row<'user_sessions'>, 'id' | 'user_id' | 'account_id' | 'second_factor'>;

/** An account that demands a second factor is not shown to one who has given none. */
export async function lacksSecondFactor(domain: Domain, session: Pick<Begun, 'account_id' | 'second_factor'>) {
  if (session.second_factor === 1) return false;
  const { attributes } = await showAccount(domain, { accountId: session.account_id });
  return attributes.mfa_status === 'enforced';
}

async function actorOf(domain: Domain, session: Begun): Promise<Actor> {
  const isPart = await lacksSecondFactor(domain, session);
  const permissions = isPart ? new Set<string>() : await permissionsOfMember(domain, { user: session.user_id });
  for (const permission of ownPermissions) permissions.add(permission);
  return { kind: 'user', id: session.user_id, accountId: session.account_id, permissions, session: session.id };
}

const isOver = ({ used_at, ends_at }: Row<'user_sessions'>, idle: number, now: number): boolean =>
  now >= ends_at || now - used_at >= idle * minute;

/**
 * Whose session this is; undefined if it is nobody's, or has ended.
 *
 * @param atWork the request prolongs the session
 */
export async function authenticateSession(domain: Domain, token: string, atWork: boolean): Promise<Actor | undefined> {
  if (!isToken('ms_', token)) return undefined;
  const { db } = domain.storage;
  const row = await db
    .selectFrom('user_sessions')
    .innerJoin('users', 'users.id', 'user_sessions.user_id')
    .selectAll('user_sessions')
    .where('user_sessions.token_hash', '=', tokenHash(token))
    .where('users.status', '=', 'ACTIVE')
    .executeTakeFirst();
  if (!row) return undefined;
  const now = domain.clock.now().getTime();
  const idle = await idleTimeout(domain, row.account_id);
  if (isOver(row, idle, now)) {
    await db.deleteFrom('user_sessions').where('id', '=', row.id).execute();
    return undefined;
  }
  // To the minute, or finer where a session ends soon: it spares the disk a write with every request.
  if (atWork && now - row.used_at >= Math.min(minute, (idle * minute) / 8)) {
    await db
      .updateTable('user_sessions')
      .set({ used_at: now })
      .where('id', '=', row.id)
      .execute()
      .catch(() => undefined);
  }
  return actorOf(domain, row);
}

/** A user's sessions that have not ended, oldest first. */
export async function sessionsOf(domain: Domain, accountId: string, userId: string): Promise<Row<'user_sessions'>[]> {
  const rows = await domain.storage.db
    .selectFrom('user_sessions')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('user_id', '=', userId)
    .orderBy('id')
    .execute();
  const now = domain.clock.now().getTime();
  const idle = await idleTimeout(domain, accountId);
  return rows.filter((row) => !isOver(row, idle, now));
}

/** The newest attempts to sign in as a user, newest first. */
export async function loginsOf(domain: Domain, userId: string, limit = 20): Promise<Row<'user_logins'>[]> {
  return domain.storage.db
    .selectFrom('user_logins')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** Whether a user has signed in from there before. */
export async function isKnownAddress(domain: Domain, userId: string, address: string): Promise<boolean> {
  const row = await domain.storage.db
    .selectFrom('user_logins')
    .select('id')
    .where('user_id', '=', userId)
    .where('success', '=', 1)
    .where('ip_address', '=', address)
    .executeTakeFirst();
  return row !== undefined;
}

/** Ends one session. @throws MooringError `session.not.found` */
export async function endSession(domain: Domain, actor: Actor, userId: string, id: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const { numDeletedRows } = await db
      .deleteFrom('user_sessions')
      .where('account_id', '=', actor.accountId)
      .where('user_id', '=', userId)
      .where('id', '=', id)
      .executeTakeFirst();
    if (numDeletedRows === 0n) {
      throw peopleErrors('session.not.found', {
        message: `The user has no session ${id}.`,
        next: 'List the sessions for their ids; this one may have ended.',
      });
    }
    await audit(domain, actor, {
      action: actor.session === id ? 'user.signed-out' : 'user.session-ended',
      subjectKind: 'user',
      subjectId: userId,
      detail: { session: id },
    });
  });
}

/** Removes sessions whose time is over. */
export async function forgetSessions(domain: Domain): Promise<void> {
  const now = domain.clock.now().getTime();
  // The longest idle time-out that an account can have is two hours.
  await domain.storage.db
    .deleteFrom('user_sessions')
    .where(({ or, eb }) => or([eb('ends_at', '<=', now), eb('used_at', '<=', now - 120 * minute)]))
    .execute();
}
