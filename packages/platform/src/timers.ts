export interface Timer {
  /** Nothing happens any more; also after it ran, and twice. */
  cancel(): void;
}

/** Waiting, as an argument, so that a test can step through it (`fakeTime` of `@mooring/platform/testing`). */
export interface Timers {
  /** Milliseconds that only go up, from an arbitrary start; not the time of day, which may jump. */
  now(): number;
  /** Runs `run` once, `milliseconds` from now, however many that are; what is not above 0 runs in the next turn. */
  after(milliseconds: number, run: () => void): Timer;
}

/** What a timer of Node can wait; with more it would fire at once. */
const longestWait = 2 ** 31 - 1;

function arm(milliseconds: number, run: () => void, keepAlive: boolean): Timer {
  let handle: NodeJS.Timeout;
  const wait = (left: number) => {
    const step = Math.min(left, longestWait);
    handle = setTimeout(() => (left > step ? wait(left - step) : run()), step);
    if (!keepAlive) handle.unref();
  };
  wait(Math.max(0, milliseconds));
  return { cancel: () => clearTimeout(handle) };
}

const now = () => performance.now();

/** The process lives until its timers have run or were cancelled. */
export const systemTimers: Timers = { now, after: (milliseconds, run) => arm(milliseconds, run, true) };

/** A process that has nothing else to do ends without waiting for these: deadlines, sweeps, retransmissions. */
export const backgroundTimers: Timers = { now, after: (milliseconds, run) => arm(milliseconds, run, false) };
