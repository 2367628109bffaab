import type { Timer, Timers } from '@mooring/platform';

export interface Sweepable {
  /** Forgets what is over; the time when something else is over, if there is anything left. */
  expire(now: number): number | undefined;
}

/** One deadline for all that a connection keeps for a while; none while it keeps nothing. */
export class Sweeper {
  readonly #timers: Timers;
  readonly #swept: Sweepable;
  #timer: Timer | undefined;
  #at = 0;

  constructor(timers: Timers, swept: Sweepable) {
    this.#timers = timers;
    this.#swept = swept;
  }

  /** Something is over at that time. */
  notice(at: number): void {
    if (this.#timer !== undefined) {
      if (this.#at <= at) return;
      this.#timer.cancel();
    }
    this.#at = at;
    // Not more often than every second.
    this.#timer = this.#timers.after(Math.max(1000, at - this.#timers.now()), () => {
      this.#timer = undefined;
      const next = this.#swept.expire(this.#timers.now());
      if (next !== undefined) this.notice(next);
    });
  }
}

export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}
