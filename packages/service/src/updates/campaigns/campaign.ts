import {
  type FilterFields,
  type ListQuery,
  parseTime,
  type UpdateCampaignPostRequest,
  type UpdateCampaignPutRequest,
} from '@mooring/rest';
import { newId } from '../../accounts/ids.ts';
import { audit } from '../../audit/records.ts';
import { invalidFields } from '../../http/validation.ts';
import { type FieldRule, type Page, pageOf } from '../../lists/page.ts';
import { changeTime } from '../../registry/devices/device.ts';
import { getDeviceGroup } from '../../registry/groups/device-group.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';
import { updateErrors } from '../errors.ts';
import { checkUpdateRoom } from '../limit.ts';
import { getFirmwareManifest } from '../manifests/manifest.ts';
import { type CampaignCourse, type CampaignEvent, campaignAfter } from './campaign-machine.ts';
import { parseDeviceFilter } from './device-filter.ts';
import { pausesOf, type Wave } from './waves.ts';

export type Campaign = Row<'update_campaigns'>;

export const campaignFilters: FilterFields = {
  id: 'string',
  name: 'string',
  description: 'string',
  device_filter: 'string',
  root_manifest_id: 'string',
  state: 'string',
  phase: 'string',
  campaign_strategy: 'string',
  when: 'time',
  started_at: 'time',
  finished: 'time',
  created_at: 'time',
  updated_at: 'time',
  etag: 'time',
};

const rules: Readonly<Record<string, FieldRule>> = {
  id: 'id',
  name: 'name',
  description: 'description',
  device_filter: 'device_filter',
  root_manifest_id: 'root_manifest_id',
  state: 'state',
  phase: 'phase',
  campaign_strategy: 'strategy',
  when: 'start_at',
  started_at: 'started_at',
  finished: 'stopped_at',
  created_at: 'created_at',
  updated_at: 'updated_at',
  etag: 'updated_at',
};

const subject = (id: string) => ({ subjectKind: 'update-campaign', subjectId: id });

export const wavesOf = ({ waves_json }: Pick<Campaign, 'waves_json'>): Wave[] =>
  waves_json === null ? [] : (JSON.parse(waves_json) as Wave[]);

export const courseOf = (campaign: Campaign): CampaignCourse => ({ ...campaign, pauses: pausesOf(wavesOf(campaign)) });

export const totalOf = (campaign: Campaign): number =>
  campaign.pending_count + campaign.success_count + campaign.failed_count + campaign.skipped_count;

export function listCampaigns(domain: Domain, actor: Actor, query: ListQuery): Promise<Page<Campaign>> {
  return pageOf(domain, 'update_campaigns', actor.accountId, query, rules);
}

/** @throws MooringError `campaign.not.found` */
export async function getCampaign(domain: Domain, actor: Pick<Actor, 'accountId'>, id: string): Promise<Campaign> {
  const row = await domain.storage.db
    .selectFrom('update_campaigns')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  throw updateErrors('campaign.not.found', {
    message: `There is no update campaign with the id ${id}.`,
    next: 'List the update campaigns for their ids.',
  });
}

/** Columns of what a body gives. */
type Given = Partial<
  Pick<
    Campaign,
    | 'name'
    | 'description'
    | 'device_filter'
    | 'root_manifest_id'
    | 'strategy'
    | 'start_at'
    | 'approval_required'
    | 'autostop'
    | 'autostop_percent'
    | 'failure_percent'
    | 'waves_json'
  >
>;

function startAt(text: string | null): number | null {
  if (text === null || text === '') return null;
  const time = parseTime(text);
  if (time) return time.getTime();
  throw invalidFields([{ name: 'when', message: 'Has to be a time such as 2018-02-13T09:35:20Z.' }]);
}

function checkWaves(waves: readonly Wave[]): void {
  let sum = 0;
  waves.forEach(({ percent, group_id }, index) => {
    if ((percent === undefined) === (group_id === undefined)) {
      throw invalidFields([{ name: `waves.${index}`, message: 'Has to have either percent or group_id.' }]);
    }
    sum += percent ?? 0;
  });
  if (sum > 100) throw invalidFields([{ name: 'waves', message: `Their percentages are ${sum} together.` }]);
}

async function given(domain: Domain, actor: Actor, input: UpdateCampaignPutRequest): Promise<Given> {
  const { waves } = input;
  if (input.device_filter !== undefined) parseDeviceFilter(input.device_filter);
  if (waves) {
    checkWaves(waves);
    for (const { group_id } of waves) {
      if (group_id === undefined) continue;
      await getDeviceGroup(domain, actor, group_id);
    }
  }
  if (input.root_manifest_id) {
    await getFirmwareManifest(domain, actor, input.root_manifest_id).catch(() => {
      const message = `There is no update manifest with the id ${input.root_manifest_id}.`;
      throw invalidFields([{ name: 'root_manifest_id', message }]);
    });
  }
  return {
    ...(input.name === undefined ? {} : { name: input.name || 'default_object_name' }),
    ...(input.description === undefined ? {} : { description: input.description || null }),
    ...(input.device_filter === undefined ? {} : { device_filter: input.device_filter }),
    ...(input.root_manifest_id === undefined ? {} : { root_manifest_id: input.root_manifest_id || null }),
    ...(input.campaign_strategy === undefined ? {} : { strategy: input.campaign_strategy }),
    ...(input.when === undefined ? {} : { start_at: startAt(input.when) }),
    ...(input.approval_required == null ? {} : { approval_required: input.approval_required ? 1 : 0 }),
    ...(input.autostop == null ? {} : { autostop: input.autostop ? 1 : 0 }),
    ...(input.autostop_success_percent == null ? {} : { autostop_percent: input.autostop_success_percent }),
    ...(input.stop_on_failure_percent === undefined ? {} : { failure_percent: input.stop_on_failure_percent }),
    ...(waves === undefined ? {} : { waves_json: waves === null || waves.length === 0 ? null : JSON.stringify(waves) }),
  };
}

/** @throws MooringError `campaign.invalid`, `request.invalid`, `update.limit` */
export async function createCampaign(
  domain: Domain,
  actor: Actor,
  { state, ...input }: UpdateCampaignPostRequest,
): Promise<Campaign> {
  return domain.storage.transaction(async (db) => {
    const columns = await given(domain, actor, input);
    await checkUpdateRoom(domain, 'update_campaigns', actor.accountId);
    const now = changeTime(domain);
    const row: Campaign = {
      id: newId(domain.clock),
      account_id: actor.accountId,
      name: 'default_object_name',
      description: null,
      device_filter: input.device_filter,
      root_manifest_id: null,
      strategy: 'one-shot',
      state: 'draft',
      phase: 'draft',
      start_at: null,
      approval_required: 0,
      approved_at: null,
      autostop: 1,
      autostop_percent: 100,
      failure_percent: null,
      stop_reason: null,
      waves_json: null,
      wave: 0,
      wave_at: null,
      pending_count: 0,
      success_count: 0,
      failed_count: 0,
      skipped_count: 0,
      started_at: null,
      starting_at: null,
      active_at: null,
      stopping_at: null,
      stopped_at: null,
      archived_at: null,
      created_at: now,
      updated_at: now,
      ...columns,
    };
    await db.insertInto('update_campaigns').values(row).execute();
    await audit(domain, actor, { action: 'update-campaign.created', ...subject(row.id), detail: { name: row.name } });
    return state === 'scheduled' ? actOnCampaign(domain, actor, row.id, 'start') : row;
  });
}

/** Columns of a course. */
const courseColumns = [
  'state',
  'phase',
  'start_at',
  'approved_at',
  'stop_reason',
  'wave',
  'wave_at',
  'started_at',
  'starting_at',
  'active_at',
  'stopping_at',
  'stopped_at',
  'archived_at',
] as const satisfies (keyof CampaignCourse & keyof Campaign)[];

/** Persists where a campaign has come to. To be called in the transaction in which it was read. */
export async function storeCourse(domain: Domain, before: Campaign, course: CampaignCourse): Promise<Campaign> {
  const columns = Object.fromEntries(
    courseColumns.filter((name) => course[name] !== before[name]).map((name) => [name, course[name]]),
  ) as Partial<Campaign>;
  if (Object.keys(columns).length === 0) return before;
  const changed = { ...columns, updated_at: changeTime(domain, before.updated_at) };
  await domain.storage.db.updateTable('update_campaigns').set(changed).where('id', '=', before.id).execute();
  return { ...before, ...changed };
}

const actions = {
  start: 'started',
  stop: 'stopped',
  approve: 'approved',
  archive: 'archived',
} as const;

export type CampaignAction = keyof typeof actions;

/** Starts, stops, approves or archives. @throws MooringError `campaign.not.found`, `campaign.phase`, `campaign.invalid` */
export async function actOnCampaign(
  domain: Domain,
  actor: Actor,
  id: string,
  action: CampaignAction,
): Promise<Campaign> {
  return domain.storage.transaction(async () => {
    const before = await getCampaign(domain, actor, id);
    if (action === 'start' && before.phase === 'draft' && before.root_manifest_id === null) {
      throw updateErrors('campaign.invalid', {
        message: 'The campaign has no manifest to send.',
        next: 'Give it a root_manifest_id.',
        data: { fields: [{ name: 'root_manifest_id', message: 'Is required to start.' }] },
      });
    }
    const event: CampaignEvent = { kind: action, at: domain.clock.now().getTime() };
    const outcome = campaignAfter(courseOf(before), event);
    if ('refused' in outcome) {
      throw updateErrors('campaign.phase', {
        message: `The campaign is in the phase ${before.phase}. ${outcome.refused}`,
        next: 'Look at its phase.',
        data: { phase: before.phase },
      });
    }
    await audit(domain, actor, { action: `update-campaign.${actions[action]}`, ...subject(id) });
    return storeCourse(domain, before, outcome.course);
  });
}

/** What a PUT of a state asks for: old clients start and stop so. */
function actionOf(state: Campaign['state'] | undefined, { phase }: Campaign): CampaignAction | undefined {
  if (state === 'scheduled') return phase === 'draft' ? 'start' : undefined;
  const stops = state === 'draft' || state === 'stopping' || state === 'userstopped';
  const runs = ['awaiting_approval', 'timed', 'starting', 'active'].includes(phase);
  return stops && runs ? 'stop' : undefined;
}

/** What may be changed at any time. */
const loose: ReadonlySet<string> = new Set(['name', 'description']);

/**
 * Changes what is given and keeps the rest. Once it was started, a campaign keeps all but its name and description.
 *
 * @throws MooringError `campaign.not.found`, `campaign.fixed`, `campaign.phase`, `campaign.invalid`, `request.invalid`
 */
export async function updateCampaign(
  domain: Domain,
  actor: Actor,
  id: string,
  { state, ...input }: UpdateCampaignPutRequest,
): Promise<Campaign> {
  return domain.storage.transaction(async (db) => {
    const before = await getCampaign(domain, actor, id);
    const columns = await given(domain, actor, input);
    const changed = Object.entries(columns).filter(([name, value]) => value !== before[name as keyof Campaign]);
    const names = changed.map(([name]) => name);
    const fixed = names.find((name) => !loose.has(name));
    if (before.phase !== 'draft' && fixed !== undefined) {
      throw updateErrors('campaign.fixed', {
        message: `The campaign is in the phase ${before.phase}; its ${fixed} cannot be changed any more.`,
        next: 'Make another campaign.',
      });
    }
    if (changed.length > 0) {
      await db
        .updateTable('update_campaigns')
        .set({
          ...(Object.fromEntries(changed) as Given),
          // What was approved is what it was then.
          ...(fixed === undefined ? {} : { approved_at: null }),
          updated_at: changeTime(domain, before.updated_at),
        })
        .where('id', '=', id)
        .execute();
      await audit(domain, actor, { action: 'update-campaign.updated', ...subject(id), detail: { fields: names } });
    }
    const action = actionOf(state, before);
    return action === undefined ? getCampaign(domain, actor, id) : actOnCampaign(domain, actor, id, action);
  });
}

/** @throws MooringError `campaign.not.found`, `campaign.phase` */
export async function deleteCampaign(domain: Domain, actor: Actor, id: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const { phase, name } = await getCampaign(domain, actor, id);
    if (phase !== 'draft' && phase !== 'stopped' && phase !== 'archived') {
      throw updateErrors('campaign.phase', {
        message: `The campaign is in the phase ${phase}; only one that has stopped can be deleted.`,
        next: 'Stop it first.',
        data: { phase },
      });
    }
    await db.deleteFrom('update_campaigns').where('id', '=', id).execute();
    await audit(domain, actor, { action: 'update-campaign.deleted', ...subject(id), detail: { name } });
  });
}
