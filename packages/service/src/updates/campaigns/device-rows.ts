import { sql } from 'kysely';
import { recordDeviceEvent } from '../../registry/index.ts';
import type { Domain } from '../../storage/context.ts';
import { prepared } from '../../storage/prepared.ts';
import type { Row } from '../../storage/schema.ts';
import { type CampaignDevice, type CampaignDeviceEvent, deviceAfter } from './device-machine.ts';
import { eventText } from './event-codes.ts';

export type CampaignDeviceRow = Row<'campaign_devices'>;

const selectRow = prepared<{ id: string }, CampaignDeviceRow>((db, value) =>
  db.selectFrom('campaign_devices').selectAll().where('id', '=', value('id')),
);

const columns = [
  'progress',
  'status',
  'event_type',
  'reason_code',
  'reason_detail',
  'attempts',
  'told_state',
  'before_result',
  'updated_at',
] as const satisfies (keyof CampaignDeviceRow)[];

const updateRow = prepared<Pick<CampaignDeviceRow, (typeof columns)[number] | 'id'>, unknown>((db, value) =>
  db
    .updateTable('campaign_devices')
    .set(Object.fromEntries(columns.map((name) => [name, value(name)])) as CampaignDevice)
    .where('id', '=', value('id')),
);

const countOf = {
  pending: 'pending_count',
  success: 'success_count',
  failed: 'failed_count',
  skipped: 'skipped_count',
} as const;

const moveCount = {
  success: countMove('success'),
  failed: countMove('failed'),
  skipped: countMove('skipped'),
} as const;

/** A device leaves those that are pending. */
function countMove(to: 'success' | 'failed' | 'skipped') {
  return prepared<{ id: string }, unknown>((db, value) =>
    db
      .updateTable('update_campaigns')
      .set({ pending_count: sql`pending_count - 1`, [countOf[to]]: sql`${sql.ref(countOf[to])} + 1` })
      .where('id', '=', value('id')),
  );
}

const logStatus = { success: 'SUCCESS', failed: 'FAIL', skipped: 'SKIPPED', pending: 'INFO' } as const;

/** What is no news for the log of a device: that nothing has happened yet. */
const silent: ReadonlySet<string> = new Set(['SYS_100', 'SYS_105', 'SYS_116']);

export interface Advanced {
  readonly before: CampaignDeviceRow;
  readonly after: CampaignDeviceRow;
}

/**
 * Takes a device in a campaign one event on: its row, the numbers of the campaign and the log of the device in one
 * transaction.
 *
 * @returns undefined if the row is gone, as that of a campaign that was deleted
 */
export async function advance(domain: Domain, id: string, event: CampaignDeviceEvent): Promise<Advanced | undefined> {
  return domain.storage.grouped(async (db) => {
    const [before] = await selectRow(db, { id });
    if (!before) return undefined;
    const course = deviceAfter(before, event);
    if (course === before) return { before, after: before };
    const after: CampaignDeviceRow = {
      ...before,
      ...course,
      updated_at: Math.max(domain.clock.now().getTime(), before.updated_at + 1),
    };
    await updateRow(db, after);
    if (after.status !== before.status && after.status !== 'pending') {
      await moveCount[after.status](db, { id: after.campaign_id });
    }
    if (after.event_type !== before.event_type && !silent.has(after.event_type)) {
      const device = { id: after.device_id, account_id: after.account_id };
      await recordDeviceEvent(domain, device, {
        type: after.event_type,
        status: logStatus[after.status],
        category: categoryOf(after),
        description: eventText(after.event_type),
        stateChange: after.status !== before.status,
        data: { campaign_id: after.campaign_id },
      });
    }
    return { before, after };
  });
}

function categoryOf({ status, event_type }: CampaignDevice): string {
  if (status !== 'failed') return logStatus[status];
  if (event_type.startsWith('SYS_')) return 'FAIL_SERVICE';
  const code = Number(/\d+$/.exec(event_type)?.[0]);
  return (code >= 200 && code < 300) || (code >= 21 && code <= 32) ? 'FAIL_MANIFEST_REJECTED' : 'FAIL_DEVICE';
}

/** A row that is not done, with what its campaign says of it. */
export interface OpenRow extends CampaignDeviceRow {
  readonly phase: Row<'update_campaigns'>['phase'];
  readonly open_wave: number;
  readonly root_manifest_id: string | null;
}

const selectOpen = prepared<{ device_id: string }, OpenRow>((db, value) =>
  db
    .selectFrom('campaign_devices')
    .innerJoin('update_campaigns', 'update_campaigns.id', 'campaign_devices.campaign_id')
    .selectAll('campaign_devices')
    .select(['update_campaigns.phase', 'update_campaigns.wave as open_wave', 'update_campaigns.root_manifest_id'])
    .where('campaign_devices.device_id', '=', value('device_id'))
    .where('campaign_devices.status', '=', sql.lit('pending'))
    .where('campaign_devices.progress', '!=', sql.lit('done'))
    .orderBy('campaign_devices.campaign_id'),
);

/** The rows of a device that are not done, the campaign that was made first first. */
export const openRowsOf = (domain: Domain, deviceId: string): Promise<OpenRow[]> =>
  selectOpen(domain.storage.db, { device_id: deviceId });
