import type { Clock } from '../clock.ts';
import type { Timers } from '../timers.ts';

export interface FakeTime {
  readonly timers: Timers;
  /** Goes with the timers. */
  readonly clock: Clock;
  /** Timers that wait. */
  readonly waiting: number;
  /** Milliseconds until the next timer runs. */
  readonly next: number | undefined;
  /** Lets time pass: runs what is due, in order, and before and after each all that promises have made runnable. */
  advance(milliseconds: number): Promise<void>;
  /** Lets time pass until no timer waits; fails if that takes more than `atMost` milliseconds. */
  runOut(atMost?: number): Promise<void>;
  /** Runs all that promises have made runnable, and no timer. */
  settle(): Promise<void>;
  /** Sets the clock alone, as an operator or NTP does; timers do not notice. */
  setClock(time: Date | string): void;
}

interface Waiting {
  readonly at: number;
  readonly run: () => void;
}

/** Time that stands still until a test lets it pass. */
export function fakeTime(start: Date | string = '2026-01-01T00:00:00Z'): FakeTime {
  let elapsed = 0;
  let offset = new Date(start).getTime();
  /** By time, and for one time in the order of arming. */
  const waiting: Waiting[] = [];

  const timers: Timers = {
    now: () => elapsed,
    after(milliseconds, run) {
      const entry: Waiting = { at: elapsed + Math.max(0, milliseconds), run };
      let at = waiting.length;
      while (at > 0 && (waiting[at - 1] as Waiting).at > entry.at) at--;
      waiting.splice(at, 0, entry);
      return {
        cancel() {
          const place = waiting.indexOf(entry);
          if (place >= 0) waiting.splice(place, 1);
        },
      };
    },
  };

  // The event loop reaches setImmediate only when no promise job is left.
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

  async function runUntil(end: number): Promise<void> {
    await settle();
    for (let next = waiting[0]; next !== undefined && next.at <= end; next = waiting[0]) {
      waiting.shift();
      elapsed = Math.max(elapsed, next.at);
      next.run();
      await settle();
    }
  }

  return {
    timers,
    clock: { now: () => new Date(offset + elapsed) },
    get waiting() {
      return waiting.length;
    },
    get next() {
      return waiting[0] === undefined ? undefined : waiting[0].at - elapsed;
    },
    async advance(milliseconds) {
      const end = elapsed + milliseconds;
      await runUntil(end);
      elapsed = end;
    },
    async runOut(atMost = 24 * 3600_000) {
      const end = elapsed + atMost;
      await runUntil(end);
      if (waiting.length > 0) throw new Error(`${waiting.length} timers still wait after ${atMost} ms.`);
    },
    settle,
    setClock(time) {
      offset = new Date(time).getTime() - elapsed;
    },
  };
}
