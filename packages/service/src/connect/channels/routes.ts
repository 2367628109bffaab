import type { FastifyInstance, FastifyRequest } from 'fastify';
import { operation } from '../../http/operation.ts';
import type { Actor } from '../../storage/context.ts';
import { objectOf } from '../body.ts';
import type { Connect } from '../connect.ts';
import { Refusal } from '../refusal.ts';
import { readSerialization, type Serialization, type SerializationBody, serializationBody } from './serialization.ts';

/** Bound of the contract for the URL and all headers of a callback together. */
const longestCallback = 400;

/** Channels belong to API keys; a person who is signed in has none. @throws Refusal 403 */
export function keyOnly({ actor }: FastifyRequest): Actor {
  if (actor.kind !== 'api-key') throw new Refusal(403, 'NOT_AN_API_KEY', 'Channels belong to API keys.');
  return actor;
}

function serializationOf(body: Readonly<Record<string, unknown>>): Serialization {
  const serialization = readSerialization(body.serialization as SerializationBody | undefined);
  if (serialization) return serialization;
  throw new Refusal(
    400,
    'MALFORMED_JSON_CONTENT',
    'serialization has to be {"type": "v2", "max_chunk_size": 100 to 10000, "cfg": {…}}.',
  );
}

function callbackOf(body: Readonly<Record<string, unknown>>) {
  const { url, headers = {} } = body;
  if (typeof url !== 'string' || !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new Refusal(400, 'MALFORMED_JSON_CONTENT', 'url has to be an http or https URL.');
  }
  const pairs = Object.entries((headers ?? {}) as Record<string, unknown>);
  if (!pairs.every(([name, value]) => typeof value === 'string' && isHeader(name, value))) {
    throw new Refusal(400, 'MALFORMED_JSON_CONTENT', 'headers has to be an object of HTTP headers, all texts.');
  }
  const length = url.length + pairs.flat().reduce((sum: number, text) => sum + String(text).length, 0);
  if (length > longestCallback) {
    throw new Refusal(400, 'MALFORMED_JSON_CONTENT', `url and headers have at most ${longestCallback} characters.`);
  }
  return { url, headers: Object.fromEntries(pairs) as Record<string, string> };
}

/** RFC 9110 §5.1, §5.5. */
const isHeader = (name: string, value: string): boolean =>
  /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) && !/[^\t\x20-\x7e]/.test(value);

const mechanism = 'Notification channels';
const permission = 'own-notifications:write';

export function channelRoutes(app: FastifyInstance, connect: Connect): void {
  const { channels } = connect;

  app.get(
    '/v2/notification/channel',
    operation({
      id: 'getChannel',
      tag: mechanism,
      summary: 'Which kind of channel the API key has.',
      permission,
      answer: 'ChannelMetadata',
      errors: [404],
    }),
    async (request) => {
      const channel = await channels.get(keyOnly(request).id);
      if (!channel) throw new Refusal(404, 'CHANNEL_NOT_FOUND');
      return { delivery_mechanism: channel.kind };
    },
  );

  app.get(
    '/v2/notification/pull',
    operation({
      id: 'longPollNotifications',
      tag: mechanism,
      summary: 'Wait for messages; makes the channel with its first call.',
      description: 'Answers at once when there is something, else 204 after half a minute. One poll at a time.',
      permission,
      answer: 'NotificationMessage',
      errors: [409],
    }),
    async (request, reply) => {
      const actor = keyOnly(request);
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const polled = await channels.poll(actor, gone.signal);
      if (!polled) return reply.code(204).send();
      reply.raw.once('finish', polled.delivered);
      return polled.message;
    },
  );

  app.delete(
    '/v2/notification/pull',
    operation({
      id: 'deleteLongPollChannel',
      tag: mechanism,
      summary: 'Delete the pull channel with all that waits.',
      permission,
      plain: true,
    }),
    async (request, reply) => {
      const existed = await channels.delete(keyOnly(request), 'LONG_POLLING');
      return reply
        .code(existed ? 204 : 200)
        .type('text/plain')
        .send(existed ? undefined : 'ALREADY_DELETED');
    },
  );

  app.get(
    '/v2/notification/callback',
    operation({
      id: 'getWebhook',
      tag: mechanism,
      summary: 'The callback of the API key.',
      permission,
      answer: 'Webhook',
      errors: [404],
    }),
    async (request) => {
      const channel = await channels.get(keyOnly(request).id);
      if (!channel?.callback) throw new Refusal(404, 'CHANNEL_NOT_FOUND', 'The API key has no callback.');
      return {
        ...channel.callback,
        serialization: serializationBody(channel.serialization, connect.limits.chunk),
      };
    },
  );

  app.put(
    '/v2/notification/callback',
    operation({
      id: 'registerWebhook',
      tag: mechanism,
      summary: 'Have messages sent to a URL, with PUT; it is tried with {} first.',
      permission,
      rawBody: 'Webhook',
      status: 204,
    }),
    async (request, reply) => {
      const actor = keyOnly(request);
      const type = request.headers['content-type'];
      if (type !== undefined && !/json/i.test(type)) throw new Refusal(415, 'UNSUPPORTED_MEDIA_TYPE');
      const body = objectOf(request);
      await channels.setCallback(actor, callbackOf(body), serializationOf(body));
      return reply.code(204).send();
    },
  );

  app.delete(
    '/v2/notification/callback',
    operation({
      id: 'deregisterWebhook',
      tag: mechanism,
      summary: 'Delete the callback with all that waits.',
      permission,
      status: 204,
      errors: [404],
    }),
    async (request, reply) => {
      if (!(await channels.delete(keyOnly(request), 'CALLBACK'))) throw new Refusal(404, 'CHANNEL_NOT_FOUND');
      return reply.code(204).send();
    },
  );

  const socketBody = async (apiKeyId: string, serialization: Serialization) => {
    const size = await channels.queue.length(apiKeyId);
    return {
      status: channels.isSocketOpen(apiKeyId) ? 'connected' : 'disconnected',
      queue_size: size,
      // The name in an earlier version of the contract.
      queueSize: size,
      serialization: serializationBody(serialization, connect.limits.chunk),
    };
  };

  app.get(
    '/v2/notification/websocket',
    operation({
      id: 'getWebsocket',
      tag: mechanism,
      summary: 'The websocket channel of the API key.',
      permission,
      answer: 'WebsocketChannel',
      errors: [404],
    }),
    async (request) => {
      const channel = await channels.get(keyOnly(request).id);
      if (channel?.kind !== 'WEB_SOCKET') throw new Refusal(404, 'CHANNEL_NOT_FOUND');
      return socketBody(channel.apiKeyId, channel.serialization);
    },
  );

  app.put(
    '/v2/notification/websocket',
    operation({
      id: 'registerWebsocket',
      tag: mechanism,
      summary: 'Make the websocket channel; 200 where there is one already, which stays as it is.',
      permission,
      rawBody: 'RegisterWebsocketChannel',
      status: 201,
      answer: 'WebsocketChannel',
    }),
    async (request, reply) => {
      const { channel, isNew } = await channels.registerSocket(keyOnly(request), serializationOf(objectOf(request)));
      reply
        .code(isNew ? 201 : 200)
        .serializer(JSON.stringify)
        .type('application/json; charset=utf-8');
      return socketBody(channel.apiKeyId, channel.serialization);
    },
  );

  app.delete(
    '/v2/notification/websocket',
    operation({
      id: 'deleteWebsocket',
      tag: mechanism,
      summary: 'Delete the websocket channel with all that waits.',
      permission,
      status: 204,
      errors: [404],
    }),
    async (request, reply) => {
      if (!(await channels.delete(keyOnly(request), 'WEB_SOCKET'))) throw new Refusal(404, 'CHANNEL_NOT_FOUND');
      return reply.code(204).send();
    },
  );

  app.route({
    method: 'GET',
    url: '/v2/notification/websocket-connect',
    ...operation({
      id: 'connectWebsocket',
      tag: mechanism,
      summary: 'Open the websocket of the channel.',
      permission,
      plain: true,
    }),
    handler: async (request, reply) => {
      keyOnly(request);
      reply.header('Upgrade', 'websocket').header('Connection', 'Upgrade');
      throw new Refusal(426, 'UPGRADE_REQUIRED', 'This path speaks websocket only.');
    },
    wsHandler: (socket, request) => {
      if (request.actor.kind !== 'api-key') socket.close(1008, 'an API key is needed');
      else channels.openSocket(request.actor, socket).catch(() => socket.close(1011, 'the service failed'));
    },
  });
}
