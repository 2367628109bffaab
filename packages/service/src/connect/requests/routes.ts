import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { operation } from '../../http/operation.ts';
import type { Domain } from '../../storage/context.ts';
import { bytesOf, objectOf } from '../body.ts';
import { keyOnly } from '../channels/routes.ts';
import type { Connect } from '../connect.ts';
import { contentFormat, mediaType } from '../media-types.ts';
import { Refusal } from '../refusal.ts';
import { hasPath, registeredDevice } from '../registered-device.ts';
import type { Request } from './device-requests.ts';
import { readDeviceRequest, resourcePath } from './request-body.ts';

type Query = Readonly<Record<string, string | undefined>>;
type OfDevice = { Params: { device_id: string }; Querystring: Query };
type OfResource = { Params: { device_id: string; '*': string }; Querystring: Query };

const tag = 'Device requests';
const devicePath = { device_id: 'Id of the device.' };
const resourcePathNote = { ...devicePath, '*': 'Path of the resource: `3/0/13`.' };

/** Which methods of the older interface mean what, and what they ask for. */
const methods = [
  {
    method: 'GET',
    id: 'getResourceValue',
    summary: 'Read a value; one that is known and fresh is the answer itself.',
    permission: 'device-resources:read',
  },
  {
    method: 'PUT',
    id: 'updateResourceValue',
    summary: 'Write a value, or attributes of observation.',
    permission: 'device-resources:write',
  },
  {
    method: 'POST',
    id: 'executeOrCreateResource',
    summary: 'Execute a resource, or make an object instance.',
    permission: 'device-resources:write',
  },
  {
    method: 'DELETE',
    id: 'deleteResourcePath',
    summary: 'Delete an object instance.',
    permission: 'device-resources:write',
  },
] as const;

export function requestRoutes(app: FastifyInstance, domain: Domain, connect: Connect): void {
  app.post<OfDevice>(
    '/v2/device-requests/:device_id',
    operation({
      id: 'createAsyncRequest',
      tag,
      summary: 'Ask a device; the answer comes on the notification channel under the caller’s async-id.',
      description:
        'Requests of a device are made one at a time, in order; one that sleeps or is away gets them when it comes, until they expire.',
      permission: 'device-resources:write',
      path: devicePath,
      query: {
        'async-id': { type: 'string', description: 'The caller’s own word for the request.' },
        retry: {
          type: 'integer',
          description: 'Attempts after the first; 0 by default, 2 for a device in queue mode.',
        },
        'expiry-seconds': {
          type: 'integer',
          description: 'How long it may wait; 7200 by default, 259200 in queue mode.',
        },
      },
      rawBody: 'DeviceRequest',
      status: 202,
      errors: [404],
    }),
    async (request, reply) => {
      const actor = keyOnly(request);
      const asked = readDeviceRequest(objectOf(request), request.query);
      await connect.requests.submit(actor, request.params.device_id, asked);
      return reply.code(202).send();
    },
  );

  app.post<OfDevice>(
    '/v3/devices/:device_id/ask',
    operation({
      id: 'askDevice',
      tag,
      summary: 'Ask a device that is connected, and wait for its answer for half a minute at most; ours.',
      description:
        'For people, who have no notification channel. Nothing is queued or tried again: `status` of the answer says whether the device did it.',
      permission: 'device-resources:write',
      path: devicePath,
      rawBody: 'DeviceRequest',
      answer: 'AsyncIDResponse',
      errors: [404],
    }),
    async (request) => {
      const asked = readDeviceRequest(objectOf(request), { 'async-id': 'ask' });
      return connect.ask(request.actor, request.params.device_id, asked);
    },
  );

  app.get<OfDevice>(
    '/v2/endpoints/:device_id',
    operation({
      id: 'getEndpointResources',
      tag,
      summary: 'The resources that a device registered.',
      permission: 'device-resources:read',
      path: devicePath,
      answer: 'ResourceArray',
      errors: [404],
    }),
    async (request) => {
      const device = await registeredDevice(domain, request.actor.accountId, request.params.device_id);
      if (!device) throw new Refusal(404, 'DEVICE_NOT_FOUND');
      return device.resources.map(({ path, rt, ct, obs, aobs }) => ({
        uri: path,
        ...(rt === undefined ? {} : { rt }),
        ...(ct === undefined ? {} : { type: mediaType(ct) ?? String(ct) }),
        obs: obs === true || aobs !== undefined,
      }));
    },
  );

  for (const { method, ...described } of methods) {
    app.route<OfResource>({
      method,
      url: '/v2/endpoints/:device_id/*',
      ...operation({
        ...described,
        tag,
        path: resourcePathNote,
        query: {
          ...(method === 'GET'
            ? { cacheOnly: { type: 'boolean', description: 'Only a value that is known; 205 if none is.' } }
            : {}),
          noResp: { type: 'boolean', description: 'Not possible: devices are asked in a way that is answered; 409.' },
        },
        status: 202,
        answer: 'AsyncID',
        errors: [404, 409],
      }),
      handler: async (request, reply) => {
        const { device_id: deviceId } = request.params;
        const actor = keyOnly(request);
        const path = resourcePath(request.params['*']);
        if (request.query.noResp === 'true') throw new Refusal(409, 'NON_CONFIRMABLE_NOT_SUPPORTED');
        const device = await registeredDevice(domain, actor.accountId, deviceId);
        if (!device) throw new Refusal(410, 'DEVICE_NOT_FOUND');
        if (method !== 'POST' && !hasPath(device.resources, path)) throw new Refusal(404, 'RESOURCE_NOT_FOUND');
        if (method === 'GET') {
          const cached = connect.requests.cached(deviceId, path);
          if (cached) {
            const type = cached.contentFormat === undefined ? undefined : mediaType(cached.contentFormat);
            return reply
              .code(200)
              .type(type ?? 'application/octet-stream')
              .send(Buffer.from(cached.payload));
          }
          if (request.query.cacheOnly === 'true') return reply.code(205).send();
        }
        const type = request.headers['content-type'];
        const payload = bytesOf(request);
        const format = payload.length === 0 || type === undefined ? undefined : contentFormat(type);
        if (payload.length > 0 && type !== undefined && format === undefined) {
          throw new Refusal(400, 'UNSUPPORTED_MEDIA_TYPE', `CoAP has no number for ${type}.`);
        }
        const rules = Object.entries(request.query).filter(([name]) => name !== 'cacheOnly' && name !== 'noResp');
        const asked: Request = {
          asyncId: randomUUID(),
          method,
          uri: rules.length === 0 ? path : `${path}?${rules.map(([name, value]) => `${name}=${value}`).join('&')}`,
          ...(format === undefined ? {} : { contentFormat: format }),
          payload,
        };
        await connect.requests.submit(actor, deviceId, asked, 429);
        return reply.code(202).send({ 'async-response-id': asked.asyncId });
      },
    });
  }
}
