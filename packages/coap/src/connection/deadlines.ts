import type { Timer, Timers } from '@mooring/platform';

class Deadline implements Timer {
  readonly at: number;
  readonly run: () => void;
  readonly #all: Deadlines;

  constructor(at: number, run: () => void, all: Deadlines) {
    this.at = at;
    this.run = run;
    this.#all = all;
  }

  cancel(): void {
    this.#all.remove(this);
  }
}

/**
 * All timers of one connection on a single one. Nearly every deadline of an exchange is cancelled within milliseconds; the
 * timer below is not, and is armed anew only for what comes before it, so that it costs an exchange next to nothing. When
 * nothing is left it runs once more, in vain.
 */
export class Deadlines implements Timers {
  readonly #timers: Timers;
  /** By time, the earliest last; of one time the first to come last. */
  #waiting: Deadline[] | undefined;
  #timer: Timer | undefined;
  #armedFor = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  now(): number {
    return this.#timers.now();
  }

  after(milliseconds: number, run: () => void): Timer {
    const deadline = new Deadline(this.#timers.now() + milliseconds, run, this);
    this.#waiting ??= [];
    let place = this.#waiting.length;
    while (place > 0 && (this.#waiting[place - 1] as Deadline).at <= deadline.at) place--;
    this.#waiting.splice(place, 0, deadline);
    if (this.#timer === undefined || deadline.at < this.#armedFor) this.#arm(deadline.at);
    return deadline;
  }

  remove(deadline: Deadline): void {
    const place = this.#waiting?.lastIndexOf(deadline) ?? -1;
    if (place >= 0) this.#waiting?.splice(place, 1);
    if (this.#waiting?.length === 0) this.#waiting = undefined;
  }

  /** Nothing waits any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting = undefined;
  }

  #arm(at: number): void {
    this.#timer?.cancel();
    this.#armedFor = at;
    this.#timer = this.#timers.after(at - this.#timers.now(), () => this.#run());
  }

  #run(): void {
    this.#timer = undefined;
    const now = this.#timers.now();
    for (let next = this.#waiting?.at(-1); next !== undefined && next.at <= now; next = this.#waiting?.at(-1)) {
      this.remove(next);
      next.run();
    }
    const next = this.#waiting?.at(-1);
    if (next !== undefined && (this.#timer === undefined || next.at < this.#armedFor)) this.#arm(next.at);
  }
}
