import type { DeviceLinks } from '../../connect/device-links.ts';
import type { Domain } from '../../storage/context.ts';
import type { Campaign } from './campaign.ts';
import type { CampaignDeviceRow } from './device-rows.ts';
import { eventText } from './event-codes.ts';

/** Why a device is not done. */
export interface Reason {
  /** Stays the same from release to release; empty where the device is updated. */
  readonly code: string;
  readonly text: string;
}

const sentences: Readonly<Record<string, (detail: string) => string>> = {
  schema: (detail) => `The device was skipped: ${detail}.`,
  identity: (detail) => `The device was skipped: ${detail}.`,
  component: (detail) => `The device was skipped: ${detail}.`,
  precursor: (detail) => `The device was skipped: ${detail}.`,
  'not-updatable': (detail) => `The device was skipped: ${detail}.`,
  deleted: () => 'The device was deleted from the directory.',
  refused: (detail) => `The device answered ${detail} to the manifest.`,
  'update-failed': (detail) => `The device reports that the update failed: ${detail}.`,
  'fell-back': () => 'The device installed the update, restarted, and came back with what it ran before.',
  forgotten: () => 'The device took the manifest three times, and each time started anew without it.',
  stopped: () => 'The campaign ended before the device had its manifest.',
};

interface Circumstances {
  readonly campaign: Campaign;
  readonly isRegistered: boolean;
  readonly isReachable: boolean;
  /** Another campaign that has given the device a manifest. */
  readonly busyWith: string | undefined;
}

function waitingReason({ campaign, isRegistered, isReachable, busyWith }: Circumstances, wave: number): Reason {
  if (campaign.phase !== 'active')
    return { code: 'not-active', text: `The campaign is in the phase ${campaign.phase}.` };
  if (wave > campaign.wave) return { code: 'wave', text: `The device is in wave ${wave}, which has not begun.` };
  if (!isRegistered)
    return { code: 'absent', text: 'The device is not registered; it gets its manifest when it comes.' };
  if (busyWith !== undefined) return { code: 'busy', text: `The device is being updated by the campaign ${busyWith}.` };
  if (!isReachable)
    return { code: 'asleep', text: 'The device is not connected, or sleeps; it gets its manifest when it is heard.' };
  return { code: 'queued', text: 'The device is about to get its manifest.' };
}

/** The reason of one device. */
export function reasonOf(row: CampaignDeviceRow, circumstances: Circumstances): Reason {
  if (row.status === 'success') return { code: '', text: '' };
  if (row.reason_code !== null) {
    const sentence = sentences[row.reason_code];
    return { code: row.reason_code, text: sentence ? sentence(row.reason_detail ?? '') : eventText(row.event_type) };
  }
  if (row.progress === 'waiting') return waitingReason(circumstances, row.wave);
  const isWriting = row.progress === 'writing';
  const where = circumstances.isReachable ? '' : ' It is not connected now.';
  const text = isWriting
    ? 'The manifest was sent, and the device has not said yet that it has it.'
    : `The device has the manifest. ${eventText(row.event_type)}.`;
  return { code: isWriting ? 'sending' : 'in-progress', text: text + where };
}

/** The reasons of these devices, by the id of their rows. */
export async function reasonsOf(
  domain: Domain,
  links: DeviceLinks,
  campaign: Campaign,
  rows: readonly CampaignDeviceRow[],
): Promise<ReadonlyMap<string, Reason>> {
  const open = rows.filter(({ status, progress }) => status === 'pending' && progress !== 'done');
  const ids = open.map(({ device_id }) => device_id);
  const { db } = domain.storage;
  const registered = new Set<string>();
  const busy = new Map<string, string>();
  if (ids.length > 0) {
    for (const { device_id } of await db
      .selectFrom('registrations')
      .select('device_id')
      .where('device_id', 'in', ids)
      .execute()) {
      registered.add(device_id);
    }
    for (const { device_id, campaign_id } of await db
      .selectFrom('campaign_devices')
      .select(['device_id', 'campaign_id'])
      .where('device_id', 'in', ids)
      .where('status', '=', 'pending')
      .where('progress', 'in', ['writing', 'delivered'])
      .where('campaign_id', '!=', campaign.id)
      .execute()) {
      busy.set(device_id, campaign_id);
    }
  }
  return new Map(
    rows.map((row) => [
      row.id,
      reasonOf(row, {
        campaign,
        isRegistered: registered.has(row.device_id),
        isReachable: links.isReachable(row.device_id),
        busyWith: busy.get(row.device_id),
      }),
    ]),
  );
}
