import type { AccountUpdateReq, ApiKeyInfoReq, ApiKeyUpdateReq, FilterFields } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { asksFor, listBody, listQueryOf } from '../http/list-request.ts';
import { operation } from '../http/operation.ts';
import type { Domain } from '../storage/context.ts';
import { showAccount, updateAccount } from './account.ts';
import {
  apiKeyIdOf,
  createApiKey,
  deleteApiKey,
  getApiKey,
  listApiKeys,
  resetApiKeySecret,
  updateApiKey,
} from './api-keys.ts';
import { accountBody, apiKeyBody, apiKeyInput } from './bodies.ts';

export const apiKeyFilters: FilterFields = {
  key: 'string',
  owner: 'string',
  id: 'string',
  name: 'string',
  status: 'string',
};

const id = { apikey_id: 'Id of the API key.' };
type OfKey = { Params: { apikey_id: string } };

export function accountRoutes(app: FastifyInstance, domain: Domain): void {
  const extrasOf = (url: string) => ({
    limits: asksFor(url, 'limits'),
    policies: asksFor(url, 'policies'),
    subAccounts: asksFor(url, 'sub_accounts'),
  });

  app.get(
    '/v3/accounts/me',
    operation({
      id: 'getMyAccountInfo',
      tag: 'Account',
      summary: 'The account of the caller.',
      permission: 'account:read',
      answer: 'AccountInfo',
      include: ['limits', 'policies', 'sub_accounts'],
    }),
    async (request) => accountBody(await showAccount(domain, request.actor), domain.settings, extrasOf(request.url)),
  );

  app.put<{ Body: AccountUpdateReq }>(
    '/v3/accounts/me',
    operation({
      id: 'updateMyAccount',
      tag: 'Account',
      summary: 'Change the account; what is not given stays.',
      permission: 'account:write',
      body: 'AccountUpdateReq',
      answer: 'AccountInfo',
    }),
    async (request) =>
      accountBody(await updateAccount(domain, request.actor, request.body), domain.settings, extrasOf(request.url)),
  );

  app.get(
    '/v3/api-keys',
    operation({
      id: 'getAllApiKeys',
      tag: 'API keys',
      summary: 'All API keys, without their secrets.',
      permission: 'api-keys:read',
      answer: 'ApiKeyInfoRespList',
      list: apiKeyFilters,
    }),
    async (request) =>
      listBody(await listApiKeys(domain, request.actor, listQueryOf(request.url, apiKeyFilters)), apiKeyBody),
  );

  app.post<{ Body: ApiKeyInfoReq }>(
    '/v3/api-keys',
    operation({
      id: 'createApiKey',
      tag: 'API keys',
      summary: 'Make an API key. This answer alone holds the whole key.',
      description:
        'Without groups the key gets the group Developers. A key cannot be put into a group that may do more than the caller.',
      permission: 'api-keys:write',
      body: 'ApiKeyInfoReq',
      status: 201,
      answer: 'ApiKeyInfoResp',
      errors: [409],
    }),
    async (request, reply) => {
      reply.code(201);
      return apiKeyBody(await createApiKey(domain, request.actor, apiKeyInput(request.body)));
    },
  );

  app.get(
    '/v3/api-keys/me',
    operation({
      id: 'getMyApiKey',
      tag: 'API keys',
      summary: 'The API key that is used.',
      permission: 'own-api-key:read',
      only: 'api-key',
      answer: 'ApiKeyInfoResp',
    }),
    async (request) => apiKeyBody(await getApiKey(domain, request.actor, apiKeyIdOf(request.actor))),
  );

  app.put<{ Body: ApiKeyUpdateReq }>(
    '/v3/api-keys/me',
    operation({
      id: 'updateMyApiKey',
      tag: 'API keys',
      summary: 'Change the API key that is used; what is not given stays.',
      permission: 'own-api-key:write',
      only: 'api-key',
      body: 'ApiKeyUpdateReq',
      answer: 'ApiKeyInfoResp',
      errors: [409],
    }),
    async (request) =>
      apiKeyBody(await updateApiKey(domain, request.actor, apiKeyIdOf(request.actor), apiKeyInput(request.body))),
  );

  app.get<OfKey>(
    '/v3/api-keys/:apikey_id',
    operation({
      id: 'getApiKey',
      tag: 'API keys',
      summary: 'An API key, without its secret.',
      permission: 'api-keys:read',
      path: id,
      answer: 'ApiKeyInfoResp',
      errors: [404],
    }),
    async (request) => apiKeyBody(await getApiKey(domain, request.actor, request.params.apikey_id)),
  );

  app.put<OfKey & { Body: ApiKeyUpdateReq }>(
    '/v3/api-keys/:apikey_id',
    operation({
      id: 'updateApiKey',
      tag: 'API keys',
      summary: 'Change an API key; what is not given stays.',
      permission: 'api-keys:write',
      path: id,
      body: 'ApiKeyUpdateReq',
      answer: 'ApiKeyInfoResp',
      errors: [404, 409],
    }),
    async (request) =>
      apiKeyBody(await updateApiKey(domain, request.actor, request.params.apikey_id, apiKeyInput(request.body))),
  );

  app.delete<OfKey>(
    '/v3/api-keys/:apikey_id',
    operation({
      id: 'deleteApiKey',
      tag: 'API keys',
      summary: 'Delete an API key; it is refused from then on.',
      permission: 'api-keys:write',
      path: id,
      status: 204,
      errors: [404],
    }),
    async (request, reply) => {
      await deleteApiKey(domain, request.actor, request.params.apikey_id);
      reply.code(204);
    },
  );

  app.post<OfKey & { Body: ApiKeyUpdateReq }>(
    '/v3/api-keys/:apikey_id/reset-secret',
    operation({
      id: 'resetSecret',
      tag: 'API keys',
      summary: 'Give an API key a new secret; the old one is refused from then on. This answer holds the whole key.',
      permission: 'api-keys:write',
      path: id,
      body: 'ApiKeyUpdateReq',
      bodyOptional: true,
      answer: 'ApiKeyInfoResp',
      errors: [404, 409],
    }),
    async (request) =>
      apiKeyBody(await resetApiKeySecret(domain, request.actor, request.params.apikey_id, apiKeyInput(request.body))),
  );
}
