import type { Clock } from './clock.ts';
import type { Timers } from './timers.ts';

/**
 * Notices that the clock was set: by an operator, by NTP after a start without network, or because the machine was
 * suspended. Whoever compares times that it wrote down with the clock has to move them along, or all of it is suddenly
 * over, or nothing ever is.
 */
export class ClockJumps {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #least: number;
  /** Undefined before the first look. */
  #ahead: number | undefined;

  /** @param least what does not count as a jump, in ms: a clock that is corrected little by little never is one */
  constructor(clock: Clock, timers: Timers, least: number) {
    this.#clock = clock;
    this.#timers = timers;
    this.#least = least;
  }

  /** By how many ms the clock was set since the first look; 0 if it was not, or by less than what counts. */
  look(): number {
    const now = this.#now();
    const jump = now - (this.#ahead ?? now);
    if (Math.abs(jump) >= this.#least) return jump;
    this.#ahead = now;
    return 0;
  }

  /** What `look` told is taken account of; until then it tells it again. */
  taken(jump: number): void {
    this.#ahead = (this.#ahead ?? this.#now()) + jump;
  }

  #now(): number {
    return this.#clock.now().getTime() - this.#timers.now();
  }
}
