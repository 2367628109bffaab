/** The time of day, as an argument, so that a test can stop or skew it. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/** A clock that stands still until it is set. */
export function fixedClock(start: Date | string): Clock & { set(time: Date | string): void } {
  let time = new Date(start);
  return {
    now: () => new Date(time),
    set(next) {
      time = new Date(next);
    },
  };
}
