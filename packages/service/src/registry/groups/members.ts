import { audit } from '../../audit/records.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import { changeTime, findDevice } from '../devices/device.ts';
import { getDeviceGroup } from './device-group.ts';

async function count(domain: Domain, group: { id: string; updated_at: number }, by: 1 | -1): Promise<void> {
  await domain.storage.db
    .updateTable('device_groups')
    .set(({ eb }) => ({
      devices_count: eb('devices_count', '+', by),
      updated_at: changeTime(domain, group.updated_at),
    }))
    .where('id', '=', group.id)
    .execute();
}

/** Puts a device into a group; one that is in it stays. @throws MooringError `device.group.not.found`, `device.not.found` */
export async function addToGroup(domain: Domain, actor: Actor, groupId: string, deviceId: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const group = await getDeviceGroup(domain, actor, groupId);
    await findDevice(domain, actor.accountId, deviceId);
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('device_group_members')
      .values({ account_id: actor.accountId, group_id: groupId, device_id: deviceId })
      .onConflict((conflict) => conflict.columns(['group_id', 'device_id']).doNothing())
      .executeTakeFirst();
    if (Number(numInsertedOrUpdatedRows ?? 0) === 0) return;
    await count(domain, group, 1);
    await audit(domain, actor, {
      action: 'device-group.device-added',
      subjectKind: 'device-group',
      subjectId: groupId,
      detail: { device: deviceId },
    });
  });
  domain.bus.tell({ kind: 'changed', accountId: actor.accountId, deviceId });
}

/** Takes a device out of a group; one that is not in it is no error. @throws MooringError as for adding */
export async function removeFromGroup(domain: Domain, actor: Actor, groupId: string, deviceId: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const group = await getDeviceGroup(domain, actor, groupId);
    await findDevice(domain, actor.accountId, deviceId);
    const { numDeletedRows } = await db
      .deleteFrom('device_group_members')
      .where('group_id', '=', groupId)
      .where('device_id', '=', deviceId)
      .executeTakeFirst();
    if (Number(numDeletedRows) === 0) return;
    await count(domain, group, -1);
    await audit(domain, actor, {
      action: 'device-group.device-removed',
      subjectKind: 'device-group',
      subjectId: groupId,
      detail: { device: deviceId },
    });
  });
  domain.bus.tell({ kind: 'changed', accountId: actor.accountId, deviceId });
}
