import {
  type DeviceQueryPostPutRequest,
  type DeviceQueryPutRequest,
  type FieldProblem,
  type FilterFields,
  type ListQuery,
  parseListQuery,
} from '@mooring/rest';
import { newId } from '../../accounts/ids.ts';
import { audit } from '../../audit/records.ts';
import { invalidFields } from '../../http/validation.ts';
import { type FieldRule, type Page, pageOf } from '../../lists/page.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';
import { changeTime } from '../devices/device.ts';
import { deviceFilters } from '../devices/filters.ts';
import { registryErrors } from '../errors.ts';
import { checkRoom } from '../limit.ts';

export type DeviceQuery = Row<'device_queries'>;

export const deviceQueryFilters: FilterFields = {
  id: 'string',
  name: 'string',
  query: 'string',
  created_at: 'time',
  updated_at: 'time',
  etag: 'time',
};

const rules: Readonly<Record<string, FieldRule>> = {
  id: 'id',
  name: 'name',
  query: 'query',
  created_at: 'created_at',
  updated_at: 'updated_at',
  etag: 'updated_at',
};

const subject = (id: string) => ({ subjectKind: 'device-query', subjectId: id });

export function listDeviceQueries(domain: Domain, actor: Actor, query: ListQuery): Promise<Page<DeviceQuery>> {
  return pageOf(domain, 'device_queries', actor.accountId, query, rules);
}

/** @throws MooringError `device.query.not.found` */
export async function getDeviceQuery(domain: Domain, actor: Actor, id: string): Promise<DeviceQuery> {
  const row = await domain.storage.db
    .selectFrom('device_queries')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  throw registryErrors('device.query.not.found', {
    message: `There is no device query with the id ${id}.`,
    next: 'List the device queries for their ids.',
  });
}

/**
 * A query that could not be applied would find too much when it is used.
 *
 * @throws MooringError `request.invalid`
 */
function checkQuery(query: string): void {
  const { problems } = parseListQuery(`filter=${encodeURIComponent(query)}`, deviceFilters);
  if (problems.length === 0) return;
  throw invalidFields(problems.map(({ message }): FieldProblem => ({ name: 'query', message })));
}

/** @throws MooringError `request.invalid`, `directory.limit` */
export async function createDeviceQuery(
  domain: Domain,
  actor: Actor,
  { name, query }: DeviceQueryPostPutRequest,
): Promise<DeviceQuery> {
  checkQuery(query);
  return domain.storage.transaction(async (db) => {
    await checkRoom(domain, 'device_queries', actor.accountId);
    const id = newId(domain.clock);
    const now = changeTime(domain);
    const row: DeviceQuery = { id, account_id: actor.accountId, name, query, created_at: now, updated_at: now };
    await db.insertInto('device_queries').values(row).execute();
    await audit(domain, actor, { action: 'device-query.created', ...subject(id), detail: { name, query } });
    return row;
  });
}

/** Changes what is given and keeps the rest. @throws MooringError `device.query.not.found`, `request.invalid` */
export async function updateDeviceQuery(
  domain: Domain,
  actor: Actor,
  id: string,
  changes: DeviceQueryPutRequest,
): Promise<DeviceQuery> {
  if (changes.query !== undefined) checkQuery(changes.query);
  return domain.storage.transaction(async (db) => {
    const before = await getDeviceQuery(domain, actor, id);
    const { name = before.name, query = before.query } = changes;
    if (before.name === name && before.query === query) return before;
    const after: DeviceQuery = { ...before, name, query, updated_at: changeTime(domain, before.updated_at) };
    await db
      .updateTable('device_queries')
      .set({ name, query, updated_at: after.updated_at })
      .where('id', '=', id)
      .execute();
    await audit(domain, actor, { action: 'device-query.updated', ...subject(id), detail: { name, query } });
    return after;
  });
}

/** @throws MooringError `device.query.not.found` */
export async function deleteDeviceQuery(domain: Domain, actor: Actor, id: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const { name } = await getDeviceQuery(domain, actor, id);
    await db.deleteFrom('device_queries').where('id', '=', id).execute();
    await audit(domain, actor, { action: 'device-query.deleted', ...subject(id), detail: { name } });
  });
}
