import type { DeviceGroupReq, FilterFields, ListQuery } from '@mooring/rest';
import { newId } from '../../accounts/ids.ts';
import { audit } from '../../audit/records.ts';
import { type FieldRule, type Page, pageOf } from '../../lists/page.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import { isUniqueViolation } from '../../storage/index.ts';
import type { Row } from '../../storage/schema.ts';
import { attributeCondition, attributesOf, replaceAttributes, sameAttributes } from '../attributes.ts';
import { changeTime } from '../devices/device.ts';
import { registryErrors } from '../errors.ts';
import { checkRoom } from '../limit.ts';

export interface DeviceGroup extends Row<'device_groups'> {
  readonly customAttributes: Readonly<Record<string, string>>;
}

export const deviceGroupFilters: FilterFields = {
  id: 'string',
  name: 'string',
  description: 'string',
  devices_count: 'integer',
  custom_attributes: 'map',
  created_at: 'time',
  updated_at: 'time',
  etag: 'time',
};

const rulesOf = (accountId: string): Readonly<Record<string, FieldRule>> => ({
  id: 'id',
  name: 'name',
  description: 'description',
  devices_count: 'devices_count',
  created_at: 'created_at',
  updated_at: 'updated_at',
  etag: 'updated_at',
  custom_attributes: (filter) => attributeCondition('device_group_attributes', 'device_groups', accountId, filter),
});

const subject = (id: string) => ({ subjectKind: 'device-group', subjectId: id });

async function withAttributes(domain: Domain, rows: readonly Row<'device_groups'>[]): Promise<DeviceGroup[]> {
  const attributes = await attributesOf(
    domain,
    'device_group_attributes',
    rows.map(({ id }) => id),
  );
  return rows.map((row) => ({ ...row, customAttributes: attributes.get(row.id) ?? {} }));
}

export async function listDeviceGroups(domain: Domain, actor: Actor, query: ListQuery): Promise<Page<DeviceGroup>> {
  const page = await pageOf(domain, 'device_groups', actor.accountId, query, rulesOf(actor.accountId));
  return { ...page, items: await withAttributes(domain, page.items) };
}

/** @throws MooringError `device.group.not.found` */
export async function getDeviceGroup(domain: Domain, actor: Actor, id: string): Promise<DeviceGroup> {
  const rows = await domain.storage.db
    .selectFrom('device_groups')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .execute();
  const [group] = await withAttributes(domain, rows);
  if (group) return group;
  throw registryErrors('device.group.not.found', {
    message: `There is no device group with the id ${id}.`,
    next: 'List the device groups for their ids.',
  });
}

async function uniqueName<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw registryErrors('device.group.name.taken', {
      message: `There is a device group named "${name}" already.`,
      next: 'Choose another name.',
      data: { fields: [{ name: 'name', message: 'Is taken.' }] },
    });
  }
}

/** A name for a group that was given none. */
const namelessGroup = (id: string): string => `group ${id}`;

/** @throws MooringError `device.group.name.taken`, `directory.limit` */
export async function createDeviceGroup(domain: Domain, actor: Actor, input: DeviceGroupReq): Promise<DeviceGroup> {
  const id = newId(domain.clock);
  const name = input.name ?? namelessGroup(id);
  return uniqueName(name, () =>
    domain.storage.transaction(async (db) => {
      await checkRoom(domain, 'device_groups', actor.accountId);
      const now = changeTime(domain);
      const row: Row<'device_groups'> = {
        id,
        account_id: actor.accountId,
        name,
        description: input.description || null,
        devices_count: 0,
        created_at: now,
        updated_at: now,
      };
      await db.insertInto('device_groups').values(row).execute();
      await replaceAttributes(domain, 'device_group_attributes', row, input.custom_attributes ?? {});
      await audit(domain, actor, { action: 'device-group.created', ...subject(id), detail: { name } });
      return getDeviceGroup(domain, actor, id);
    }),
  );
}

/**
 * Changes what is given and keeps the rest.
 *
 * @throws MooringError `device.group.not.found`, `device.group.name.taken`
 */
export async function updateDeviceGroup(
  domain: Domain,
  actor: Actor,
  id: string,
  input: DeviceGroupReq,
): Promise<DeviceGroup> {
  return uniqueName(input.name ?? '', () =>
    domain.storage.transaction(async (db) => {
      const before = await getDeviceGroup(domain, actor, id);
      const name = input.name ?? before.name;
      const description = input.description === undefined ? before.description : input.description || null;
      const attributes =
        input.custom_attributes === undefined ? before.customAttributes : (input.custom_attributes ?? {});
      const fields = [
        ...(name === before.name ? [] : ['name']),
        ...(description === before.description ? [] : ['description']),
        ...(sameAttributes(attributes, before.customAttributes) ? [] : ['custom_attributes']),
      ];
      if (fields.length === 0) return before;
      if (fields.includes('custom_attributes')) {
        await replaceAttributes(domain, 'device_group_attributes', before, attributes);
      }
      await db
        .updateTable('device_groups')
        .set({ name, description, updated_at: changeTime(domain, before.updated_at) })
        .where('id', '=', id)
        .execute();
      await audit(domain, actor, { action: 'device-group.updated', ...subject(id), detail: { fields } });
      return getDeviceGroup(domain, actor, id);
    }),
  );
}

/** Deletes a group; its devices stay. @throws MooringError `device.group.not.found` */
export async function deleteDeviceGroup(domain: Domain, actor: Actor, id: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const { name } = await getDeviceGroup(domain, actor, id);
    await db.deleteFrom('device_groups').where('id', '=', id).execute();
    await audit(domain, actor, { action: 'device-group.deleted', ...subject(id), detail: { name } });
  });
}
