import type { Log2x } from '../logging-2x.ts';
import { updateErrors } from '../update/errors.ts';
import type { UpdateJob } from '../update/job.ts';
import { outcomes, type Report, reasonsOf } from '../update/outcome.ts';
import type { Campaign } from '../update/service.ts';
import { watched } from '../update/watch.ts';

const pollInterval = 3_000;
/** How long a campaign may take to stop, in ms. */
const stopPatience = 60_000;

const isActive = ({ phase }: Campaign): boolean => phase === 'starting' || phase === 'active' || phase === 'timed';
const isNotStarted = ({ phase }: Campaign): boolean => phase === 'draft' || phase === 'stopped';

/**
 * Waits until the campaign runs or, with `wait`, until it has ended.
 *
 * @param timeout milliseconds; undefined for no end
 * @returns the campaign as it was last seen
 * @throws MooringError `update.campaign.refused`, `rest.*`
 */
export async function managedCampaign(
  job: UpdateJob,
  id: string,
  { timeout, wait, log }: { timeout: number | undefined; wait: boolean; log: Log2x },
): Promise<{ campaign: Campaign; timedOut: boolean }> {
  await job.service.startCampaign(id);
  const watch = watched(job, id, timeout, log.warning);
  let starting = true;
  let state = '';
  let campaign: Campaign | undefined;
  while (!campaign || !watch.isOver()) {
    campaign = await watch.look();
    if (starting) {
      if (isNotStarted(campaign)) {
        throw updateErrors('update.campaign.refused', {
          message: `Campaign not started - check filter and campaign state.\nReason: ${campaign.autostopReason}`,
          next: 'Look in the device directory for devices with the vendor and class id of this project.',
          exitCode: outcomes.refused,
        });
      }
      if (isActive(campaign)) {
        log.info(`Started Campaign ID: ${id}`);
        starting = false;
        if (!wait) return { campaign, timedOut: false };
      }
    } else if (!isActive(campaign)) {
      log.info(`Campaign is finished in state: ${campaign.state}`);
      return { campaign, timedOut: false };
    }
    if (campaign.state !== state) log.info(`Campaign state: ${campaign.state}`);
    state = campaign.state;
    await job.pause(pollInterval);
  }
  log.error('Campaign timed out');
  return { campaign, timedOut: true };
}

/** Stops it if it is active still; that it could not be stopped is told by what comes after. */
export async function stoppedCampaign(job: UpdateJob, id: string, log: Log2x): Promise<void> {
  if (!isActive(await job.service.campaign(id))) return;
  await job.service.stopCampaign(id);
  const end = job.timers.now() + stopPatience;
  while ((await job.service.campaign(id)).phase === 'stopping' && job.timers.now() < end) await job.pause(1_000);
  log.info(`Stopped campaign ${id}`);
}

const total = (counts: Report['counts']) => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** The summary of 2.6.2. */
export function summarise(report: Report, log: Log2x): void {
  const { success = 0, fail = 0, skipped = 0, info = 0 } = report.counts;
  if (Object.keys(report.counts).length === 0) return;
  log.info('----------------------------');
  log.info('    Campaign Summary ');
  log.info('----------------------------');
  log.info(` Successfully updated:   ${success}`);
  log.info(` Failed to update:       ${fail}`);
  log.info(` Skipped:                ${skipped}`);
  log.info(` Pending:                ${info}`);
  log.info(` Total in this campaign: ${total(report.counts)}`);
  const kinds = [
    ['fail', 'Reasons for failed updates:'],
    ['skipped', 'Reasons for skipped updates:'],
    ['info', 'Of devices that are not done:'],
  ] as const;
  for (const [kind, head] of kinds) {
    if (report.reasons[kind].length === 0) continue;
    log.warning(head);
    for (const reason of report.reasons[kind]) log.warning(` ${reason}`);
  }
}

/** What `-w` ends with if not every device was updated. */
export function verdict(report: Report, { state, autostopReason }: Campaign): string | undefined {
  const devices = report.devices.map(({ deviceId }) => deviceId).join(', ');
  const why = (kind: 'fail' | 'skipped' | 'info') => {
    const reasons = reasonsOf(report, kind);
    return reasons.length > 0 ? ` (${reasons.join('; ')})` : '';
  };
  switch (report.outcome) {
    case 'updated':
      return undefined;
    case 'failed':
      return `Failed to update ${report.devices.length} devices: ${devices}`;
    case 'skipped':
      return `No device was updated: the update was not for any of them${why('skipped')}`;
    case 'unreached':
      return `Not done in time: ${devices || 'the devices'}${why('info')}`;
    case 'refused':
      return `The campaign ended in the state ${state} before its devices were done${autostopReason ? `: ${autostopReason}` : ''}`;
    default:
      return `The campaign ended in the state ${state}, and the service does not say what became of its devices`;
  }
}
