import type { Certificate } from '@mooring/pki';

/** How much the end of a certificate presses; `none` while it is more than a year away. */
export type Urgency = 'none' | 'notice' | 'warning' | 'urgent' | 'expired';

export interface Remaining {
  /** Whole days until the end, negative after it. */
  days: number;
  urgency: Urgency;
}

const day = 86_400_000;

/**
 * From how many days before the end on. Fielded devices cannot be given another certificate from one day to the next:
 * it has to travel in an update that the old one still signs.
 */
export const stages = { notice: 365, warning: 90, urgent: 30 } as const;

function urgencyOf(left: number): Urgency {
  if (left < 0) return 'expired';
  if (left <= stages.urgent * day) return 'urgent';
  if (left <= stages.warning * day) return 'warning';
  return left <= stages.notice * day ? 'notice' : 'none';
}

export function remainingOf({ notAfter }: Pick<Certificate, 'notAfter'>, now: Date): Remaining {
  const left = notAfter.getTime() - now.getTime();
  return { days: Math.floor(left / day), urgency: urgencyOf(left) };
}

/** `2019-12-29 10:56:04 UTC` */
export const utc = (time: Date): string => `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;

export const daysText = (days: number): string => (Math.abs(days) === 1 ? `${days} day` : `${days} days`);
