import type { FilterFields, GroupCreationInfo, GroupUpdateInfo, SubjectList } from '@mooring/rest';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { listBody, listQueryOf } from '../http/list-request.ts';
import { operation } from '../http/operation.ts';
import type { SchemaName } from '../http/schemas.ts';
import { userBody } from '../people/bodies.ts';
import { getUser, listUsers, userFilters, usersIn } from '../people/user.ts';
import type { Actor, Domain } from '../storage/context.ts';
import { apiKeyIdOf, getApiKey, listApiKeys } from './api-keys.ts';
import { apiKeyBody, groupBody } from './bodies.ts';
import { findGroups } from './groups.ts';
import {
  addMembers,
  apiKeysIn,
  createGroup,
  deleteGroup,
  getGroup,
  groupsWith,
  listGroups,
  type MemberKind,
  removeMembers,
  updateGroup,
} from './membership.ts';
import { apiKeyFilters } from './routes.ts';

const groupFilters: FilterFields = { id: 'string', name: 'string' };

const tag = 'Policy groups';
const path = { group_id: 'Id of the group.' };
type OfGroup = { Params: { group_id: string } };

/** Policy groups, and who is in them. */
export function groupRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    '/v3/policy-groups',
    operation({
      id: 'getAllGroups',
      tag,
      summary: 'All groups.',
      permission: 'groups:read',
      answer: 'GroupSummaryList',
      list: groupFilters,
    }),
    async (request) =>
      listBody(await listGroups(domain, request.actor, listQueryOf(request.url, groupFilters)), groupBody),
  );

  app.post<{ Body: GroupCreationInfo }>(
    '/v3/policy-groups',
    operation({
      id: 'createGroup',
      tag,
      summary: 'Make a group. Its permissions are ours: without them its members may do nothing.',
      permission: 'groups:write',
      body: 'GroupCreationInfo',
      status: 201,
      answer: 'GroupSummary',
      errors: [409],
    }),
    async (request, reply) => {
      reply.code(201);
      return groupBody(await createGroup(domain, request.actor, request.body));
    },
  );

  app.get<OfGroup>(
    '/v3/policy-groups/:group_id',
    operation({
      id: 'getGroupSummary',
      tag,
      summary: 'A group.',
      permission: 'groups:read',
      path,
      answer: 'GroupSummary',
      errors: [404],
    }),
    async (request) => groupBody(await getGroup(domain, request.actor, request.params.group_id)),
  );

  app.put<OfGroup & { Body: GroupUpdateInfo }>(
    '/v3/policy-groups/:group_id',
    operation({
      id: 'updateGroupName',
      tag,
      summary: 'Change name or permissions of a group; what is not given stays.',
      permission: 'groups:write',
      path,
      body: 'GroupUpdateInfo',
      answer: 'GroupSummary',
      errors: [404, 409],
    }),
    async (request) => groupBody(await updateGroup(domain, request.actor, request.params.group_id, request.body)),
  );

  app.delete<OfGroup>(
    '/v3/policy-groups/:group_id',
    operation({
      id: 'deleteGroup',
      tag,
      summary: 'Delete a group; its members stay without it.',
      permission: 'groups:write',
      path,
      status: 204,
      errors: [404],
    }),
    async (request, reply) => {
      await deleteGroup(domain, request.actor, request.params.group_id);
      reply.code(204);
    },
  );

  memberLists(app, domain);
  memberChanges(app, domain);
  groupsOfMembers(app, domain);
}

function memberLists(app: FastifyInstance, domain: Domain): void {
  app.get<OfGroup>(
    '/v3/policy-groups/:group_id/users',
    operation({
      id: 'getUsersOfGroup',
      tag,
      summary: 'The users in a group.',
      permission: 'users:read',
      path,
      answer: 'UserInfoRespList',
      list: userFilters,
      errors: [404],
    }),
    async ({ actor, params, url }) => {
      const { id } = await getGroup(domain, actor, params.group_id);
      const users = await listUsers(domain, actor, listQueryOf(url, userFilters), [usersIn(id)]);
      return listBody(users, (user) => userBody(user));
    },
  );

  app.get<OfGroup>(
    '/v3/policy-groups/:group_id/api-keys',
    operation({
      id: 'getApiKeysOfGroup',
      tag,
      summary: 'The API keys in a group.',
      permission: 'api-keys:read',
      path,
      answer: 'ApiKeyInfoRespList',
      list: apiKeyFilters,
      errors: [404],
    }),
    async ({ actor, params, url }) => {
      const { id } = await getGroup(domain, actor, params.group_id);
      return listBody(await listApiKeys(domain, actor, listQueryOf(url, apiKeyFilters), [apiKeysIn(id)]), apiKeyBody);
    },
  );
}

/** The contract has them in an old form, by method, and in a new one, by path; they do the same. */
function memberChanges(app: FastifyInstance, domain: Domain): void {
  const only = (kind: MemberKind, body: SubjectList): SubjectList => ({ [kind]: body[kind] ?? [] });
  const forms = [
    ['POST', '', 'addSubjectsToGroup', addMembers, undefined],
    ['POST', '/users', 'addUsersToGroup', addMembers, 'users'],
    ['DELETE', '/users', 'removeUsersFromGroup', removeMembers, 'users'],
    ['POST', '/users/add', 'addListedUsersToGroup', addMembers, 'users'],
    ['POST', '/users/remove', 'removeListedUsersFromGroup', removeMembers, 'users'],
    ['POST', '/api-keys', 'addApiKeysToGroup', addMembers, 'apikeys'],
    ['DELETE', '/api-keys', 'removeApiKeysFromGroup', removeMembers, 'apikeys'],
    ['POST', '/api-keys/add', 'addListedApiKeysToGroup', addMembers, 'apikeys'],
    ['POST', '/api-keys/remove', 'removeListedApiKeysFromGroup', removeMembers, 'apikeys'],
  ] as const;
  const nouns = { users: 'users', apikeys: 'API keys' } as const;
  for (const [method, rest, id, work, kind] of forms) {
    const what = kind === undefined ? 'users and API keys' : nouns[kind];
    const summary = work === addMembers ? `Put ${what} into a group.` : `Take ${what} out of a group.`;
    app.route<OfGroup & { Body: SubjectList }>({
      method,
      url: `/v3/policy-groups/:group_id${rest}`,
      ...operation({
        id,
        tag,
        summary,
        permission: 'groups:write',
        path,
        body: 'SubjectList',
        answer: 'GroupSummary',
        errors: work === addMembers ? [404, 409] : [404],
      }),
      handler: async ({ actor, params, body }) =>
        groupBody(await work(domain, actor, params.group_id, kind === undefined ? body : only(kind, body))),
    });
  }
}

interface Member {
  readonly kind: MemberKind;
  readonly base: string;
  readonly answer: SchemaName;
  readonly read: 'own-api-key:read' | 'api-keys:read' | 'users:read';
  readonly path: Readonly<Record<string, string>>;
  /** What the published contract calls them: GET, POST, DELETE, add, remove. */
  readonly ids: readonly [string, string, string, string, string];
  idOf(request: FastifyRequest): string;
  body(actor: Actor, id: string): Promise<unknown>;
}

/** The same from the other side: the groups of a user or an API key. */
function groupsOfMembers(app: FastifyInstance, domain: Domain): void {
  const keyAnswer = async (actor: Actor, id: string) => apiKeyBody(await getApiKey(domain, actor, id));
  const members: readonly Member[] = [
    {
      kind: 'apikeys',
      base: '/v3/api-keys/me/groups',
      answer: 'ApiKeyInfoResp',
      read: 'own-api-key:read',
      path: {},
      ids: [
        'getGroupsOfMyApiKey',
        'addMyApiKeyToGroups',
        'removeMyApiKeyListedGroups',
        'addMyApiKeyToListedGroups',
        'removeMyApiKeyFromListedGroups',
      ],
      idOf: ({ actor }) => apiKeyIdOf(actor),
      body: keyAnswer,
    },
    {
      kind: 'apikeys',
      base: '/v3/api-keys/:apikey_id/groups',
      answer: 'ApiKeyInfoResp',
      read: 'api-keys:read',
      path: { apikey_id: 'Id of the API key.' },
      ids: [
        'getGroupsOfApikey',
        'addApiKeyToGroups',
        'removeApiKeyFromGroups',
        'addApiKeyToListedGroups',
        'removeApiKeyFromListedGroups',
      ],
      idOf: ({ params }) => (params as { apikey_id: string }).apikey_id,
      body: keyAnswer,
    },
    {
      kind: 'users',
      base: '/v3/users/:user_id/groups',
      answer: 'UserInfoResp',
      read: 'users:read',
      path: { user_id: 'Id of the user.' },
      ids: [
        'getGroupsOfUser',
        'addUserToGroups',
        'removeUserFromGroups',
        'addUserToListedGroups',
        'removeUserFromListedGroups',
      ],
      idOf: ({ params }) => (params as { user_id: string }).user_id,
      body: async (actor, id) => userBody(await getUser(domain, actor, id)),
    },
  ];
  for (const member of members) groupsOfMember(app, domain, member);
}

function groupsOfMember(app: FastifyInstance, domain: Domain, member: Member): void {
  const { kind, base, answer, path } = member;
  const noun = kind === 'users' ? 'a user' : 'an API key';
  const [listed, ...changes] = member.ids;
  const only = member.read === 'own-api-key:read' ? ({ only: 'api-key' } as const) : {};
  app.get(
    base,
    operation({
      id: listed,
      tag,
      summary: `The groups of ${noun}.`,
      permission: member.read,
      ...only,
      path,
      answer: 'GroupSummaryList',
      list: groupFilters,
      errors: [404],
    }),
    async (request) => {
      const id = member.idOf(request);
      await member.body(request.actor, id);
      const query = listQueryOf(request.url, groupFilters);
      return listBody(await listGroups(domain, request.actor, query, [groupsWith(kind, id)]), groupBody);
    },
  );
  for (const [index, [method, rest, work]] of (
    [
      ['POST', '', addMembers],
      ['DELETE', '', removeMembers],
      ['POST', '/add', addMembers],
      ['POST', '/remove', removeMembers],
    ] as const
  ).entries()) {
    app.route<{ Body: string[] }>({
      method,
      url: `${base}${rest}`,
      ...operation({
        id: changes[index] as string,
        tag,
        summary: work === addMembers ? `Put ${noun} into groups.` : `Take ${noun} out of groups.`,
        permission: 'groups:write',
        ...only,
        path,
        body: 'IdList',
        answer,
        errors: work === addMembers ? [404, 409] : [404],
      }),
      handler: async (request) => {
        const { actor, body } = request;
        const id = member.idOf(request as FastifyRequest);
        await domain.storage.transaction(async () => {
          await member.body(actor, id);
          for (const group of await findGroups(domain, actor.accountId, body)) {
            await work(domain, actor, group.id, { [kind]: [id] });
          }
        });
        return member.body(actor, id);
      },
    });
  }
}
