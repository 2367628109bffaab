import type { FilterFields, ListQuery } from '@mooring/rest';
import { sql } from 'kysely';
import { type Page, pageOf } from '../../lists/page.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import { updateErrors } from '../errors.ts';
import { type Campaign, getCampaign, totalOf } from './campaign.ts';
import type { CampaignDeviceRow } from './device-rows.ts';
import { type SummaryId, statusOfSummary, summaryIdList } from './event-codes.ts';

export const campaignDeviceFilters: FilterFields = {
  id: 'string',
  device_id: 'string',
  status: 'string',
};

const rules = {
  id: 'id',
  device_id: 'device_id',
  status: (filter: { op: string; values: readonly unknown[] }) => {
    const values = filter.values.map((value) => statusOfSummary(String(value) as SummaryId));
    const list = sql.join(values);
    return filter.op === 'eq' || filter.op === 'in'
      ? sql<boolean>`status in (${list})`
      : sql<boolean>`status not in (${list})`;
  },
};

/** @throws MooringError `campaign.not.found` */
export async function listCampaignDevices(
  domain: Domain,
  actor: Actor,
  campaignId: string,
  query: ListQuery,
): Promise<{ campaign: Campaign; page: Page<CampaignDeviceRow> }> {
  const campaign = await getCampaign(domain, actor, campaignId);
  const ofCampaign = sql<boolean>`campaign_id = ${campaignId}`;
  const page = await pageOf(domain, 'campaign_devices', actor.accountId, query, rules, [ofCampaign]);
  return { campaign, page };
}

/** @throws MooringError `campaign.not.found`, `campaign.device.not.found` */
export async function getCampaignDevice(
  domain: Domain,
  actor: Actor,
  campaignId: string,
  id: string,
): Promise<{ campaign: Campaign; row: CampaignDeviceRow }> {
  const campaign = await getCampaign(domain, actor, campaignId);
  const row = await domain.storage.db
    .selectFrom('campaign_devices')
    .selectAll()
    .where('campaign_id', '=', campaignId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return { campaign, row };
  throw updateErrors('campaign.device.not.found', {
    message: `The campaign has no record ${id} of a device.`,
    next: 'List its campaign-device-metadata.',
  });
}

/** @throws MooringError `campaign.not.found`, `campaign.not.started` */
export async function campaignMetrics(domain: Domain, actor: Actor, id: string): Promise<Campaign> {
  const campaign = await getCampaign(domain, actor, id);
  if (campaign.active_at !== null || totalOf(campaign) > 0 || campaign.phase === 'stopped') return campaign;
  throw updateErrors('campaign.not.started', {
    message: 'The campaign has no numbers yet: it was not started.',
    next: 'Start it.',
  });
}

const countOf = (campaign: Campaign, id: SummaryId): number =>
  ({
    fail: campaign.failed_count,
    success: campaign.success_count,
    info: campaign.pending_count,
    skipped: campaign.skipped_count,
  })[id];

export interface Summary {
  readonly id: SummaryId;
  readonly count: number;
}

/** @throws MooringError `campaign.not.found` */
export async function summaries(domain: Domain, actor: Actor, campaignId: string): Promise<Summary[]> {
  const campaign = await getCampaign(domain, actor, campaignId);
  return summaryIdList.map((id) => ({ id, count: countOf(campaign, id) }));
}

const unknownStatistic = (what: string) =>
  updateErrors('campaign.statistic.not.found', {
    message: `There is no statistic ${what}.`,
    next: `There are ${summaryIdList.join(', ')}.`,
  });

/** @throws MooringError `campaign.not.found`, `campaign.statistic.not.found` */
export async function summary(domain: Domain, actor: Actor, campaignId: string, id: string): Promise<Summary> {
  const found = (await summaries(domain, actor, campaignId)).find((one) => one.id === id);
  if (found) return found;
  throw unknownStatistic(id);
}

export interface CountedEvent {
  readonly eventType: string;
  readonly count: number;
}

/** How many devices of a kind had which event last. @throws MooringError `campaign.not.found`, `campaign.statistic.not.found` */
export async function countedEvents(
  domain: Domain,
  actor: Actor,
  campaignId: string,
  id: string,
): Promise<{ summaryId: SummaryId; events: CountedEvent[] }> {
  const { id: summaryId } = await summary(domain, actor, campaignId, id);
  const rows = await domain.storage.db
    .selectFrom('campaign_devices')
    .select(({ fn }) => ['event_type', fn.countAll<number | string>().as('count')])
    .where('campaign_id', '=', campaignId)
    .where('status', '=', statusOfSummary(summaryId))
    .groupBy('event_type')
    .orderBy('event_type')
    .execute();
  return { summaryId, events: rows.map(({ event_type, count }) => ({ eventType: event_type, count: Number(count) })) };
}

export const eventTypeId = (eventType: string): string => eventType.toLowerCase();

/** @throws MooringError `campaign.not.found`, `campaign.statistic.not.found` */
export async function countedEvent(
  domain: Domain,
  actor: Actor,
  campaignId: string,
  id: string,
  eventId: string,
): Promise<{ summaryId: SummaryId; event: CountedEvent }> {
  const { summaryId, events } = await countedEvents(domain, actor, campaignId, id);
  const event = events.find(({ eventType }) => eventTypeId(eventType) === eventId.toLowerCase());
  if (event) return { summaryId, event };
  throw unknownStatistic(eventId);
}
