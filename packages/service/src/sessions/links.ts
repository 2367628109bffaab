import { newId } from '../accounts/ids.ts';
import { peopleErrors } from '../people/errors.ts';
import type { Domain } from '../storage/context.ts';
import type { LinkPurpose } from '../storage/people-schema.ts';
import type { Row } from '../storage/schema.ts';
import { isToken, newToken, tokenHash } from './token.ts';

/** Pages of the portal that take them. */
const pages: Readonly<Record<LinkPurpose, string>> = {
  'first-administrator': '/welcome',
  invitation: '/invitation',
  'password-reset': '/reset',
};

const hour = 60 * 60 * 1000;

/** How long one is good, in ms; that of an invitation is for the invitation to say. */
export const linkLifetime = { firstAdministrator: 24 * hour, passwordReset: 24 * hour } as const;

export interface NewLink {
  /**
   * Path of the page, and the token behind `#`: a browser sends that part to nobody, so that it stands in no log of a
   * proxy and in no Referer (RFC 9110 §4.2.4, §10.1.3). It is told this once.
   */
  readonly path: string;
  readonly expiresAt: number;
}

/** Makes a link that is good once. Those for the same purpose and user that were made before stop being good. */
export async function makeLink(
  domain: Domain,
  accountId: string,
  purpose: LinkPurpose,
  { userId, expiresAt }: { userId: string | null; expiresAt: number },
): Promise<NewLink> {
  const token = newToken('ml_');
  await domain.storage.transaction(async (db) => {
    await db
      .deleteFrom('one_time_links')
      .where('account_id', '=', accountId)
      .where('purpose', '=', purpose)
      .where('user_id', userId === null ? 'is' : '=', userId)
      .execute();
    await db
      .insertInto('one_time_links')
      .values({
        id: newId(domain.clock),
        account_id: accountId,
        user_id: userId,
        purpose,
        token_hash: tokenHash(token),
        created_at: domain.clock.now().getTime(),
        expires_at: expiresAt,
      })
      .execute();
  });
  return { path: `${pages[purpose]}#${token}`, expiresAt };
}

/** The one that is good now, if there is one: what it says can be read only by who was given it. */
export async function openLink(
  domain: Domain,
  accountId: string,
  purpose: LinkPurpose,
): Promise<Row<'one_time_links'> | undefined> {
  return domain.storage.db
    .selectFrom('one_time_links')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('purpose', '=', purpose)
    .where('expires_at', '>', domain.clock.now().getTime())
    .executeTakeFirst();
}

/** @throws MooringError `link.invalid`, the same for every reason */
export async function findLink(domain: Domain, token: string): Promise<Row<'one_time_links'>> {
  const row = isToken('ml_', token)
    ? await domain.storage.db
        .selectFrom('one_time_links')
        .selectAll()
        .where('token_hash', '=', tokenHash(token))
        .executeTakeFirst()
    : undefined;
  if (row && row.expires_at > domain.clock.now().getTime()) return row;
  throw peopleErrors('link.invalid', {
    message: 'The link is wrong, was used already, or is too old.',
    next: 'Ask for a new one: an administrator makes it in the portal, an operator with "mooring portal link".',
  });
}

/** Removes those that are too old. */
export async function forgetLinks(domain: Domain): Promise<void> {
  await domain.storage.db
    .deleteFrom('one_time_links')
    .where('expires_at', '<=', domain.clock.now().getTime())
    .execute();
}
