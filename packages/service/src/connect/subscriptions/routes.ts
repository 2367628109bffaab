import type { FastifyInstance } from 'fastify';
import { operation } from '../../http/operation.ts';
import { jsonOf } from '../body.ts';
import { keyOnly } from '../channels/routes.ts';
import type { Connect } from '../connect.ts';
import { Refusal } from '../refusal.ts';
import { resourcePath } from '../requests/request-body.ts';
import { presubscriptionBody, readPresubscriptions } from './presubscription-body.ts';

type OfDevice = { Params: { device_id: string } };
type OfResource = { Params: { device_id: string; '*': string } };

const tag = 'Subscriptions';
const permission = 'own-notifications:write';
const devicePath = { device_id: 'Id of the device.' };
const resource = { ...devicePath, '*': 'Path of the resource: `3/0/13`.' };

export function subscriptionRoutes(app: FastifyInstance, connect: Connect): void {
  const { subscriptions } = connect;

  app.get(
    '/v2/subscriptions',
    operation({
      id: 'getPreSubscriptions',
      tag,
      summary: 'The presubscriptions of the API key.',
      permission,
      answer: 'PresubscriptionArray',
    }),
    async (request) => (await subscriptions.rules(keyOnly(request))).map(presubscriptionBody),
  );

  app.put(
    '/v2/subscriptions',
    operation({
      id: 'updatePreSubscriptions',
      tag,
      summary: 'Set the presubscriptions of the API key, in place of those there were.',
      permission,
      rawBody: 'PresubscriptionArray',
      status: 204,
    }),
    async (request, reply) => {
      await subscriptions.setRules(keyOnly(request), readPresubscriptions(jsonOf(request), connect.limits));
      return reply.code(204).send();
    },
  );

  app.delete(
    '/v2/subscriptions',
    operation({
      id: 'deletePreSubscriptions',
      tag,
      summary: 'Delete the presubscriptions of the API key.',
      permission,
      status: 204,
    }),
    async (request, reply) => {
      await subscriptions.setRules(keyOnly(request), []);
      return reply.code(204).send();
    },
  );

  app.get<OfDevice>(
    '/v2/subscriptions/:device_id',
    operation({
      id: 'getEndpointSubscriptions',
      tag,
      summary: 'Paths that the API key is subscribed to, one a line.',
      permission,
      path: devicePath,
      plain: true,
      errors: [404],
    }),
    async (request, reply) => {
      const paths = await subscriptions.paths(keyOnly(request), request.params.device_id);
      if (paths.length === 0) throw new Refusal(404, 'NOT_SUBSCRIBED');
      return reply.type('text/uri-list').send(paths.join('\n'));
    },
  );

  app.delete<OfDevice>(
    '/v2/subscriptions/:device_id',
    operation({
      id: 'deleteEndpointSubscriptions',
      tag,
      summary: 'End all subscriptions of the API key to a device.',
      permission,
      path: devicePath,
      status: 204,
    }),
    async (request, reply) => {
      await subscriptions.unsubscribe(keyOnly(request), request.params.device_id);
      return reply.code(204).send();
    },
  );

  app.get<OfResource>(
    '/v2/subscriptions/:device_id/*',
    operation({
      id: 'checkResourceSubscription',
      tag,
      summary: 'Whether the API key is subscribed to a resource.',
      permission,
      path: resource,
      plain: true,
      errors: [404],
    }),
    async (request, reply) => {
      const { device_id: deviceId, '*': path } = request.params;
      if (!(await subscriptions.isSubscribed(keyOnly(request), deviceId, resourcePath(path)))) {
        throw new Refusal(404, 'NOT_SUBSCRIBED');
      }
      return reply.code(200).send();
    },
  );

  app.put<OfResource>(
    '/v2/subscriptions/:device_id/*',
    operation({
      id: 'addResourceSubscription',
      tag,
      summary:
        'Subscribe to a resource; the value of now comes as async response. 200 where the subscription is there.',
      permission,
      path: resource,
      status: 202,
      answer: 'AsyncID',
      errors: [404],
    }),
    async (request, reply) => {
      const { device_id: deviceId, '*': path } = request.params;
      const asyncId = await subscriptions.subscribe(keyOnly(request), deviceId, resourcePath(path));
      if (asyncId === undefined)
        return reply
          .code(200)
          .serializer(() => '')
          .send('');
      return reply.code(202).send({ 'async-response-id': asyncId });
    },
  );

  app.delete<OfResource>(
    '/v2/subscriptions/:device_id/*',
    operation({
      id: 'deleteResourceSubscription',
      tag,
      summary: 'End a subscription.',
      permission,
      path: resource,
      status: 204,
    }),
    async (request, reply) => {
      const { device_id: deviceId, '*': path } = request.params;
      await subscriptions.unsubscribe(keyOnly(request), deviceId, resourcePath(path));
      return reply.code(204).send();
    },
  );
}
