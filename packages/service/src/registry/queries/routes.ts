import type { DeviceQuery as DeviceQueryBody, DeviceQueryPostPutRequest, DeviceQueryPutRequest } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { listBody, listQueryOf } from '../../http/list-request.ts';
import { operation } from '../../http/operation.ts';
import { fineTimeText } from '../../http/time-text.ts';
import type { Domain } from '../../storage/context.ts';
import {
  createDeviceQuery,
  type DeviceQuery,
  deleteDeviceQuery,
  deviceQueryFilters,
  getDeviceQuery,
  listDeviceQueries,
  updateDeviceQuery,
} from './device-query.ts';

const queryBody = (query: DeviceQuery): DeviceQueryBody => ({
  object: 'device-query',
  id: query.id,
  etag: fineTimeText(query.updated_at),
  name: query.name,
  query: query.query,
  created_at: fineTimeText(query.created_at),
  updated_at: fineTimeText(query.updated_at),
});

const path = { query_id: 'Id of the query.' };
type OfQuery = { Params: { query_id: string } };
const tag = 'Device queries';

export function deviceQueryRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    '/v3/device-queries',
    operation({
      id: 'Device_Query_list',
      tag,
      summary: 'The stored device queries of the account.',
      permission: 'devices:read',
      answer: 'DeviceQueryPage',
      list: deviceQueryFilters,
    }),
    async (request) =>
      listBody(await listDeviceQueries(domain, request.actor, listQueryOf(request.url, deviceQueryFilters)), queryBody),
  );

  app.post<{ Body: DeviceQueryPostPutRequest }>(
    '/v3/device-queries',
    operation({
      id: 'Device_Query_create',
      tag,
      summary: 'Store a device query.',
      permission: 'devices:write',
      body: 'DeviceQueryPostPutRequest',
      status: 201,
      answer: 'DeviceQuery',
    }),
    async (request, reply) => {
      reply.code(201);
      return queryBody(await createDeviceQuery(domain, request.actor, request.body));
    },
  );

  app.get<OfQuery>(
    '/v3/device-queries/:query_id',
    operation({
      id: 'Device_Query_retrieve',
      tag,
      summary: 'A stored device query.',
      permission: 'devices:read',
      path,
      answer: 'DeviceQuery',
      errors: [404],
    }),
    async (request) => queryBody(await getDeviceQuery(domain, request.actor, request.params.query_id)),
  );

  app.put<OfQuery & { Body: DeviceQueryPutRequest }>(
    '/v3/device-queries/:query_id',
    operation({
      id: 'Device_Query_update',
      tag,
      summary: 'Change a stored device query; what is not given stays.',
      permission: 'devices:write',
      path,
      body: 'DeviceQueryPutRequest',
      answer: 'DeviceQuery',
      errors: [404],
    }),
    async (request) => queryBody(await updateDeviceQuery(domain, request.actor, request.params.query_id, request.body)),
  );

  app.delete<OfQuery>(
    '/v3/device-queries/:query_id',
    operation({
      id: 'Device_Query_destroy',
      tag,
      summary: 'Delete a stored device query.',
      permission: 'devices:write',
      path,
      status: 204,
      errors: [404],
    }),
    async (request, reply) => {
      await deleteDeviceQuery(domain, request.actor, request.params.query_id);
      reply.code(204);
    },
  );
}
