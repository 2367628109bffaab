import type { Timer, Timers } from '@mooring/platform';

/** One timer for all that a connection keeps for a while; none while it keeps nothing. */
export class Sweeper {
  readonly #timers: Timers;
  readonly #expire: (now: number) => number | undefined;
  #timer: Timer | undefined;
  #at = 0;

  /** `expire` forgets what is over and gives the time of what is over next. */
  constructor(timers: Timers, expire: (now: number) => number | undefined) {
    this.#timers = timers;
    this.#expire = expire;
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
      const next = this.#expire(this.#timers.now());
      if (next !== undefined) this.notice(next);
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
