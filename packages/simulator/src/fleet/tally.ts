import { Histogram, type HistogramCounts, type Percentiles } from './histogram.ts';

/** What is timed, in milliseconds. */
export const timings = [
  /** From the first connection to the first registration, bootstrap and all attempts included. */
  'onboarding',
  /** From the loss of a connection until the service has heard of the device again. */
  'return',
  /** A registration update that the simulation asked for. */
  'update',
  /** From the change of a value until the service has acknowledged it. */
  'notification',
] as const;
export type Timing = (typeof timings)[number];

/** What is counted. */
export const events = [
  'started',
  'onboarded',
  'bootstraps',
  'registrations',
  'updates',
  'returns',
  'cut',
  'halfOpen',
  'storms',
  'sleeps',
  'notifications',
  /** Those that the service has acknowledged; others were cut off on the way, and are said again. */
  'acknowledged',
  /** A device has another id, or its certificate other names, than it had at first. */
  'identityChanges',
] as const;
export type Event = (typeof events)[number];

/** What one process has seen, as it goes to another. */
export interface TallyState {
  /** Now. */
  readonly registered: number;
  readonly events: Readonly<Record<Event, number>>;
  /** By reason. */
  readonly failures: Readonly<Record<string, number>>;
  readonly timings: Readonly<Record<Timing, HistogramCounts>>;
}

/** What was seen, whole. */
export interface Seen extends Readonly<Record<Event, number>> {
  readonly registered: number;
  readonly failures: Readonly<Record<string, number>>;
  /** What never happened is not there. */
  readonly times: Readonly<Partial<Record<Timing, Percentiles>>>;
}

const table = <Name extends string, Value>(names: readonly Name[], make: () => Value) =>
  Object.fromEntries(names.map((name) => [name, make()])) as Record<Name, Value>;

/** Counts what happens to the devices of a process, or adds up what several processes have counted. */
export class Tally {
  registered = 0;
  readonly #events = table(events, () => 0);
  readonly #failures = new Map<string, number>();
  #timings = table(timings, () => new Histogram());

  count(event: Event): void {
    this.#events[event]++;
  }

  failed(reason: string, times = 1): void {
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + times);
  }

  took(timing: Timing, milliseconds: number): void {
    this.#timings[timing].add(milliseconds);
  }

  /** What is timed from now on counts alone. */
  forgetTimes(): void {
    this.#timings = table(timings, () => new Histogram());
  }

  get state(): TallyState {
    const counts = timings.map((name) => [name, this.#timings[name].counts]);
    return {
      registered: this.registered,
      events: { ...this.#events },
      failures: Object.fromEntries(this.#failures),
      timings: Object.fromEntries(counts) as TallyState['timings'],
    };
  }

  add(state: TallyState): void {
    this.registered += state.registered;
    for (const name of events) this.#events[name] += state.events[name];
    for (const [reason, times] of Object.entries(state.failures)) this.failed(reason, times);
    for (const name of timings) this.#timings[name].merge(state.timings[name]);
  }

  get seen(): Seen {
    const times = timings.flatMap((name) => {
      const percentiles = this.#timings[name].percentiles();
      return percentiles ? [[name, percentiles] as const] : [];
    });
    return {
      registered: this.registered,
      ...this.#events,
      failures: Object.fromEntries([...this.#failures].toSorted(([, a], [, b]) => b - a)),
      times: Object.fromEntries(times),
    };
  }
}
