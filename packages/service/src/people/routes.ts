import type { UserInfoReq, UserInvitationReq, UserUpdateReq } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { listBody, listQueryOf, searchOf } from '../http/list-request.ts';
import { operation } from '../http/operation.ts';
import { ownAddress } from '../http/own-address.ts';
import { passwordResetLink } from '../sessions/redeem.ts';
import { endSession, loginsOf, sessionsOf } from '../sessions/session.ts';
import type { Actor, Domain } from '../storage/context.ts';
import { invitationBody, linkBody, userBody } from './bodies.ts';
import { checkGoverns, createUser, deleteUser, ownChanges, updateUser } from './change.ts';
import {
  deleteInvitation,
  getInvitation,
  invitationFilters,
  invitationLink,
  invite,
  listInvitations,
} from './invitations.ts';
import { getUser, listUsers, type User, userFilters, userIdOf } from './user.ts';

const ofUser = { user_id: 'Id of the user.' };
const ofInvitation = { invitation_id: 'Id of the invitation.' };
type OfUser = { Params: { user_id: string } };
type OfInvitation = { Params: { invitation_id: string } };

/** Users and invitations. */
export function peopleRoutes(app: FastifyInstance, domain: Domain): void {
  userRoutes(app, domain);
  ownRoutes(app, domain);
  invitationRoutes(app, domain);
}

async function wholeUser(domain: Domain, actor: Actor, user: User) {
  return userBody(user, {
    logins: await loginsOf(domain, user.id),
    sessions: await sessionsOf(domain, user.account_id, user.id),
    currentSession: actor.session,
  });
}

function userRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    '/v3/users',
    operation({
      id: 'getAllUsers',
      tag: 'Users',
      summary: 'All users.',
      permission: 'users:read',
      answer: 'UserInfoRespList',
      list: userFilters,
    }),
    async (request) =>
      listBody(await listUsers(domain, request.actor, listQueryOf(request.url, userFilters)), (user) => userBody(user)),
  );

  app.post<{ Body: UserInfoReq }>(
    '/v3/users',
    operation({
      id: 'createUser',
      tag: 'Users',
      summary: 'Make a user, or invite one with `action=invite`.',
      description:
        'Without a password one is generated and told in this answer; it lets in once, together with a new one. Who is invited gets a link by `POST /v3/user-invitations/{invitation_id}/link`.',
      permission: 'users:write',
      body: 'UserInfoReq',
      query: { action: { type: 'string', enum: ['create', 'invite'], default: 'create' } },
      status: 201,
      answer: 'UserInfoResp',
      errors: [409],
    }),
    async (request, reply) => {
      const { actor, body, url } = request;
      reply.code(201);
      if (new URLSearchParams(searchOf(url)).get('action') === 'invite') {
        const { invitation } = await invite(domain, actor, body);
        return userBody(await getUser(domain, actor, invitation.user_id));
      }
      const { user, generated } = await createUser(domain, actor, body);
      return userBody(user, { generated });
    },
  );

  app.get<OfUser>(
    '/v3/users/:user_id',
    operation({
      id: 'getUser',
      tag: 'Users',
      summary: 'A user, with sessions and the newest attempts to sign in.',
      permission: 'users:read',
      path: ofUser,
      answer: 'UserInfoResp',
      errors: [404],
    }),
    async ({ actor, params }) => wholeUser(domain, actor, await getUser(domain, actor, params.user_id)),
  );

  app.put<OfUser & { Body: UserUpdateReq }>(
    '/v3/users/:user_id',
    operation({
      id: 'updateUser',
      tag: 'Users',
      summary: 'Change a user; what is not given stays.',
      permission: 'users:write',
      path: ofUser,
      body: 'UserUpdateReq',
      answer: 'UserInfoResp',
      errors: [404, 409],
    }),
    async ({ actor, params, body }) => userBody(await updateUser(domain, actor, params.user_id, body)),
  );

  app.delete<OfUser>(
    '/v3/users/:user_id',
    operation({
      id: 'deleteUser',
      tag: 'Users',
      summary: 'Delete a user, whose sessions end at once. API keys that the user made stay.',
      permission: 'users:write',
      path: ofUser,
      status: 204,
      errors: [400, 404],
    }),
    async ({ actor, params }, reply) => {
      await deleteUser(domain, actor, params.user_id);
      reply.code(204);
    },
  );

  app.post<OfUser>(
    '/v3/users/:user_id/password-reset',
    operation({
      id: 'resetPassword',
      tag: 'Users',
      summary: 'A link with which the user sets a new password, to be passed on; good once, for a day.',
      permission: 'users:write',
      path: ofUser,
      status: 201,
      answer: 'OneTimeLink',
      errors: [400, 404],
    }),
    async (request, reply) => {
      const { user_id } = request.params;
      const link = await passwordResetLink(domain, request.actor, user_id);
      reply.code(201);
      return linkBody(user_id, link, ownAddress(request) + link.path);
    },
  );

  app.delete<{ Params: { user_id: string; session_id: string } }>(
    '/v3/users/:user_id/sessions/:session_id',
    operation({
      id: 'endSessionOfUser',
      tag: 'Users',
      summary: 'End a session of a user.',
      permission: 'users:write',
      path: { ...ofUser, session_id: 'Its reference_token.' },
      status: 204,
      errors: [404],
    }),
    async ({ actor, params }, reply) => {
      const user = await getUser(domain, actor, params.user_id);
      await checkGoverns(domain, actor, user);
      await endSession(domain, actor, user.id, params.session_id);
      reply.code(204);
    },
  );
}

function ownRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    '/v3/users/me',
    operation({
      id: 'getMyUser',
      tag: 'Users',
      summary: 'The user who is signed in.',
      permission: 'own-user:read',
      only: 'user',
      answer: 'UserInfoResp',
    }),
    async ({ actor }) => wholeUser(domain, actor, await getUser(domain, actor, userIdOf(actor))),
  );

  app.put<{ Body: UserUpdateReq }>(
    '/v3/users/me',
    operation({
      id: 'updateMyUser',
      tag: 'Users',
      summary: 'Change the user who is signed in; what is not given stays.',
      permission: 'own-user:write',
      only: 'user',
      body: 'UserUpdateReq',
      answer: 'UserInfoResp',
      errors: [409],
    }),
    async ({ actor, body }) => userBody(await updateUser(domain, actor, userIdOf(actor), ownChanges(actor, body))),
  );
}

function invitationRoutes(app: FastifyInstance, domain: Domain): void {
  const tag = 'Invitations';
  app.get(
    '/v3/user-invitations',
    operation({
      id: 'getAllInvitations',
      tag,
      summary: 'Invitations that can still be accepted.',
      permission: 'users:read',
      answer: 'UserInvitationRespList',
      list: invitationFilters,
    }),
    async ({ actor, url }) =>
      listBody(await listInvitations(domain, actor, listQueryOf(url, invitationFilters)), (each) =>
        invitationBody(each),
      ),
  );

  app.post<{ Body: UserInvitationReq }>(
    '/v3/user-invitations',
    operation({
      id: 'createInvitation',
      tag,
      summary: 'Invite somebody. This answer alone holds the link, which is for you to pass on.',
      permission: 'users:write',
      body: 'UserInvitationReq',
      status: 201,
      answer: 'UserInvitationResp',
    }),
    async (request, reply) => {
      const { invitation, link } = await invite(domain, request.actor, request.body);
      reply.code(201);
      return invitationBody(invitation, ownAddress(request) + link.path);
    },
  );

  app.get<OfInvitation>(
    '/v3/user-invitations/:invitation_id',
    operation({
      id: 'getInvitation',
      tag,
      summary: 'An invitation.',
      permission: 'users:read',
      path: ofInvitation,
      answer: 'UserInvitationResp',
      errors: [404],
    }),
    async ({ actor, params }) => invitationBody(await getInvitation(domain, actor, params.invitation_id)),
  );

  app.delete<OfInvitation>(
    '/v3/user-invitations/:invitation_id',
    operation({
      id: 'deleteInvitation',
      tag,
      summary: 'Take an invitation back.',
      permission: 'users:write',
      path: ofInvitation,
      status: 204,
      errors: [404],
    }),
    async ({ actor, params }, reply) => {
      await deleteInvitation(domain, actor, params.invitation_id);
      reply.code(204);
    },
  );

  app.post<OfInvitation>(
    '/v3/user-invitations/:invitation_id/link',
    operation({
      id: 'newInvitationLink',
      tag,
      summary: 'A new link for an invitation; the one before is good no more.',
      permission: 'users:write',
      path: ofInvitation,
      status: 201,
      answer: 'OneTimeLink',
      errors: [404],
    }),
    async (request, reply) => {
      const link = await invitationLink(domain, request.actor, request.params.invitation_id);
      reply.code(201);
      return linkBody(link.userId, link, ownAddress(request) + link.path);
    },
  );
}
