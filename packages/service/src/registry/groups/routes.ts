import type { DeviceGroup as DeviceGroupBody, DeviceGroupManipulation, DeviceGroupReq } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { listBody, listQueryOf } from '../../http/list-request.ts';
import { operation } from '../../http/operation.ts';
import { fineTimeText } from '../../http/time-text.ts';
import type { Domain } from '../../storage/context.ts';
import { deviceBody } from '../devices/bodies.ts';
import { inGroup, listDevices } from '../devices/device.ts';
import { deviceFilters } from '../devices/filters.ts';
import {
  createDeviceGroup,
  type DeviceGroup,
  deleteDeviceGroup,
  deviceGroupFilters,
  getDeviceGroup,
  listDeviceGroups,
  updateDeviceGroup,
} from './device-group.ts';
import { addToGroup, removeFromGroup } from './members.ts';

const groupBody = (group: DeviceGroup): DeviceGroupBody => ({
  object: 'device-group',
  id: group.id,
  etag: fineTimeText(group.updated_at),
  name: group.name,
  description: group.description ?? '',
  custom_attributes: group.customAttributes,
  devices_count: group.devices_count,
  created_at: fineTimeText(group.created_at),
  updated_at: fineTimeText(group.updated_at),
});

const path = { device_group_id: 'Id of the group.' };
type OfGroup = { Params: { device_group_id: string } };
const base = '/v3/device-groups';
const one = `${base}/:device_group_id`;
const tag = 'Device groups';

export function deviceGroupRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    base,
    operation({
      id: 'Group_list',
      tag,
      summary: 'The device groups of the account.',
      permission: 'devices:read',
      answer: 'DeviceGroupPage',
      list: deviceGroupFilters,
    }),
    async (request) =>
      listBody(await listDeviceGroups(domain, request.actor, listQueryOf(request.url, deviceGroupFilters)), groupBody),
  );

  app.post<{ Body: DeviceGroupReq }>(
    base,
    operation({
      id: 'Group_create',
      tag,
      summary: 'Make a device group.',
      permission: 'devices:write',
      body: 'DeviceGroupReq',
      status: 201,
      answer: 'DeviceGroup',
      errors: [409],
    }),
    async (request, reply) => {
      reply.code(201);
      return groupBody(await createDeviceGroup(domain, request.actor, request.body));
    },
  );

  app.get<OfGroup>(
    one,
    operation({
      id: 'Group_retrieve',
      tag,
      summary: 'A device group.',
      permission: 'devices:read',
      path,
      answer: 'DeviceGroup',
      errors: [404],
    }),
    async (request) => groupBody(await getDeviceGroup(domain, request.actor, request.params.device_group_id)),
  );

  app.put<OfGroup & { Body: DeviceGroupReq }>(
    one,
    operation({
      id: 'Group_update',
      tag,
      summary: 'Change a device group; what is not given stays.',
      permission: 'devices:write',
      path,
      body: 'DeviceGroupReq',
      answer: 'DeviceGroup',
      errors: [404, 409],
    }),
    async (request) =>
      groupBody(await updateDeviceGroup(domain, request.actor, request.params.device_group_id, request.body)),
  );

  app.delete<OfGroup>(
    one,
    operation({
      id: 'Group_delete',
      tag,
      summary: 'Delete a device group; its devices stay.',
      permission: 'devices:write',
      path,
      status: 204,
      errors: [404],
    }),
    async (request, reply) => {
      await deleteDeviceGroup(domain, request.actor, request.params.device_group_id);
      reply.code(204);
    },
  );

  app.get<OfGroup>(
    `${one}/devices`,
    operation({
      id: 'Group_members_retrieve',
      tag,
      summary: 'The devices of a group.',
      permission: 'devices:read',
      path,
      answer: 'DevicePage',
      list: deviceFilters,
      errors: [404],
    }),
    async (request) => {
      const { id } = await getDeviceGroup(domain, request.actor, request.params.device_group_id);
      const query = listQueryOf(request.url, deviceFilters);
      return listBody(await listDevices(domain, request.actor, query, [inGroup(id)]), deviceBody);
    },
  );

  for (const [action, summary, work] of [
    ['add', 'Put a device into a group; a device can be in several.', addToGroup],
    ['remove', 'Take a device out of a group.', removeFromGroup],
  ] as const) {
    app.post<OfGroup & { Body: DeviceGroupManipulation }>(
      `${one}/devices/${action}`,
      operation({
        id: `Group_members_${action}`,
        tag,
        summary,
        permission: 'devices:write',
        path,
        body: 'DeviceGroupManipulation',
        status: 204,
        errors: [404],
      }),
      async (request, reply) => {
        await work(domain, request.actor, request.params.device_group_id, request.body.device_id);
        reply.code(204);
      },
    );
  }
}
