import type { Clock } from '@mooring/platform';
import type { Snapshot } from '../secure-storage/storage.ts';

/** 2017-01-01T10:00:00Z, before which the client was not built (PAL_MIN_SEC_FROM_EPOCH of mbed-cloud-client). */
export const earliestTime = new Date(1_483_264_800_000);

/** The last time that a server vouched for: seconds since 1970 in 8 bytes little endian, as the old client saves it. */
export const savedTimeItem = 'saved_time';

/** All that a device keeps of the time; the old service's idea of it must not judge the new one's certificates. */
export const timeItems = [savedTimeItem, 'last_time_back', 'time_srv_id', 'mbed.CurrentTime'] as const;

export interface DeviceTime {
  readonly source: 'system clock' | 'saved time' | 'unknown';
  /** Undefined where the time is not known. */
  readonly now?: Date;
}

/**
 * The best time known. The saved time is a floor, for time does not run backwards; the system clock counts only
 * where it is not older than the client itself, since a board without a battery starts in 1970.
 */
export async function deviceTime(snapshot: Snapshot, clock: Clock): Promise<DeviceTime> {
  const now = clock.now();
  const saved = await savedTime(snapshot);
  if (now >= earliestTime && (!saved || now >= saved)) return { source: 'system clock', now };
  return saved ? { source: 'saved time', now: saved } : { source: 'unknown' };
}

async function savedTime(snapshot: Snapshot): Promise<Date | undefined> {
  const data = (await snapshot.get(savedTimeItem))?.data;
  if (data?.length !== 8) return undefined;
  const saved = new Date(Number(Buffer.from(data).readBigUInt64LE()) * 1000);
  // Beyond what a Date can hold it is no time (NaN), and so is not later than anything.
  return saved >= earliestTime ? saved : undefined;
}

/** In UTC, to the second. */
export function dateText(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
