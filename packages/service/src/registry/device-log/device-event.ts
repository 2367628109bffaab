import type { ListQuery } from '@mooring/rest';
import { newId } from '../../accounts/ids.ts';
import { type FieldRule, type Page, pageOf } from '../../lists/page.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import { prepared } from '../../storage/prepared.ts';
import type { Row } from '../../storage/schema.ts';
import { registryErrors } from '../errors.ts';

export type DeviceEventStatus = Row<'device_events'>['status'];

/** Something that happened to a device. */
export interface DeviceEventInput {
  /** Of the old service `update.device.device-created` and `…-updated`; the update service has many more. */
  type: string;
  /** INFO if absent. */
  status?: DeviceEventStatus;
  category?: string;
  /** A sentence. */
  description: string;
  stateChange?: boolean;
  data?: Readonly<Record<string, string>>;
}

/** The types of events that the directory itself records. */
export const directoryEvents = {
  created: 'update.device.device-created',
  updated: 'update.device.device-updated',
  deleted: 'update.device.device-deleted',
} as const;

const insertEvent = prepared<Row<'device_events'>, unknown>((db, value) =>
  db.insertInto('device_events').values({
    id: value('id'),
    account_id: value('account_id'),
    device_id: value('device_id'),
    event_type: value('event_type'),
    status: value('status'),
    category: value('category'),
    description: value('description'),
    state_change: value('state_change'),
    data_json: value('data_json'),
    at: value('at'),
  }),
);

/** Writes an event into the log of a device. To be called in the transaction of what happened. */
export async function recordDeviceEvent(
  domain: Domain,
  device: Pick<Row<'devices'>, 'id' | 'account_id'>,
  event: DeviceEventInput,
): Promise<void> {
  await insertEvent(domain.storage.db, {
    id: newId(domain.clock),
    account_id: device.account_id,
    device_id: device.id,
    event_type: event.type,
    status: event.status ?? 'INFO',
    category: event.category ?? null,
    description: event.description,
    state_change: event.stateChange ? 1 : 0,
    data_json: JSON.stringify(event.data ?? {}),
    at: domain.clock.now().getTime(),
  });
}

const rules: Readonly<Record<string, FieldRule>> = {
  id: 'id',
  device_id: 'device_id',
  event_type: 'event_type',
  event_type_description: 'status',
  description: 'description',
  state_change: 'state_change',
  date_time: 'at',
  created_at: 'at',
};

export function listDeviceEvents(domain: Domain, actor: Actor, query: ListQuery): Promise<Page<Row<'device_events'>>> {
  return pageOf(domain, 'device_events', actor.accountId, query, rules);
}

/** @throws MooringError `device.event.not.found` */
export async function getDeviceEvent(domain: Domain, actor: Actor, id: string): Promise<Row<'device_events'>> {
  const row = await domain.storage.db
    .selectFrom('device_events')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  throw registryErrors('device.event.not.found', {
    message: `There is no device event with the id ${id}.`,
    next: 'List the device events for their ids.',
  });
}
