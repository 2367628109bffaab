import { newId } from '../../accounts/ids.ts';
import type { Domain } from '../../storage/context.ts';
import { type Campaign, wavesOf } from './campaign.ts';
import { filteredDevices } from './device-filter.ts';
import { newCampaignDevice } from './device-machine.ts';
import { assignWaves } from './waves.ts';

/** Rows of one transaction, so that others wait for milliseconds only. */
const batchSize = 2_000;
/** Rows of one statement: SQLite takes 32,766 values. */
const statementSize = 500;

async function membersOfGroups(domain: Domain, campaign: Campaign): Promise<Map<string, Set<string>>> {
  const groups = new Map<string, Set<string>>();
  for (const { group_id } of wavesOf(campaign)) {
    if (group_id === undefined || groups.has(group_id)) continue;
    const rows = await domain.storage.db
      .selectFrom('device_group_members')
      .select('device_id')
      .where('group_id', '=', group_id)
      .execute();
    groups.set(group_id, new Set(rows.map(({ device_id }) => device_id)));
  }
  return groups;
}

const rowOf = (domain: Domain, campaign: Campaign, deviceId: string, wave: number) => {
  const now = domain.clock.now().getTime();
  return {
    ...newCampaignDevice,
    id: newId(domain.clock),
    account_id: campaign.account_id,
    campaign_id: campaign.id,
    device_id: deviceId,
    wave,
    created_at: now,
    updated_at: now,
  };
};

/**
 * Writes a row for every device that the filter means now. What an interrupted planning has left is taken away first.
 *
 * @returns how many there are
 */
export async function planDevices(domain: Domain, campaign: Campaign): Promise<number> {
  const { storage } = domain;
  await storage.transaction(async (db) => {
    await db.deleteFrom('campaign_devices').where('campaign_id', '=', campaign.id).execute();
  });
  const ids = await filteredDevices(domain, campaign.account_id, campaign.device_filter);
  const groups = await membersOfGroups(domain, campaign);
  const waves = assignWaves(campaign.id, wavesOf(campaign), ids, (group) => groups.get(group) ?? new Set());
  for (let begin = 0; begin < ids.length; begin += batchSize) {
    const batch = ids.slice(begin, begin + batchSize);
    await storage.transaction(async (db) => {
      for (let at = 0; at < batch.length; at += statementSize) {
        const rows = batch.slice(at, at + statementSize).map((id) => rowOf(domain, campaign, id, waves.get(id) ?? 1));
        await db.insertInto('campaign_devices').values(rows).execute();
      }
    });
  }
  await storage.transaction(async (db) => {
    const counts = { pending_count: ids.length, success_count: 0, failed_count: 0, skipped_count: 0 };
    await db.updateTable('update_campaigns').set(counts).where('id', '=', campaign.id).execute();
  });
  return ids.length;
}

/**
 * A device joins a continuous campaign. It is in the wave of its group, where that has one, and else in the last.
 *
 * @returns false if it was in it already
 */
export async function joinCampaign(domain: Domain, campaign: Campaign, deviceId: string): Promise<boolean> {
  const waves = wavesOf(campaign);
  const groups = await membersOfGroups(domain, campaign);
  const own = waves.findIndex(({ group_id }) => group_id !== undefined && groups.get(group_id)?.has(deviceId));
  const wave = own >= 0 ? own + 1 : waves.length + 1;
  return domain.storage.grouped(async (db) => {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('campaign_devices')
      .values(rowOf(domain, campaign, deviceId, wave))
      .onConflict((conflict) => conflict.columns(['campaign_id', 'device_id']).doNothing())
      .executeTakeFirst();
    if (Number(numInsertedOrUpdatedRows ?? 0) === 0) return false;
    await db
      .updateTable('update_campaigns')
      .set(({ eb }) => ({ pending_count: eb('pending_count', '+', 1) }))
      .where('id', '=', campaign.id)
      .execute();
    return true;
  });
}
