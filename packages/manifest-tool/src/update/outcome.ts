import type { Campaign, Counts, DeviceState, UpdateService } from './service.ts';

/** What an update came to, and the exit status that tells it. */
export const outcomes = {
  updated: 0,
  unknown: 1,
  failed: 3,
  skipped: 4,
  unreached: 5,
  refused: 6,
} as const;
export type Outcome = keyof typeof outcomes;

/** For the help of the commands. */
export const outcomeExitCodes: Readonly<Record<string, string>> = {
  1: 'Nothing was tried on a device: a file, a key, the network, an answer of the service; or the service does not say what became of the device.',
  3: 'The update failed on the device (with several: on one of them); it runs what it ran before.',
  4: 'The update is not for the device, and was not sent to it (with several: to none).',
  5: 'The device was not reached, or not done in time.',
  6: 'The service refused the campaign, or ended it before the device was done.',
  130: 'Ctrl-C: what the command had made on the service is removed, or named.',
};

/** How the campaign ended, as far as the campaign itself tells. */
export interface CampaignEnd {
  state: string;
  timedOut: boolean;
}

/** States of a campaign that ended otherwise than by being done. */
const brokenOff = new Set(['conflict', 'expired', 'manifestremoved', 'quotaallocationfailed', 'userstopped']);

/** Each device is in one of the counts; `info` are those that are not done. */
export function outcomeOf(counts: Counts, { state, timedOut }: CampaignEnd): Outcome {
  const { success = 0, fail = 0, skipped = 0, info = 0 } = counts;
  if (fail > 0) return 'failed';
  if (timedOut) return 'unreached';
  if (info > 0) return brokenOff.has(state) ? 'refused' : 'unreached';
  if (success > 0) return 'updated';
  if (skipped > 0) return 'skipped';
  return Object.keys(counts).length === 0 && !brokenOff.has(state) ? 'unknown' : 'refused';
}

/** What a service without statistics tells by its devices. */
function countsOf(devices: readonly DeviceState[]): Counts {
  const counts: Counts = {};
  for (const { deploymentState } of devices) {
    const kind =
      deploymentState === 'deployed'
        ? 'success'
        : deploymentState === 'failed_connector_channel_update'
          ? 'fail'
          : deploymentState === 'manifestremoved' || deploymentState === 'deregistered'
            ? 'skipped'
            : 'info';
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

export interface Report {
  outcome: Outcome;
  counts: Counts;
  /** Devices that were not updated. */
  devices: DeviceState[];
  /** Why, in the words of the service. */
  reasons: { fail: string[]; skipped: string[]; info: string[] };
  autostopReason: string;
}

/** Asks the service what became of the devices: one request if all of them were updated. */
export async function reportOf(service: UpdateService, campaign: Campaign, timedOut: boolean): Promise<Report> {
  const { id, state, autostopReason } = campaign;
  let counts = await service.counts(id);
  const isAllDone = (counts.success ?? 0) > 0 && !counts.fail && !counts.skipped && !counts.info;
  const devices = isAllDone ? [] : await service.deviceStates(id);
  if (Object.keys(counts).length === 0) counts = countsOf(devices);
  const reasons: Report['reasons'] = { fail: [], skipped: [], info: [] };
  for (const kind of ['fail', 'skipped', 'info'] as const) {
    if ((counts[kind] ?? 0) > 0) reasons[kind] = await service.eventTexts(id, kind);
  }
  return {
    outcome: outcomeOf(counts, { state, timedOut }),
    counts,
    devices: devices.filter(({ deploymentState }) => deploymentState !== 'deployed'),
    reasons,
    autostopReason,
  };
}

/** The reasons of a kind of device, each once; those of the devices themselves where the service gives them. */
export function reasonsOf({ devices, reasons }: Report, kind: keyof Report['reasons']): string[] {
  const own = devices.map(({ reason }) => reason).filter(Boolean);
  return [...new Set(own.length > 0 ? own : reasons[kind])];
}
