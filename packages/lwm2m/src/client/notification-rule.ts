import type { NotificationAttributes } from '../model/attributes.ts';

/** What an observation knows of what it last sent. */
export interface LastSent {
  /** Milliseconds, of a clock that only goes up. */
  readonly at: number;
  /** Where the observed is one number. */
  readonly value: number | undefined;
}

/** Send now, or look again then; `changed` says whether a change has yet to be told of. */
export interface Verdict {
  readonly send: boolean;
  readonly lookAgainAt: number | undefined;
}

const crosses = (limit: number, before: number, now: number): boolean =>
  (before <= limit && now > limit) || (before >= limit && now < limit);

/** Whether a change is one that the limits let through; without limits every change is. */
export function isWorthTelling(
  { gt, lt, st }: NotificationAttributes,
  before: number | undefined,
  now: number | undefined,
): boolean {
  if ((gt === undefined && lt === undefined && st === undefined) || before === undefined || now === undefined)
    return true;
  return (
    (gt !== undefined && crosses(gt, before, now)) ||
    (lt !== undefined && crosses(lt, before, now)) ||
    (st !== undefined && Math.abs(now - before) >= st)
  );
}

/**
 * When to notify (OMA LwM2M 1.1 §7.3.2): a change that is worth telling not before `pmin` seconds after the last
 * notification, and something in any case when `pmax` seconds have passed.
 *
 * @param changed a change worth telling is not told yet
 * @param now milliseconds
 */
export function notificationVerdict(
  { pmin = 0, pmax }: NotificationAttributes,
  last: LastSent,
  changed: boolean,
  now: number,
): Verdict {
  const earliest = last.at + pmin * 1000;
  const latest = pmax === undefined || pmax === 0 ? undefined : last.at + pmax * 1000;
  if (changed) return now >= earliest ? { send: true, lookAgainAt: undefined } : { send: false, lookAgainAt: earliest };
  if (latest !== undefined && now >= latest) return { send: true, lookAgainAt: undefined };
  return { send: false, lookAgainAt: latest };
}
