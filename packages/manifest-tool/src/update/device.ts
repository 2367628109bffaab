import { isMooringError, type Timers } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { sdkAccess } from './access.ts';
import { sdkDialect } from './dialect.ts';
import { interruptedWith, leftText, UpdateJob } from './job.ts';
import type { Remains } from './left-on-service.ts';
import { namesOf, type UpdateNames } from './names.ts';
import { outcomes, type Report, reasonsOf, reportOf } from './outcome.ts';
import { type PreparedUpdate, prepareUpdate, requireFiles, step } from './prepare.ts';
import { pythonFilter } from './python-filter.ts';
import type { Campaign } from './service.ts';
import { type UpdateLog, updateLog } from './update-log.ts';
import { watched } from './watch.ts';

const command = 'manifest-tool update device';

/** States that end the waiting of 1.4.8; it would have waited for ever for a campaign that a newer service stopped. */
const endStates = new Set([
  'autostopped',
  'conflict',
  'expired',
  'manifestremoved',
  'quotaallocationfailed',
  'userstopped',
]);
const endPhases = new Set(['stopped', 'archived', 'deleted']);
const hasEnded = ({ state, phase }: Campaign) => endStates.has(state) || endPhases.has(phase ?? '');

const pollInterval = 1_000;

interface Result extends PreparedUpdate {
  campaign: { id: string; name: string; state: string };
  device: string;
  outcome: Report['outcome'];
  reasons: string[];
}

async function startedCampaign(
  job: UpdateJob,
  names: UpdateNames,
  manifestId: string,
  deviceId: string,
  log: UpdateLog,
): Promise<Campaign> {
  const campaign = await step('update.campaign.failed', 'Campaign creation failed with:', () =>
    job.service.createCampaign({
      device_filter: `id=${encodeURIComponent(deviceId)}`,
      name: names.campaign,
      root_manifest_id: manifestId,
    }),
  );
  job.made.add('campaign', campaign.id, names.campaign);
  log.info(`Campaign successfully created. Current state: '${campaign.state}'`);
  log.info(`Campaign successfully created. Filter result: ${pythonFilter(campaign.deviceFilter)}`);
  log.info('Starting the update campign...');
  await step('update.campaign.failed', 'Starting campaign failed with:', () => job.service.scheduleCampaign(campaign));
  log.info("Campaign successfully started. Current state: 'scheduled'. Checking updates..");
  return campaign;
}

/** @returns the campaign as it was last seen */
async function waitedFor(
  job: UpdateJob,
  id: string,
  timeout: number,
  log: UpdateLog,
): Promise<{ campaign: Campaign; timedOut: boolean }> {
  const watch = watched(job, id, timeout < 0 ? undefined : timeout * 1_000, log.warning);
  let campaign = await watch.look();
  log.info(`Current state: '${campaign.state}'`);
  while (!watch.isOver()) {
    const { state: before } = campaign;
    campaign = await watch.look();
    if (campaign.state !== before) log.info(`Current state: '${campaign.state}'`);
    if (hasEnded(campaign)) {
      log.info(`Finished in state: '${campaign.state}'`);
      return { campaign, timedOut: false };
    }
    await job.pause(pollInterval);
  }
  log.critical('Campaign timed out');
  return { campaign, timedOut: true };
}

function tell(report: Report, { state }: Campaign, deviceId: string, log: UpdateLog): string[] {
  const told = (kind: 'fail' | 'skipped' | 'info', fallback: string) => {
    const reasons = reasonsOf(report, kind);
    return reasons.length > 0 ? reasons : [fallback];
  };
  switch (report.outcome) {
    case 'updated':
      return [];
    case 'failed': {
      const reasons = told('fail', 'the service gives no reason');
      log.critical(`The update failed on the device: ${reasons.join('; ')}`);
      return reasons;
    }
    case 'skipped': {
      const reasons = told('skipped', 'the service gives no reason');
      log.critical(`The update was not sent to the device: ${reasons.join('; ')}`);
      return reasons;
    }
    case 'unreached': {
      const reasons = told('info', report.autostopReason || 'nothing was heard of it');
      log.critical(`The device was not done in time: ${reasons.join('; ')}`);
      return reasons;
    }
    case 'refused': {
      const reason = report.autostopReason || `it ended in the state ${state}`;
      const isEmpty = Object.values(report.counts).every((count) => count === 0);
      log.critical(
        isEmpty
          ? `No device took part in the campaign: ${report.autostopReason || `none has the id ${deviceId}`}`
          : `The campaign ended before the device was done: ${reason}`,
      );
      return [reason];
    }
    default:
      log.critical(`The campaign ended in the state ${state}, and the service does not say what became of the device.`);
      return [];
  }
}

/** @throws MooringError `update.*`, `create.*`, `signing.*`, `rest.*`, `manifest.argument` */
export async function updateDevice(context: CommandContext, values: Values, timers: Timers): Promise<unknown> {
  await requireFiles(context, command, values);
  const [apiKey, caFingerprint] = [values.api_key, values.ca_fingerprint] as (string | undefined)[];
  const access = await sdkAccess(context, { apiKey, caFingerprint });
  const job = new UpdateJob(context, { access, dialect: sdkDialect, program: 'manifest-tool/1.4.8', timers });
  const log = updateLog(context, values, 'manifesttool.update_device', job.progress.line, access.url);
  const deviceId = values.device_id as string;
  const isCleaned = values.no_cleanup !== true;
  const names = namesOf(values, context.clock.now(), log.info);
  let result: Result | undefined;
  let failure: unknown;
  let mayRun = true;
  try {
    const prepared = await prepareUpdate(job, context, values, names, {
      log,
      temporary: (file) => log.info(`Created temporary manifest file at ${file}`),
    });
    const started = await startedCampaign(job, names, prepared.manifest.id, deviceId, log);
    const { campaign, timedOut } = await step('update.campaign.failed', 'Retrieving the campaign failed with:', () =>
      waitedFor(job, started.id, values.timeout as number, log),
    );
    mayRun = timedOut;
    const report = await step('update.outcome.unknown', 'What became of the device could not be asked:', () =>
      reportOf(job.service, campaign, timedOut),
    );
    job.progress.line.clear();
    const reasons = tell(report, campaign, deviceId, log);
    const { id, state } = campaign;
    result = {
      ...prepared,
      campaign: { id, name: names.campaign, state },
      device: deviceId,
      reasons,
      outcome: report.outcome,
    };
    context.exit(outcomes[report.outcome]);
  } catch (error) {
    failure = error;
    job.progress.line.clear();
    if (context.signal.aborted) log.critical('User Aborted... Cleaning up.');
    else if (isMooringError(error) && !context.json) log.failure(error);
  }
  let left: readonly Remains[] = [];
  if (isCleaned) {
    log.info('** Deleting update campaign and manifest **');
    left = await job.cleanUp(mayRun);
  } else if (failure || mayRun) {
    const remark = leftText(job.made.things);
    if (remark) log.warning(remark);
  }
  job.close();
  if (context.signal.aborted) throw interruptedWith(isCleaned ? left : job.made.things);
  if (failure && (context.json || !isMooringError(failure))) throw failure;
  if (left.length > 0) log.critical(`Cleanup of campaign failed. ${leftText(left)}`);
  if (isMooringError(failure)) context.exit(failure.exitCode ?? 1);
  return failure ? undefined : { ...result, left };
}
