import type { DeviceEventData, FilterFields } from '@mooring/rest';
import type { FastifyInstance } from 'fastify';
import { listBody, listQueryOf } from '../../http/list-request.ts';
import { operation } from '../../http/operation.ts';
import { fineTimeText } from '../../http/time-text.ts';
import type { Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';
import { getDeviceEvent, listDeviceEvents } from './device-event.ts';

const filters: FilterFields = {
  id: 'string',
  device_id: 'string',
  event_type: 'string',
  event_type_description: 'string',
  description: 'string',
  state_change: 'boolean',
  date_time: 'time',
  created_at: 'time',
};

const deviceEventBody = (event: Row<'device_events'>): DeviceEventData => ({
  object: 'device-event',
  id: event.id,
  etag: fineTimeText(event.at),
  device_id: event.device_id,
  event_type: event.event_type,
  event_type_description: event.status,
  event_type_category: event.category ?? '',
  description: event.description,
  state_change: event.state_change === 1,
  data: JSON.parse(event.data_json) as Record<string, string>,
  changes: {},
  date_time: fineTimeText(event.at),
  created_at: fineTimeText(event.at),
});

/** Both paths are one list: old clients know it as the device log. */
export function deviceLogRoutes(app: FastifyInstance, domain: Domain): void {
  for (const [path, prefix] of [
    ['/v3/device-events', 'Device_Event'],
    ['/v3/devicelog', 'Device_Log'],
  ] as const) {
    app.get(
      path,
      operation({
        id: `${prefix}_list`,
        tag: 'Device events',
        summary: 'What has happened to devices.',
        permission: 'devices:read',
        answer: 'DeviceEventPage',
        list: filters,
      }),
      async (request) =>
        listBody(await listDeviceEvents(domain, request.actor, listQueryOf(request.url, filters)), deviceEventBody),
    );

    app.get<{ Params: { device_event_id: string } }>(
      `${path}/:device_event_id`,
      operation({
        id: `${prefix}_retrieve`,
        tag: 'Device events',
        summary: 'One of these events.',
        permission: 'devices:read',
        path: { device_event_id: 'Id of the event.' },
        answer: 'DeviceEventData',
        errors: [404],
      }),
      async (request) => deviceEventBody(await getDeviceEvent(domain, request.actor, request.params.device_event_id)),
    );
  }
}
