import type {
  LinkRedemption,
  LinkToken,
  PasswordChange,
  PasswordProof,
  PortalSession,
  SignInReq,
  TotpCode,
} from '@mooring/rest';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { firstAccount, showAccount } from '../accounts/account.ts';
import { groupsOf } from '../accounts/groups.ts';
import { listBody } from '../http/list-request.ts';
import { operation } from '../http/operation.ts';
import { timeText } from '../http/time-text.ts';
import { wholeList } from '../lists/page.ts';
import { sessionBody } from '../people/bodies.ts';
import { minimumLength } from '../people/change.ts';
import { beginTotp, confirmTotp, endTotp, renewScratchCodes } from '../people/second-factor.ts';
import { getUser, type User, userIdOf } from '../people/user.ts';
import type { Actor, Domain } from '../storage/context.ts';
import { clientOf } from './client.ts';
import { noSessionCookie, sessionCookie, sessionTokenIn } from './cookie.ts';
import { hasUsers, linkSubject, redeemLink } from './redeem.ts';
import { authenticateSession, endSession, idleTimeout, lacksSecondFactor, sessionsOf } from './session.ts';
import { changePassword, provePassword, type SignedIn, signIn } from './sign-in.ts';

const tag = 'Sessions';

/** @throws MooringError `user.only` if the caller is no user */
const selfOf = ({ actor }: FastifyRequest, domain: Domain): Promise<User> => getUser(domain, actor, userIdOf(actor));

/** What the portal shows of who is signed in. @throws MooringError `user.only` */
export async function portalSession(domain: Domain, actor: Actor): Promise<PortalSession> {
  const user = await getUser(domain, actor, userIdOf(actor));
  const sessions = await sessionsOf(domain, actor.accountId, user.id);
  const session = sessions.find(({ id }) => id === actor.session);
  const names = new Map((await groupsOf(domain, actor.accountId)).map(({ id, name }) => [id, name]));
  return {
    object: 'portal-session',
    id: actor.session ?? '',
    account_id: actor.accountId,
    account_name: (await showAccount(domain, actor)).displayName,
    user_id: user.id,
    email: user.email,
    full_name: user.full_name,
    groups: user.groups.map((id) => names.get(id) ?? id),
    permissions: [...actor.permissions].sort(),
    second_factor_needed: session !== undefined && (await lacksSecondFactor(domain, session)),
    is_totp_enabled: user.totp_enabled === 1,
    idle_timeout: await idleTimeout(domain, actor.accountId),
    expires_at: timeText(session?.ends_at ?? 0),
  };
}

/** Gives the browser its new session; the one it had before, if any, ends. */
export async function enter(
  domain: Domain,
  request: FastifyRequest,
  reply: FastifyReply,
  { token, seconds, actor }: SignedIn,
): Promise<PortalSession> {
  const client = clientOf(request);
  const old = sessionTokenIn(request.headers.cookie, client);
  const before = old === undefined ? undefined : await authenticateSession(domain, old, false);
  if (before?.session !== undefined) await endSession(domain, before, before.id, before.session);
  request.actor = actor;
  reply.header('Set-Cookie', sessionCookie(token, seconds, client));
  return portalSession(domain, actor);
}

/** How people sign in, and what they do about it. @param version of the service */
export function sessionRoutes(app: FastifyInstance, domain: Domain, version: string): void {
  signInRoutes(app, domain, version);
  linkRoutes(app, domain);
  ownSessionRoutes(app, domain);
  secondFactorRoutes(app, domain);
}

function signInRoutes(app: FastifyInstance, domain: Domain, version: string): void {
  app.get(
    '/v3/portal/state',
    operation({
      id: 'getPortalState',
      tag,
      summary: 'What a page has to know before anybody has signed in.',
      permission: null,
      answer: 'PortalState',
    }),
    async (request) => {
      const account = await firstAccount(domain);
      const token = sessionTokenIn(request.headers.cookie, clientOf(request));
      const actor = token === undefined ? undefined : await authenticateSession(domain, token, false);
      return {
        object: 'portal-state' as const,
        signed_in: actor !== undefined,
        has_users: account !== undefined && (await hasUsers(domain, account.id)),
        account_name: account?.displayName ?? null,
        minimum_password_length: account ? await minimumLength(domain, { accountId: account.id }) : 0,
        version,
      };
    },
  );

  app.post<{ Body: SignInReq }>(
    '/v3/portal/sign-in',
    operation({
      id: 'signIn',
      tag,
      summary: 'Sign in with e-mail address and password; the answer sets the cookie.',
      description:
        '401 has the type `second_factor_required` where a `code` is needed besides, and `password_change_required` where a `new_password` is. 429 says in Retry-After for how many seconds to wait.',
      permission: null,
      body: 'SignInReq',
      answer: 'PortalSession',
      errors: [429],
    }),
    async (request, reply) => enter(domain, request, reply, await signIn(domain, request.body, clientOf(request))),
  );
}

function linkRoutes(app: FastifyInstance, domain: Domain): void {
  app.post<{ Body: LinkToken }>(
    '/v3/portal/links/show',
    operation({
      id: 'showLink',
      tag,
      summary: 'What a one-time link is for. The token stands behind # in the address, and goes into the body.',
      permission: null,
      body: 'LinkToken',
      answer: 'LinkFacts',
      errors: [404],
    }),
    async ({ body }) => {
      const subject = await linkSubject(domain, body.token);
      return {
        object: 'one-time-link-facts' as const,
        purpose: subject.purpose,
        account_name: subject.accountName,
        email: subject.email,
        expires_at: timeText(subject.expiresAt),
        minimum_password_length: subject.minimumLength,
      };
    },
  );

  app.post<{ Body: LinkRedemption }>(
    '/v3/portal/links/redeem',
    operation({
      id: 'redeemLink',
      tag,
      summary: 'Make the first administrator, accept an invitation, or set a new password; the answer signs in.',
      description: '401 with the type `second_factor_required` where the user has one: then sign in as always.',
      permission: null,
      body: 'LinkRedemption',
      answer: 'PortalSession',
      errors: [404, 409, 429],
    }),
    async (request, reply) => {
      const entered = await redeemLink(domain, request.body, clientOf(request));
      return enter(domain, request, reply, entered);
    },
  );
}

function ownSessionRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    '/v3/portal/session',
    operation({
      id: 'getPortalSession',
      tag,
      summary: 'Who is signed in, and what the session may do.',
      permission: 'own-user:read',
      only: 'user',
      answer: 'PortalSession',
    }),
    async ({ actor }) => portalSession(domain, actor),
  );

  app.post(
    '/v3/portal/sign-out',
    operation({
      id: 'signOut',
      tag,
      summary: 'End the session.',
      permission: 'own-user:write',
      only: 'user',
      status: 204,
    }),
    async (request, reply) => {
      const { actor } = request;
      if (actor.session !== undefined) await endSession(domain, actor, userIdOf(actor), actor.session);
      else userIdOf(actor);
      reply.header('Set-Cookie', noSessionCookie(clientOf(request))).code(204);
    },
  );

  app.get(
    '/v3/portal/sessions',
    operation({
      id: 'getMySessions',
      tag,
      summary: 'The sessions of who is signed in.',
      permission: 'own-user:read',
      only: 'user',
      answer: 'ActiveSessionList',
    }),
    async ({ actor }) => {
      const items = await sessionsOf(domain, actor.accountId, userIdOf(actor));
      const page = { items, hasMore: false, totalCount: items.length, query: { ...wholeList, limit: 1000 } };
      return listBody(page, (session) => sessionBody(session, actor.session));
    },
  );

  app.delete<{ Params: { session_id: string } }>(
    '/v3/portal/sessions/:session_id',
    operation({
      id: 'endMySession',
      tag,
      summary: 'End one of one’s own sessions.',
      permission: 'own-user:write',
      only: 'user',
      path: { session_id: 'Its reference_token.' },
      status: 204,
      errors: [404],
    }),
    async ({ actor, params }, reply) => {
      await endSession(domain, actor, userIdOf(actor), params.session_id);
      reply.code(204);
    },
  );

  app.post<{ Body: PasswordChange }>(
    '/v3/portal/password',
    operation({
      id: 'changePassword',
      tag,
      summary: 'Change one’s own password; the other sessions end.',
      permission: 'own-user:write',
      only: 'user',
      body: 'PasswordChange',
      status: 204,
      errors: [429],
    }),
    async (request, reply) => {
      const { current_password: current, new_password: next } = request.body;
      const user = await selfOf(request, domain);
      await changePassword(domain, request.actor, user, { current, next, client: clientOf(request) });
      reply.code(204);
    },
  );
}

function secondFactorRoutes(app: FastifyInstance, domain: Domain): void {
  const permission = 'own-user:write';
  const only = 'user';
  app.post<{ Body: PasswordProof }>(
    '/v3/portal/totp',
    operation({
      id: 'beginTotp',
      tag,
      summary: 'Begin to set up a second factor (RFC 6238): the secret for an authenticator.',
      permission,
      only,
      body: 'PasswordProof',
      answer: 'TotpSetup',
      errors: [429],
    }),
    async (request) => {
      const user = await selfOf(request, domain);
      await provePassword(domain, user, request.body.current_password, clientOf(request));
      const { displayName } = await showAccount(domain, request.actor);
      return { object: 'totp-setup' as const, ...(await beginTotp(domain, user, displayName ?? 'Mooring')) };
    },
  );

  app.post<{ Body: TotpCode }>(
    '/v3/portal/totp/confirm',
    operation({
      id: 'confirmTotp',
      tag,
      summary: 'Turn the second factor on with a code; the answer holds scratch codes, and the other sessions end.',
      permission,
      only,
      body: 'TotpCode',
      answer: 'ScratchCodes',
    }),
    async (request) => {
      const codes = await confirmTotp(domain, request.actor, await selfOf(request, domain), request.body.code);
      return { object: 'scratch-codes' as const, codes };
    },
  );

  app.post<{ Body: PasswordProof }>(
    '/v3/portal/totp/scratch-codes',
    operation({
      id: 'renewScratchCodes',
      tag,
      summary: 'New scratch codes in place of those there were.',
      permission,
      only,
      body: 'PasswordProof',
      answer: 'ScratchCodes',
      errors: [429],
    }),
    async (request) => {
      const user = await selfOf(request, domain);
      await provePassword(domain, user, request.body.current_password, clientOf(request));
      return { object: 'scratch-codes' as const, codes: await renewScratchCodes(domain, request.actor, user) };
    },
  );

  app.post<{ Body: PasswordProof }>(
    '/v3/portal/totp/end',
    operation({
      id: 'endTotp',
      tag,
      summary: 'Turn the second factor off.',
      permission,
      only,
      body: 'PasswordProof',
      status: 204,
      errors: [429],
    }),
    async (request, reply) => {
      const user = await selfOf(request, domain);
      await provePassword(domain, user, request.body.current_password, clientOf(request));
      await endTotp(domain, request.actor, user);
      reply.code(204);
    },
  );
}
