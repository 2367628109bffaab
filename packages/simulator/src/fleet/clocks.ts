import { type Clock, systemClock } from '@mooring/platform';

/** A clock that is set to this time now, and goes on from there. */
function clockFrom(start: Date): Clock {
  const offset = start.getTime() - Date.now();
  return { now: () => new Date(Date.now() + offset) };
}

/** A board without a battery, and one whose battery ran out long ago. */
const wrong = [new Date('1970-01-01T00:00:20Z'), new Date('2080-02-29T12:00:00Z')] as const;

/** The clock of device number `index`, if so many percent of the devices have a wrong one. */
export function clockOf(index: number, percent: number): { readonly clock: Clock; readonly isRight: boolean } {
  const isRight = !isAmong(index, percent);
  // Every other one of those that are wrong.
  const start = wrong[Math.floor((index * percent) / 100) % 2];
  return { clock: isRight || !start ? systemClock : clockFrom(start), isRight };
}

/** Spreads a share evenly over the devices: the same ones each time. */
export const isAmong = (index: number, percent: number): boolean =>
  Math.floor(((index + 1) * percent) / 100) > Math.floor((index * percent) / 100);
