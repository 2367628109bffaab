import type { Row } from '../../storage/schema.ts';
import { isSuccess, resultEvent, resultText, stateEvent } from './event-codes.ts';

/** As much of a device in a campaign as its course looks at and changes; all of it is persisted. */
export type CampaignDevice = Pick<
  Row<'campaign_devices'>,
  'progress' | 'status' | 'event_type' | 'reason_code' | 'reason_detail' | 'attempts' | 'told_state' | 'before_result'
>;

/** Why a device is not for an update. */
export type SkipReason = 'schema' | 'identity' | 'component' | 'precursor' | 'not-updatable' | 'deleted';

/** What a device runs, beside what the manifest brings. */
export type Runs = 'new' | 'other' | 'unknown';

export type CampaignDeviceEvent =
  | { readonly kind: 'skip'; readonly reason: SkipReason; readonly detail?: string }
  /** It runs what the manifest brings, whoever brought it. */
  | { readonly kind: 'current' }
  /** The manifest is about to be written: persisted before it is. */
  | { readonly kind: 'writing'; readonly result: number | undefined }
  | { readonly kind: 'written' }
  /** Nothing has left this service. */
  | { readonly kind: 'unsent' }
  /** The device answered, and did not take it. */
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'state'; readonly value: number }
  | { readonly kind: 'result'; readonly value: number }
  /** What was read from a device after a break: of the connection, or of this service. */
  | {
      readonly kind: 'found';
      /** The State that was known when the reading began. */
      readonly seen: number | null;
      readonly state: number | undefined;
      readonly result: number | undefined;
      readonly runs: Runs;
    }
  /** It took the manifest, has started anew, and does nothing with it. */
  | { readonly kind: 'forgotten' }
  /** The campaign is over. */
  | { readonly kind: 'withdrawn' };

/** States of the client in which it works on a manifest: 2 processing … 8 restarting. */
const isWorking = (state: number | null | undefined): boolean => state != null && state >= 2 && state <= 8;

/** Installing, or restarting: after these a device that is idle again with its old version has fallen back. */
const isPastInstall = (state: number | null): boolean => state === 7 || state === 8;

/** Manifests that a device gets of one campaign at most. */
const mostAttempts = 3;

const skipEvents: Readonly<Record<SkipReason, string>> = {
  schema: 'SYS_110',
  identity: 'SYS_117',
  component: 'SYS_118',
  precursor: 'SYS_124',
  'not-updatable': 'SYS_121',
  deleted: 'SYS_122',
};

/** A device that waits for its manifest. */
export const newCampaignDevice: CampaignDevice = {
  progress: 'waiting',
  status: 'pending',
  event_type: 'SYS_100',
  reason_code: null,
  reason_detail: null,
  attempts: 0,
  told_state: null,
  before_result: null,
};

const done = (
  device: CampaignDevice,
  status: 'success' | 'failed' | 'skipped',
  event: string,
  reason?: string,
  detail?: string,
): CampaignDevice => ({
  ...device,
  progress: 'done',
  status,
  event_type: event,
  reason_code: reason ?? null,
  reason_detail: detail ?? null,
});

const delivered = (device: CampaignDevice): CampaignDevice =>
  device.progress === 'delivered' ? device : { ...device, progress: 'delivered', event_type: 'SYS_106' };

function afterResult(device: CampaignDevice, value: number): CampaignDevice {
  const code = resultEvent(value);
  return isSuccess(value)
    ? done(device, 'success', code)
    : done(device, 'failed', code, 'update-failed', `${value}, ${resultText(value)}`);
}

/** A Result that is none: before the first update, and while one is under way. */
const isNoResult = (value: number | undefined): boolean => value === undefined || value < 1;

function afterFound(
  device: CampaignDevice,
  { seen, state, result, runs }: Extract<CampaignDeviceEvent, { kind: 'found' }>,
): CampaignDevice {
  if (runs === 'new') return done(device, 'success', 'SYS_112');
  // The device has told more since it was asked: what was read is older than what is known.
  if (device.told_state !== seen) return device;
  if (isWorking(state)) return { ...delivered(device), told_state: state ?? null, event_type: stateEvent(state ?? 0) };
  // It has a result that it did not have before.
  if (!isNoResult(result) && result !== device.before_result) return afterResult(device, result as number);
  if (device.progress === 'writing') {
    // Idle, with the result of before: the manifest did not arrive.
    return { ...device, progress: 'waiting', event_type: 'SYS_100' };
  }
  if (isPastInstall(device.told_state) && runs === 'other') {
    return done(device, 'failed', 'SYS_104', 'fell-back');
  }
  // The same result as before, from a device that was seen at work in between.
  if (!isNoResult(result) && isWorking(device.told_state)) return afterResult(device, result as number);
  return device;
}

/** What an event makes of a device in a campaign; the same object where it changes nothing. */
export function deviceAfter(device: CampaignDevice, event: CampaignDeviceEvent): CampaignDevice {
  if (device.progress === 'done') return device;
  switch (event.kind) {
    case 'skip':
      return done(device, 'skipped', skipEvents[event.reason], event.reason, event.detail);
    case 'current':
      return done(device, 'success', 'SYS_112');
    case 'writing':
      if (device.progress !== 'waiting') return device;
      return {
        ...device,
        progress: 'writing',
        event_type: 'SYS_105',
        attempts: device.attempts + 1,
        before_result: event.result ?? null,
        told_state: null,
      };
    case 'written':
      return device.progress === 'writing' ? delivered(device) : device;
    case 'unsent':
      return device.progress === 'writing'
        ? { ...device, progress: 'waiting', event_type: 'SYS_100', attempts: device.attempts - 1 }
        : device;
    case 'refused':
      return device.progress === 'writing' ? done(device, 'failed', 'SYS_101', 'refused', event.code) : device;
    case 'state':
      if (device.progress === 'waiting' || event.value === device.told_state) return device;
      if (!isWorking(event.value)) return device;
      return { ...delivered(device), told_state: event.value, event_type: stateEvent(event.value) };
    case 'result':
      if (device.progress === 'waiting') return device;
      // Before anything else a client takes back the result of the update before.
      if (isNoResult(event.value)) return isNoResult(device.before_result ?? undefined) ? device : delivered(device);
      if (device.progress === 'writing' && event.value === device.before_result) return device;
      return afterResult(device, event.value);
    case 'found':
      return device.progress === 'waiting' ? device : afterFound(device, event);
    case 'forgotten':
      if (device.progress !== 'delivered') return device;
      return device.attempts >= mostAttempts
        ? done(device, 'failed', 'SYS_103', 'forgotten')
        : { ...device, progress: 'waiting', event_type: 'SYS_100', told_state: null };
    case 'withdrawn':
      // A device that has the manifest goes on, and what it tells is still heard.
      return device.progress === 'waiting'
        ? { ...device, progress: 'done', event_type: 'SYS_116', reason_code: 'stopped' }
        : device;
  }
}

/** As clients of the old service know it. */
export function deploymentState({
  progress,
  status,
  reason_code,
}: CampaignDevice):
  | 'pending'
  | 'updated_connector_channel'
  | 'failed_connector_channel_update'
  | 'deployed'
  | 'manifestremoved'
  | 'deregistered' {
  if (status === 'success') return 'deployed';
  if (status === 'failed') return 'failed_connector_channel_update';
  if (status === 'skipped') return reason_code === 'deleted' ? 'deregistered' : 'manifestremoved';
  if (progress === 'delivered') return 'updated_connector_channel';
  return reason_code === 'stopped' ? 'manifestremoved' : 'pending';
}
