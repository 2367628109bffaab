import type { FilterFields, ListQuery, UserInvitationReq } from '@mooring/rest';
import { sql } from 'kysely';
import { newId } from '../accounts/ids.ts';
import { audit } from '../audit/records.ts';
import { type FieldRule, type Page, pageOf, wholeList } from '../lists/page.ts';
import { makeLink, type NewLink } from '../sessions/links.ts';
import type { Actor, Domain } from '../storage/context.ts';
import type { Row } from '../storage/schema.ts';
import { checkGoverns, deleteUser, insertUser } from './change.ts';
import { emailKey } from './email.ts';
import { peopleErrors } from './errors.ts';
import { getUser, profileRule } from './user.ts';

const day = 24 * 60 * 60 * 1000;
const defaultDays = 30;

export interface Invitation extends Row<'user_invitations'> {
  /** Ids. */
  readonly groups: readonly string[];
}

export const invitationFilters: FilterFields = { id: 'string', email: 'string', login_profiles: 'string' };
const rules: Readonly<Record<string, FieldRule>> = { id: 'id', email: 'email', login_profiles: profileRule };

async function withGroups(domain: Domain, row: Row<'user_invitations'>): Promise<Invitation> {
  const { groups } = await getUser(domain, { accountId: row.account_id }, row.user_id);
  return { ...row, groups };
}

/** Invitations that can still be accepted. */
export async function listInvitations(
  domain: Domain,
  actor: Actor,
  query: ListQuery = wholeList,
): Promise<Page<Invitation>> {
  const now = domain.clock.now().getTime();
  const open = sql<boolean>`expires_at > ${now}`;
  const page = await pageOf(domain, 'user_invitations', actor.accountId, query, rules, [open]);
  return { ...page, items: await Promise.all(page.items.map((row) => withGroups(domain, row))) };
}

/** @throws MooringError `invitation.not.found` */
export async function getInvitation(domain: Domain, actor: Actor, id: string): Promise<Invitation> {
  const row = await domain.storage.db
    .selectFrom('user_invitations')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .where('expires_at', '>', domain.clock.now().getTime())
    .executeTakeFirst();
  if (row) return withGroups(domain, row);
  throw peopleErrors('invitation.not.found', {
    message: `There is no invitation with the id ${id}.`,
    next: 'List the invitations for their ids; one that was accepted or is too old is none any more.',
  });
}

const linkOf = (domain: Domain, { account_id, user_id, expires_at }: Row<'user_invitations'>): Promise<NewLink> =>
  makeLink(domain, account_id, 'invitation', { userId: user_id, expiresAt: expires_at });

/**
 * Invites somebody. Who was invited before and has not come gets a new invitation in place of the old one.
 *
 * @throws MooringError `user.invalid` if there is such a user already, `group.unknown`, `permission.denied`, `account.limit`
 */
export async function invite(
  domain: Domain,
  actor: Actor,
  input: UserInvitationReq,
): Promise<{ invitation: Invitation; link: NewLink }> {
  return domain.storage.transaction(async (db) => {
    const before = await db
      .selectFrom('users')
      .select(['id', 'status'])
      .where('account_id', '=', actor.accountId)
      .where('email_key', '=', emailKey(input.email))
      .executeTakeFirst();
    if (before && before.status !== 'INVITED') {
      throw peopleErrors('user.invalid', {
        message: `There is a user with the e-mail address ${input.email} already.`,
        next: 'Change that user instead.',
        data: { fields: [{ name: 'email', message: 'Belongs to a user already.' }] },
      });
    }
    if (before) await deleteUser(domain, actor, before.id);
    const { valid_for_days: days = defaultDays, ...person } = input;
    const userId = await insertUser(domain, actor, person, {
      status: 'INVITED',
      passwordHash: null,
      action: 'user.invited',
    });
    const now = domain.clock.now().getTime();
    const id = newId(domain.clock);
    await db
      .insertInto('user_invitations')
      .values({
        id,
        account_id: actor.accountId,
        user_id: userId,
        email: input.email.trim(),
        expires_at: now + days * day,
        created_at: now,
        updated_at: now,
        etag: 1,
      })
      .execute();
    const invitation = await getInvitation(domain, actor, id);
    return { invitation, link: await linkOf(domain, invitation) };
  });
}

/** A new link for an invitation; the one before stops being good. @throws MooringError `invitation.not.found`, `permission.denied` */
export async function invitationLink(domain: Domain, actor: Actor, id: string): Promise<NewLink & { userId: string }> {
  return domain.storage.transaction(async () => {
    const invitation = await getInvitation(domain, actor, id);
    await checkGoverns(domain, actor, await getUser(domain, actor, invitation.user_id));
    await audit(domain, actor, { action: 'user.invitation-link', subjectKind: 'user', subjectId: invitation.user_id });
    return { ...(await linkOf(domain, invitation)), userId: invitation.user_id };
  });
}

/** Takes an invitation back, with the user who has not come. @throws MooringError `invitation.not.found`, `permission.denied` */
export async function deleteInvitation(domain: Domain, actor: Actor, id: string): Promise<void> {
  await domain.storage.transaction(async () => {
    const { user_id } = await getInvitation(domain, actor, id);
    await deleteUser(domain, actor, user_id);
  });
}

/** Removes invitations that are too old, with the users who have not come. */
export async function forgetInvitations(domain: Domain): Promise<void> {
  const { db } = domain.storage;
  const old = db
    .selectFrom('user_invitations')
    .select('user_id')
    .where('expires_at', '<=', domain.clock.now().getTime());
  await db.deleteFrom('users').where('status', '=', 'INVITED').where('id', 'in', old).execute();
}
