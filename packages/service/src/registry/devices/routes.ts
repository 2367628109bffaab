import type { DeviceBlock, DeviceDataPostRequest, DeviceDataPutRequest } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { listBody, listQueryOf } from '../../http/list-request.ts';
import { operation } from '../../http/operation.ts';
import type { Domain } from '../../storage/context.ts';
import { deviceBody } from './bodies.ts';
import { createDevice, deleteDevice, updateDevice } from './change.ts';
import { getDevice, listDevices } from './device.ts';
import { deviceFilters } from './filters.ts';
import { resumeDevice, suspendDevice } from './suspension.ts';

const path = { id: 'Id of the device.' };
type OfDevice = { Params: { id: string } };

export function deviceRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    '/v3/devices',
    operation({
      id: 'Device_list',
      tag: 'Devices',
      summary: 'The devices of the account.',
      permission: 'devices:read',
      answer: 'DevicePage',
      list: deviceFilters,
    }),
    async (request) =>
      listBody(await listDevices(domain, request.actor, listQueryOf(request.url, deviceFilters)), deviceBody),
  );

  app.post<{ Body: DeviceDataPostRequest }>(
    '/v3/devices',
    operation({
      id: 'Device_create',
      tag: 'Devices',
      summary: 'Put a device into the directory that has not come yet.',
      description:
        'Seldom needed: a device is put there when it first comes. With `device_key`, the SHA-256 fingerprint of its certificate, it is recognised then.',
      permission: 'devices:write',
      body: 'DeviceDataPostRequest',
      status: 201,
      answer: 'DeviceData',
      errors: [409],
    }),
    async (request, reply) => {
      reply.code(201);
      return deviceBody(await createDevice(domain, request.actor, request.body));
    },
  );

  app.get<OfDevice>(
    '/v3/devices/:id',
    operation({
      id: 'Device_retrieve',
      tag: 'Devices',
      summary: 'A device.',
      permission: 'devices:read',
      path,
      answer: 'DeviceData',
      errors: [404],
    }),
    async (request) => deviceBody(await getDevice(domain, request.actor, request.params.id)),
  );

  app.put<OfDevice & { Body: DeviceDataPutRequest }>(
    '/v3/devices/:id',
    operation({
      id: 'Device_update',
      tag: 'Devices',
      summary: 'Change a device; what is not given stays.',
      permission: 'devices:write',
      path,
      body: 'DeviceDataPutRequest',
      answer: 'DeviceData',
      errors: [404, 409],
    }),
    async (request) => deviceBody(await updateDevice(domain, request.actor, request.params.id, request.body)),
  );

  app.delete<OfDevice>(
    '/v3/devices/:id',
    operation({
      id: 'Device_destroy',
      tag: 'Devices',
      summary: 'Delete a device with a developer certificate, or one that never came; any other can be suspended.',
      permission: 'devices:write',
      path,
      status: 204,
      errors: [400, 404],
    }),
    async (request, reply) => {
      await deleteDevice(domain, request.actor, request.params.id);
      reply.code(204);
    },
  );

  for (const [action, id, summary, work] of [
    ['suspend', 'Device_suspend', 'Suspend a device: its registration ends, and it is not let in.', suspendDevice],
    ['resume', 'Device_resume', 'Let a device in again that was suspended, with the same category.', resumeDevice],
  ] as const) {
    app.post<OfDevice & { Body: DeviceBlock }>(
      `/v3/devices/:id/${action}`,
      operation({
        id,
        tag: 'Devices',
        summary,
        permission: 'devices:write',
        path,
        body: 'DeviceBlock',
        bodyOptional: true,
        status: 204,
        errors: [404],
      }),
      async (request, reply) => {
        await work(domain, request.actor, request.params.id, request.body);
        reply.code(204);
      },
    );
  }
}
