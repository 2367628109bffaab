import { type Static, Type } from 'typebox';
import { FineTime, Id, Line, Nullable, OneOf, Prose, TimeEtag } from './fields.ts';

/** What the old service calls deprecated and every client reads. */
export const campaignStates = [
  'draft',
  'scheduled',
  'allocatingquota',
  'allocatedquota',
  'quotaallocationfailed',
  'checkingmanifest',
  'checkedmanifest',
  'devicefetch',
  'devicecopy',
  'devicecheck',
  'publishing',
  'deploying',
  'deployed',
  'manifestremoved',
  'expired',
  'stopping',
  'autostopped',
  'userstopped',
  'conflict',
] as const;

export const campaignPhases = [
  'draft',
  'awaiting_approval',
  'timed',
  'starting',
  'active',
  'stopping',
  'stopped',
  'deleted',
  'archived',
] as const;

const name = Line('Name; it need not be unique.', 128);
const description = Prose('Description.', 2000);
const deviceFilter = Type.String({
  maxLength: 4000,
  description: 'Which devices: the filter language of the device list, `device_class__eq=…&state__eq=registered`.',
});
const manifestId = Id('The manifest that is sent.');
const autostopPercent = Type.Number({
  minimum: 0,
  maximum: 100,
  description: 'Share of the devices, in percent, whose success ends the campaign.',
});
const percent = (description: string) => Type.Number({ exclusiveMinimum: 0, maximum: 100, description });
const when = Nullable(
  Type.String({ maxLength: 40, description: 'When it starts, if that is to be later than it was asked to.' }),
);
const campaignStrategy = OneOf(
  ['one-shot', 'continuous'],
  'Whether devices that match later join: `one-shot` has those of its start.',
);

const Wave = Type.Object({
  percent: Type.Optional(percent('Share of all devices of the start, in percent.')),
  group_id: Type.Optional(Line('The devices of this group that are in no wave before.', 64)),
  pause_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 31_536_000,
      description: 'From the start of this wave to that of the next. 0 if absent.',
    }),
  ),
});
export type Wave = Static<typeof Wave>;

const waves = Type.Array(Wave, {
  maxItems: 100,
  description:
    'Devices in this order; each wave has either `percent` or `group_id`. Those in none come last, after the pause of the last. Beyond the old service.',
});
const stopOnFailure = percent(
  'Share of the devices of the waves so far, in percent, whose failure stops the campaign. Beyond the old service.',
);

const changeable = {
  name: Type.Optional(name),
  description: Type.Optional(Nullable(description)),
  root_manifest_id: Type.Optional(Nullable(manifestId)),
  approval_required: Type.Optional(
    Nullable(Type.Boolean({ description: 'Someone has to approve it before it starts.' })),
  ),
  autostop: Type.Optional(Nullable(Type.Boolean({ description: 'Whether it ends by itself.' }))),
  autostop_success_percent: Type.Optional(Nullable(autostopPercent)),
  campaign_strategy: Type.Optional(campaignStrategy),
  when: Type.Optional(when),
  waves: Type.Optional(Nullable(waves)),
  stop_on_failure_percent: Type.Optional(Nullable(stopOnFailure)),
};

export const UpdateCampaignPostRequest = Type.Object(
  {
    ...changeable,
    device_filter: deviceFilter,
    state: Type.Optional(OneOf(['draft', 'scheduled'], '`scheduled` starts it at once.')),
  },
  { $id: 'UpdateCampaignPostRequest' },
);
export type UpdateCampaignPostRequest = Static<typeof UpdateCampaignPostRequest>;

export const UpdateCampaignPutRequest = Type.Object(
  {
    ...changeable,
    device_filter: Type.Optional(deviceFilter),
    state: Type.Optional(
      OneOf(campaignStates, '`scheduled` starts a draft; `draft` or `stopping` stops one that runs.'),
    ),
  },
  { $id: 'UpdateCampaignPutRequest', description: 'What is not given stays.' },
);
export type UpdateCampaignPutRequest = Static<typeof UpdateCampaignPutRequest>;

export const UpdateCampaign = Type.Object(
  {
    object: Type.String({ description: 'Always `update-campaign`.' }),
    id: Id('The campaign.'),
    etag: TimeEtag(),
    name,
    description,
    campaign_strategy: campaignStrategy,
    device_filter: deviceFilter,
    root_manifest_id: Nullable(manifestId),
    root_manifest_url: Type.String({ description: 'Where the manifest can be read; empty if there is none yet.' }),
    state: OneOf(campaignStates, 'As old clients know it; `phase` says it better.'),
    phase: OneOf(campaignPhases, 'Where it is.'),
    when,
    approval_required: Type.Boolean({ description: 'Someone has to approve it before it starts.' }),
    approved_at: Nullable(FineTime('When it was approved. Beyond the old service.')),
    autostop: Type.Boolean({ description: 'Whether it ends by itself.' }),
    autostop_success_percent: autostopPercent,
    autostop_reason: Type.String({ description: 'Why it did not start, or why it ended by itself.' }),
    waves: Nullable(waves),
    wave: Nullable(Type.Integer({ description: 'The wave that has begun last, from 1. Beyond the old service.' })),
    next_wave_at: Nullable(FineTime('When the next wave begins. Beyond the old service.')),
    stop_on_failure_percent: Nullable(stopOnFailure),
    started_at: Nullable(FineTime('When it was told to start.')),
    starting_at: Nullable(FineTime('When it began to.')),
    active_at: Nullable(FineTime('When the first device was to have its manifest.')),
    stopping_at: Nullable(FineTime('When it began to stop.')),
    stopped_at: Nullable(FineTime('When it had stopped.')),
    finished: Nullable(FineTime('When it had stopped.')),
    archived_at: Nullable(FineTime('When it was archived.')),
    created_at: FineTime('Creation.'),
    updated_at: FineTime('Last change.'),
  },
  { $id: 'UpdateCampaign' },
);
export type UpdateCampaign = Static<typeof UpdateCampaign>;

export const CampaignDeviceMetadata = Type.Object(
  {
    object: Type.String({ description: 'Always `update-campaign-device-metadata`.' }),
    id: Id('This record.'),
    etag: TimeEtag(),
    campaign: Id('The campaign.'),
    device_id: Type.String({ description: 'The device.' }),
    name,
    description,
    deployment_state: OneOf(
      [
        'pending',
        'updated_connector_channel',
        'failed_connector_channel_update',
        'deployed',
        'manifestremoved',
        'deregistered',
      ],
      'How far the device is: `updated_connector_channel` has the manifest, `deployed` is done.',
    ),
    mechanism: Type.String({ description: 'Always `connector`.' }),
    mechanism_url: Type.String({ description: 'Always empty.' }),
    status: OneOf(['success', 'fail', 'skipped', 'info'], 'Where the statistics count it. Beyond the old service.'),
    reason: Type.String({ description: 'Why it is not done, in a sentence; empty if it is. Beyond the old service.' }),
    reason_code: Type.String({ description: 'The same in a word that stays. Beyond the old service.' }),
    wave: Nullable(Type.Integer({ description: 'Its wave, from 1. Beyond the old service.' })),
    created_at: FineTime('Creation.'),
    updated_at: FineTime('Last change.'),
  },
  { $id: 'CampaignDeviceMetadata' },
);
export type CampaignDeviceMetadata = Static<typeof CampaignDeviceMetadata>;

const count = (description: string) => Type.Integer({ description, minimum: 0 });

export const CampaignMetrics = Type.Object(
  {
    object: Type.String({ description: 'Always `update-campaign-metrics`.' }),
    total_count: count('Devices of the campaign.'),
    success_count: count('Updated.'),
    failed_count: count('Failed.'),
    skipped_count: count('Not for this update.'),
    pending_count: count('All others.'),
    created_at: FineTime('Of these numbers.'),
  },
  { $id: 'CampaignMetrics' },
);
export type CampaignMetrics = Static<typeof CampaignMetrics>;

const summaryId = OneOf(
  ['fail', 'success', 'info', 'skipped'],
  'Every device is in one of these; `info` are those that are pending.',
);
const summaryStatus = OneOf(['FAIL', 'SUCCESS', 'INFO', 'SKIPPED'], 'The same in capitals.');

export const EventTypeSummary = Type.Object(
  {
    object: Type.String({ description: 'Always `summary_status`.' }),
    id: summaryId,
    campaign_id: Id('The campaign.'),
    summary_status: summaryStatus,
    count: count('Devices.'),
    created_at: FineTime('Of these numbers.'),
  },
  { $id: 'EventTypeSummary' },
);
export type EventTypeSummary = Static<typeof EventTypeSummary>;

export const EventType = Type.Object(
  {
    object: Type.String({ description: 'Always `event-type`.' }),
    id: Type.String({ description: 'The event type in small letters.' }),
    campaign_id: Id('The campaign.'),
    event_type: Type.String({ description: 'What was heard of the devices last: `UPD4_FAIL_101`.' }),
    description: Type.String({ description: 'The same in words.' }),
    summary_status: summaryStatus,
    summary_status_id: summaryId,
    count: count('Devices.'),
    created_at: FineTime('Of these numbers.'),
  },
  { $id: 'EventType' },
);
export type EventType = Static<typeof EventType>;
