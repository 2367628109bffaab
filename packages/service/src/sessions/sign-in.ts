import type { SignInReq } from '@mooring/rest';
import { audit } from '../audit/records.ts';
import { minimumLength } from '../people/change.ts';
import { emailKey } from '../people/email.ts';
import { peopleErrors } from '../people/errors.ts';
import { checkNewPassword } from '../people/password-rules.ts';
import { passwordsOf } from '../people/passwords.ts';
import { checkSecondFactor } from '../people/second-factor.ts';
import type { Actor, Domain } from '../storage/context.ts';
import type { Row } from '../storage/schema.ts';
import type { Client } from './client.ts';
import { beginSession, isKnownAddress, recordLogin } from './session.ts';
import { throttleOf } from './throttle.ts';

export interface SignedIn {
  readonly token: string;
  /** Until the session ends, however much it is used. */
  readonly seconds: number;
  readonly actor: Actor;
}

/** The same for every reason. */
export const signInRefused = () =>
  peopleErrors('sign.in.wrong', {
    message: 'The e-mail address, the password or the code is wrong, or the user may not sign in.',
    next: 'Check them, or ask an administrator for a link to set a new password.',
  });

/** Accounts share one page; an address that is in several signs in to the oldest. */
async function userWith(domain: Domain, email: string): Promise<Row<'users'> | undefined> {
  return domain.storage.db
    .selectFrom('users')
    .selectAll()
    .where('email_key', '=', emailKey(email))
    .orderBy('id')
    .executeTakeFirst();
}

const selfOf = (user: Row<'users'>): Actor => ({
  kind: 'user',
  id: user.id,
  accountId: user.account_id,
  permissions: new Set(),
});

/** Writes a password that is known in the clear; sessions are for the caller to end. */
export async function keepPassword(
  domain: Domain,
  user: Pick<Row<'users'>, 'id' | 'etag'>,
  password: string,
  columns: Partial<Pick<Row<'users'>, 'status' | 'full_name'>> = {},
): Promise<void> {
  const password_hash = await passwordsOf(domain).hash(password);
  const now = domain.clock.now().getTime();
  await domain.storage.db
    .updateTable('users')
    .set({ ...columns, password_hash, password_changed_at: now, updated_at: now, etag: user.etag + 1 })
    .where('id', '=', user.id)
    .execute();
}

/** @throws MooringError `password.weak` */
export async function checkPasswordFor(
  domain: Domain,
  user: Pick<Row<'users'>, 'account_id' | 'email' | 'full_name'>,
  password: string,
  field: string,
): Promise<void> {
  const minimum = await minimumLength(domain, { accountId: user.account_id });
  checkNewPassword(password, { minimum, words: [user.email, user.full_name], field });
}

/** The state RESET: the password there is lets in once more, together with a new one. */
async function replaceOldPassword(domain: Domain, user: Row<'users'>, password: string, next: string | undefined) {
  if (next === undefined) {
    throw peopleErrors('sign.in.password.old', {
      message: 'A new password has to be chosen: send it as new_password, together with the present one.',
      next: 'Choose a new password.',
    });
  }
  if (next === password) {
    throw peopleErrors('password.weak', {
      message: 'The new password is the present one.',
      next: 'Choose another.',
      data: { fields: [{ name: 'new_password', message: 'Is the present password.' }] },
    });
  }
  await checkPasswordFor(domain, user, next, 'new_password');
  await keepPassword(domain, user, next, { status: 'ACTIVE' });
  await audit(domain, selfOf(user), { action: 'user.password-changed', subjectKind: 'user', subjectId: user.id });
}

/**
 * Signs in with e-mail address and password, and a code where the user has a second factor.
 *
 * @throws MooringError `sign.in.wrong`, `sign.in.code.needed`, `sign.in.password.old`, `sign.in.throttled`, `password.weak`
 */
export async function signIn(domain: Domain, request: SignInReq, client: Client): Promise<SignedIn> {
  const user = await userWith(domain, request.email);
  const throttle = throttleOf(domain);
  const name = emailKey(request.email);
  const known = user !== undefined && (await isKnownAddress(domain, user.id, client.address));
  throttle.attempt(client.address, name, known);
  const passwords = passwordsOf(domain);
  const { right, outdated } = await passwords.check(request.password, user?.password_hash ?? null);
  const mayEnter = user?.status === 'ACTIVE' || user?.status === 'RESET';
  if (!user || !right || !mayEnter) {
    if (user) await recordLogin(domain, user, client, false);
    throw signInRefused();
  }
  if (user.totp_enabled === 1) {
    if (request.code === undefined) {
      throttle.forgive(client.address, name);
      throw peopleErrors('sign.in.code.needed', {
        message: 'The password is right; the code of the second factor is needed besides.',
        next: 'Send the six digits that the authenticator shows, or a scratch code, as code.',
      });
    }
    if (!(await checkSecondFactor(domain, user, request.code))) {
      await recordLogin(domain, user, client, false);
      throw signInRefused();
    }
  }
  if (user.status === 'RESET') await replaceOldPassword(domain, user, request.password, request.new_password);
  else if (outdated) {
    const password_hash = await passwords.hash(request.password);
    await domain.storage.db.updateTable('users').set({ password_hash }).where('id', '=', user.id).execute();
  }
  throttle.succeeded(client.address, name);
  return beginSession(domain, user, client, { secondFactor: user.totp_enabled === 1 });
}

/**
 * Changes the password of who is signed in; the other sessions end.
 *
 * @throws MooringError `password.wrong`, `password.weak`, `sign.in.throttled`
 */
export async function changePassword(
  domain: Domain,
  actor: Actor,
  user: Row<'users'>,
  { current, next, client }: { current: string; next: string; client: Client },
): Promise<void> {
  await provePassword(domain, user, current, client);
  await checkPasswordFor(domain, user, next, 'new_password');
  await keepPassword(domain, user, next);
  await domain.storage.transaction(async (db) => {
    await db
      .deleteFrom('user_sessions')
      .where('user_id', '=', user.id)
      .where('id', '!=', actor.session ?? '')
      .execute();
    await audit(domain, actor, { action: 'user.password-changed', subjectKind: 'user', subjectId: user.id });
  });
}

/**
 * Whoever finds a session open must not lock its user out: what weakens or replaces a credential asks for the password.
 *
 * @throws MooringError `password.wrong`, `sign.in.throttled`
 */
export async function provePassword(
  domain: Domain,
  user: Row<'users'>,
  password: string,
  client: Client,
): Promise<void> {
  const throttle = throttleOf(domain);
  throttle.attempt(client.address, user.email_key, true);
  const { right } = await passwordsOf(domain).check(password, user.password_hash);
  if (!right) {
    throw peopleErrors('password.wrong', {
      message: 'The present password is wrong.',
      next: 'Type it again.',
      data: { fields: [{ name: 'current_password', message: 'Is wrong.' }] },
    });
  }
  throttle.succeeded(client.address, user.email_key);
}
