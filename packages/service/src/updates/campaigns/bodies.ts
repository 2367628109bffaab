import type {
  UpdateCampaign as CampaignBody,
  CampaignDeviceMetadata,
  CampaignMetrics,
  EventType,
  EventTypeSummary,
} from '@mooring/rest';
import { fineTimeText } from '../../http/time-text.ts';
import { type Campaign, totalOf, wavesOf } from './campaign.ts';
import { deploymentState } from './device-machine.ts';
import type { CampaignDeviceRow } from './device-rows.ts';
import { eventText, type SummaryId, summaryOf } from './event-codes.ts';
import type { Reason } from './reasons.ts';
import { type CountedEvent, eventTypeId, type Summary } from './statistics.ts';

const timeOrNull = (at: number | null): string | null => (at === null ? null : fineTimeText(at));

/** @param base how the caller has reached this service */
export const campaignBody = (campaign: Campaign, base: string): CampaignBody => ({
  object: 'update-campaign',
  id: campaign.id,
  etag: fineTimeText(campaign.updated_at),
  name: campaign.name,
  description: campaign.description ?? '',
  campaign_strategy: campaign.strategy,
  device_filter: campaign.device_filter,
  root_manifest_id: campaign.root_manifest_id,
  root_manifest_url:
    campaign.root_manifest_id === null ? '' : `${base}/v3/firmware-manifests/${campaign.root_manifest_id}`,
  state: campaign.state,
  phase: campaign.phase,
  when: timeOrNull(campaign.start_at),
  approval_required: campaign.approval_required === 1,
  approved_at: timeOrNull(campaign.approved_at),
  autostop: campaign.autostop === 1,
  autostop_success_percent: campaign.autostop_percent,
  autostop_reason: campaign.stop_reason ?? '',
  waves: campaign.waves_json === null ? null : wavesOf(campaign),
  wave: campaign.wave === 0 ? null : campaign.wave,
  next_wave_at: timeOrNull(campaign.wave_at),
  stop_on_failure_percent: campaign.failure_percent,
  started_at: timeOrNull(campaign.started_at),
  starting_at: timeOrNull(campaign.starting_at),
  active_at: timeOrNull(campaign.active_at),
  stopping_at: timeOrNull(campaign.stopping_at),
  stopped_at: timeOrNull(campaign.stopped_at),
  finished: timeOrNull(campaign.stopped_at),
  archived_at: timeOrNull(campaign.archived_at),
  created_at: fineTimeText(campaign.created_at),
  updated_at: fineTimeText(campaign.updated_at),
});

export const campaignDeviceBody = (
  row: CampaignDeviceRow,
  campaign: Campaign,
  reason: Reason,
): CampaignDeviceMetadata => ({
  object: 'update-campaign-device-metadata',
  id: row.id,
  etag: fineTimeText(row.updated_at),
  campaign: row.campaign_id,
  device_id: row.device_id,
  name: campaign.name,
  description: '',
  deployment_state: deploymentState(row),
  mechanism: 'connector',
  mechanism_url: '',
  status: summaryOf(row.status),
  reason: reason.text,
  reason_code: reason.code,
  wave: row.wave,
  created_at: fineTimeText(row.created_at),
  updated_at: fineTimeText(row.updated_at),
});

export const metricsBody = (campaign: Campaign, at: number): CampaignMetrics => ({
  object: 'update-campaign-metrics',
  total_count: totalOf(campaign),
  success_count: campaign.success_count,
  failed_count: campaign.failed_count,
  skipped_count: campaign.skipped_count,
  pending_count: campaign.pending_count,
  created_at: fineTimeText(at),
});

const capitals = (id: SummaryId) => id.toUpperCase() as EventTypeSummary['summary_status'];

export const summaryBody = (campaignId: string, { id, count }: Summary, at: number): EventTypeSummary => ({
  object: 'summary_status',
  id,
  campaign_id: campaignId,
  summary_status: capitals(id),
  count,
  created_at: fineTimeText(at),
});

export const eventTypeBody = (
  campaignId: string,
  summaryId: SummaryId,
  { eventType, count }: CountedEvent,
  at: number,
): EventType => ({
  object: 'event-type',
  id: eventTypeId(eventType),
  campaign_id: campaignId,
  event_type: eventType,
  description: eventText(eventType),
  summary_status: capitals(summaryId),
  summary_status_id: summaryId,
  count,
  created_at: fineTimeText(at),
});
