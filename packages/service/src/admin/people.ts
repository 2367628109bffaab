import { groupsOf } from '../accounts/groups.ts';
import { operator } from '../accounts/operator.ts';
import { adminErrors } from '../errors.ts';
import { updateUser } from '../people/change.ts';
import { emailKey } from '../people/email.ts';
import { invitationLink, invite, listInvitations } from '../people/invitations.ts';
import { getUser, listUsers, type User } from '../people/user.ts';
import type { NewLink } from '../sessions/links.ts';
import { firstAdministratorLink, passwordResetLink } from '../sessions/redeem.ts';
import type { Domain } from '../storage/context.ts';

/** What the commands `mooring user` and `mooring portal` ask for and get. */
export interface PeopleOperations {
  'portal link': { input: Record<never, never>; output: LinkForOne };
  'user list': { input: Record<never, never>; output: { users: UserFacts[] } };
  'user create': {
    input: { email: string; fullName?: string; groups?: readonly string[] };
    output: UserFacts & LinkForOne;
  };
  'user reset': { input: { user: string; withoutSecondFactor?: boolean }; output: UserFacts & LinkForOne };
}

/** A link that is told this once. */
export interface LinkForOne {
  url: string;
  expiresAt: string;
}

export interface UserFacts {
  id: string;
  email: string;
  fullName: string | null;
  status: string;
  /** Names. */
  groups: string[];
  secondFactor: boolean;
  lastSignInAt: string | null;
}

interface Folder {
  readonly domain: Domain;
  readonly accountId: string;
  readonly url: string;
}

type Perform<Name extends keyof PeopleOperations> = (
  folder: Folder,
  input: PeopleOperations[Name]['input'],
) => Promise<PeopleOperations[Name]['output']>;

async function factsOf({ domain, accountId }: Folder, users: readonly User[]): Promise<UserFacts[]> {
  const names = new Map((await groupsOf(domain, accountId)).map(({ id, name }) => [id, name]));
  return users.map((user) => ({
    id: user.id,
    email: user.email,
    fullName: user.full_name,
    status: user.status,
    groups: user.groups.map((id) => names.get(id) ?? id),
    secondFactor: user.totp_enabled === 1,
    lastSignInAt: user.last_login_at === null ? null : new Date(user.last_login_at).toISOString(),
  }));
}

const linkFor = ({ url }: Folder, link: NewLink): LinkForOne => ({
  url: url + link.path,
  expiresAt: new Date(link.expiresAt).toISOString(),
});

async function userNamed({ domain, accountId }: Folder, wanted: string): Promise<User> {
  const { items } = await listUsers(domain, { accountId });
  const found = items.find(({ id, email_key }) => id === wanted || email_key === emailKey(wanted));
  if (found) return found;
  throw adminErrors('admin.user.unknown', {
    message: `There is no user with the e-mail address or id "${wanted}".`,
    next: 'See them with: mooring user list',
  });
}

/** Who has lost a password gets a link; who was refused is let in again with it; who never came, a new invitation. */
async function resetLink(folder: Folder, user: User): Promise<NewLink> {
  const { domain, accountId } = folder;
  const actor = operator(accountId);
  if (user.status === 'INVITED') {
    const { items } = await listInvitations(domain, actor);
    const invitation = items.find(({ user_id }) => user_id === user.id);
    if (invitation) return invitationLink(domain, actor, invitation.id);
  }
  if (user.status === 'INACTIVE') await updateUser(domain, actor, user.id, { status: 'ACTIVE' });
  return passwordResetLink(domain, actor, user.id);
}

export const peopleOperations: { readonly [Name in keyof PeopleOperations]: Perform<Name> } = {
  async 'portal link'(folder) {
    return linkFor(folder, await firstAdministratorLink(folder.domain, folder.accountId));
  },

  async 'user list'(folder) {
    const { items } = await listUsers(folder.domain, { accountId: folder.accountId });
    return { users: await factsOf(folder, items) };
  },

  async 'user create'(folder, { email, fullName, groups }) {
    const { domain, accountId } = folder;
    const input = { email, ...(groups ? { groups: [...groups] } : {}) };
    const actor = operator(accountId);
    const { invitation, link } = await invite(domain, actor, input);
    if (fullName) await updateUser(domain, actor, invitation.user_id, { full_name: fullName });
    const [facts] = await factsOf(folder, [await getUser(domain, actor, invitation.user_id)]);
    return { ...(facts as UserFacts), ...linkFor(folder, link) };
  },

  async 'user reset'(folder, { user: wanted, withoutSecondFactor }) {
    const { domain, accountId } = folder;
    const user = await userNamed(folder, wanted);
    if (withoutSecondFactor && user.totp_enabled === 1) {
      await updateUser(domain, operator(accountId), user.id, { is_totp_enabled: false });
    }
    const link = await resetLink(folder, user);
    const [facts] = await factsOf(folder, [await getUser(domain, { accountId }, user.id)]);
    return { ...(facts as UserFacts), ...linkFor(folder, link) };
  },
};
