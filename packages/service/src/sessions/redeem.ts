import type { LinkRedemption } from '@mooring/rest';
import { showAccount } from '../accounts/account.ts';
import { operator } from '../accounts/operator.ts';
import { administrators } from '../accounts/permissions.ts';
import { audit } from '../audit/records.ts';
import { invalidFields } from '../http/validation.ts';
import { checkGoverns, insertUser, minimumLength } from '../people/change.ts';
import { peopleErrors } from '../people/errors.ts';
import { passwordsOf } from '../people/passwords.ts';
import { getUser } from '../people/user.ts';
import type { Actor, Domain } from '../storage/context.ts';
import type { LinkPurpose } from '../storage/people-schema.ts';
import type { Row } from '../storage/schema.ts';
import type { Client } from './client.ts';
import { findLink, linkLifetime, makeLink, type NewLink, openLink } from './links.ts';
import { beginSession } from './session.ts';
import { checkPasswordFor, type SignedIn } from './sign-in.ts';

export interface LinkSubject {
  readonly purpose: LinkPurpose;
  readonly accountName: string | null;
  readonly email: string | null;
  readonly expiresAt: number;
  readonly minimumLength: number;
}

/** What a link is for, for the page that shows it. @throws MooringError `link.invalid` */
export async function linkSubject(domain: Domain, token: string): Promise<LinkSubject> {
  const link = await findLink(domain, token);
  const account = { accountId: link.account_id };
  return {
    purpose: link.purpose,
    accountName: (await showAccount(domain, account)).displayName,
    email: link.user_id === null ? null : (await getUser(domain, account, link.user_id)).email,
    expiresAt: link.expires_at,
    minimumLength: await minimumLength(domain, account),
  };
}

/** A link for the first administrator, or for another when nobody can sign in any more. */
export function firstAdministratorLink(domain: Domain, accountId: string): Promise<NewLink> {
  const expiresAt = domain.clock.now().getTime() + linkLifetime.firstAdministrator;
  return makeLink(domain, accountId, 'first-administrator', { userId: null, expiresAt });
}

/** Whether somebody can sign in. */
export async function hasUsers(domain: Domain, accountId: string): Promise<boolean> {
  const row = await domain.storage.db
    .selectFrom('users')
    .select('id')
    .where('account_id', '=', accountId)
    .where('status', 'in', ['ACTIVE', 'RESET'])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The link that a start tells: none where somebody can sign in, or where one that was told before is still good. */
export async function linkOfStart(domain: Domain, accountId: string): Promise<NewLink | undefined> {
  if (await hasUsers(domain, accountId)) return undefined;
  if (await openLink(domain, accountId, 'first-administrator')) return undefined;
  return firstAdministratorLink(domain, accountId);
}

/**
 * A link with which a user sets a new password, for an administrator or an operator to pass on. Until then the present
 * password stays good: whoever asks for it by mistake locks nobody out.
 *
 * @throws MooringError `user.not.found`, `permission.denied`
 */
export async function passwordResetLink(domain: Domain, actor: Actor, userId: string): Promise<NewLink> {
  const user = await getUser(domain, actor, userId);
  await checkGoverns(domain, actor, user);
  if (user.status === 'INVITED' || user.status === 'INACTIVE') {
    throw invalidFields([{ name: 'user_id', message: `The user is ${user.status} and has no password to set.` }]);
  }
  return domain.storage.transaction(async () => {
    await audit(domain, actor, { action: 'user.password-reset', subjectKind: 'user', subjectId: userId });
    const expiresAt = domain.clock.now().getTime() + linkLifetime.passwordReset;
    return makeLink(domain, actor.accountId, 'password-reset', { userId, expiresAt });
  });
}

async function firstAdministrator(domain: Domain, link: Row<'one_time_links'>, request: LinkRedemption, hash: string) {
  const person = { email: request.email as string, full_name: request.full_name ?? null, groups: [administrators] };
  return insertUser(domain, operator(link.account_id, 'one-time-link'), person, {
    status: 'ACTIVE',
    passwordHash: hash,
    action: 'user.created',
  });
}

async function activate(domain: Domain, userId: string, request: LinkRedemption, hash: string): Promise<string> {
  const { db } = domain.storage;
  const before = await db.selectFrom('users').selectAll().where('id', '=', userId).executeTakeFirstOrThrow();
  const now = domain.clock.now().getTime();
  await db
    .updateTable('users')
    .set({
      status: 'ACTIVE',
      full_name: request.full_name === undefined ? before.full_name : request.full_name,
      password_hash: hash,
      password_changed_at: now,
      updated_at: now,
      etag: before.etag + 1,
    })
    .where('id', '=', userId)
    .execute();
  await db.deleteFrom('user_invitations').where('user_id', '=', userId).execute();
  await db.deleteFrom('user_sessions').where('user_id', '=', userId).execute();
  return userId;
}

/**
 * Takes a one-time link: makes the first administrator, accepts an invitation or sets a new password. Where the user has
 * a second factor, that is still asked for at the sign-in that has to follow; else this is one.
 *
 * @throws MooringError `link.invalid`, `password.weak`, `request.invalid`, `user.email.taken`, `sign.in.code.needed`, `sign.in.throttled`
 */
export async function redeemLink(domain: Domain, request: LinkRedemption, client: Client): Promise<SignedIn> {
  const found = await findLink(domain, request.token);
  const account = { accountId: found.account_id };
  if (found.user_id === null && request.email === undefined) {
    throw invalidFields([{ name: 'email', message: 'Is required.' }]);
  }
  const email =
    found.user_id === null ? (request.email as string) : (await getUser(domain, account, found.user_id)).email;
  const person = { account_id: found.account_id, email, full_name: request.full_name ?? null };
  await checkPasswordFor(domain, person, request.password, 'password');
  const hash = await passwordsOf(domain).hash(request.password);
  const user = await domain.storage.transaction(async (db) => {
    // Once more, since others may have been faster while the password was worked on.
    const link = await findLink(domain, request.token);
    const id =
      link.user_id === null
        ? await firstAdministrator(domain, link, request, hash)
        : await activate(domain, link.user_id, request, hash);
    await db.deleteFrom('one_time_links').where('id', '=', link.id).execute();
    const self: Actor = { kind: 'user', id, accountId: link.account_id, permissions: new Set() };
    await audit(domain, self, {
      action: 'user.link-used',
      subjectKind: 'user',
      subjectId: id,
      detail: { purpose: link.purpose, address: client.address },
    });
    return getUser(domain, account, id);
  });
  if (user.totp_enabled === 1) {
    throw peopleErrors('sign.in.code.needed', {
      message: 'The password is set; signing in with it takes the code of the second factor besides.',
      next: 'Sign in with the new password.',
    });
  }
  return beginSession(domain, user, client, { secondFactor: false });
}
