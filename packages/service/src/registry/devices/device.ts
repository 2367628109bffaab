import type { ListQuery } from '@mooring/rest';
import { type RawBuilder, sql } from 'kysely';
import { type Page, pageOf, pageQueries, wholeList } from '../../lists/page.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';
import { attributesOf } from '../attributes.ts';
import { registryErrors } from '../errors.ts';
import { deviceRules } from './filters.ts';

export type DeviceRow = Row<'devices'>;

/** A device of the directory. */
export interface Device extends DeviceRow {
  readonly customAttributes: Readonly<Record<string, string>>;
  /** Ids of the device groups that it is in. */
  readonly groups: readonly string[];
}

/** The time of a change: now, but always later than the change before, because it is the etag as well. */
export const changeTime = (domain: Domain, before = 0): number => Math.max(domain.clock.now().getTime(), before + 1);

async function groupsOf(domain: Domain, ids: readonly string[]): Promise<ReadonlyMap<string, string[]>> {
  const groups = new Map<string, string[]>();
  if (ids.length === 0) return groups;
  const rows = await domain.storage.db
    .selectFrom('device_group_members')
    .select(['device_id', 'group_id'])
    .where('device_id', 'in', ids)
    .orderBy('group_id')
    .execute();
  for (const { device_id, group_id } of rows) {
    const of = groups.get(device_id);
    if (of) of.push(group_id);
    else groups.set(device_id, [group_id]);
  }
  return groups;
}

async function devicesOf(domain: Domain, rows: readonly DeviceRow[]): Promise<Device[]> {
  const ids = rows.map(({ id }) => id);
  const attributes = await attributesOf(domain, 'device_attributes', ids);
  const groups = await groupsOf(domain, ids);
  return rows.map((row) => ({
    ...row,
    customAttributes: attributes.get(row.id) ?? {},
    groups: groups.get(row.id) ?? [],
  }));
}

/** @param conditions that hold besides the filters of the query */
export async function listDevices(
  domain: Domain,
  actor: Pick<Actor, 'accountId'>,
  query: ListQuery = wholeList,
  conditions: readonly RawBuilder<boolean>[] = [],
): Promise<Page<Device>> {
  const { accountId } = actor;
  const page = await pageOf(domain, 'devices', accountId, query, deviceRules(accountId), conditions);
  return { ...page, items: await devicesOf(domain, page.items) };
}

/** Ids of the devices that match a query, all or those of a page of it, and nothing else of them. */
export async function matchingDevices(
  domain: Domain,
  accountId: string,
  query: ListQuery,
  conditions: readonly RawBuilder<boolean>[] = [],
): Promise<string[]> {
  const rules = deviceRules(accountId);
  const { matching } = pageQueries(domain.storage.db, { table: 'devices', accountId, query, rules, conditions });
  let ids = matching.select('id').orderBy('id');
  if (query.after !== null) ids = ids.where('id', '>', query.after);
  if (query.limit < Number.MAX_SAFE_INTEGER) ids = ids.limit(query.limit);
  return ((await ids.execute()) as { id: string }[]).map(({ id }) => id);
}

/** The devices that are in a group, for `listDevices`. */
export const inGroup = (groupId: string): RawBuilder<boolean> =>
  sql<boolean>`devices.id in (select device_id from device_group_members where group_id = ${groupId})`;

/** @throws MooringError `device.not.found` */
export async function findDevice(domain: Domain, accountId: string, id: string): Promise<DeviceRow> {
  const row = await domain.storage.db
    .selectFrom('devices')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  throw registryErrors('device.not.found', {
    message: `There is no device with the id ${id}.`,
    next: 'List the devices for their ids.',
  });
}

/** @throws MooringError `device.not.found` */
export async function getDevice(domain: Domain, actor: Pick<Actor, 'accountId'>, id: string): Promise<Device> {
  const [device] = await devicesOf(domain, [await findDevice(domain, actor.accountId, id)]);
  return device as Device;
}
