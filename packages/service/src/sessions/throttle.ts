import type { Clock } from '@mooring/platform';
import { peopleErrors } from '../people/errors.ts';
import type { Storage } from '../storage/storage.ts';

interface Lane {
  failures: number;
  last: number;
}

/** How many failures cost nothing, and how long one after them has to wait at most, in ms. */
interface Patience {
  readonly free: number;
  readonly most: number;
}

const minute = 60_000;

const patience = {
  /** One who guesses at one user. */
  pair: { free: 5, most: 15 * minute },
  /** One who tries many users; an office behind one address has to have room. */
  address: { free: 20, most: 5 * minute },
  /** Many who guess at one user. Short, since it is the user who waits with them. */
  user: { free: 10, most: 30_000 },
} as const satisfies Record<string, Patience>;

/** After this a failure is forgotten. */
const memory = 60 * minute;

const mostLanes = 20_000;

/** Half of an IPv6 address is for its owner to choose (RFC 4291 §2.5.1): one who has a network is one. */
const networkOf = (address: string): string =>
  address.includes(':') ? `${address.split(':').slice(0, 4).join(':')}::/64` : address;

/**
 * Makes who fails to sign in wait, longer each time. It is kept in memory: who can start the service anew needs no
 * password. Nobody is locked out: from an address from which a user has signed in before, only that address's own
 * failures count.
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #lanes = new Map<string, Lane>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Counts an attempt as failed, until it is told that it was not: so that a hundred at the same moment are a hundred.
   *
   * @param known the user has signed in from there before
   * @throws MooringError `sign.in.throttled`, with the seconds in `data.retryAfter`
   */
  attempt(address: string, user: string, known: boolean): void {
    const lanes = this.#lanesOf(address, user, known);
    const now = this.#clock.now().getTime();
    const waits = lanes.map(([key, { free, most }]) => this.#wait(key, free, most, now));
    const wait = Math.max(...waits);
    if (wait > 0) {
      const retryAfter = Math.ceil(wait / 1000);
      throw peopleErrors('sign.in.throttled', {
        message: `Too many attempts failed: the next one can be made in ${retryAfter} s.`,
        next: 'Wait, or ask an administrator for a link to set a new password.',
        data: { retryAfter },
      });
    }
    for (const [key] of lanes) {
      const failures = (this.#alive(key, now)?.failures ?? 0) + 1;
      this.#lanes.delete(key);
      this.#lanes.set(key, { failures, last: now });
    }
    while (this.#lanes.size > mostLanes) this.#lanes.delete(this.#lanes.keys().next().value as string);
  }

  /** The attempt was none of those to be counted. */
  succeeded(address: string, user: string): void {
    const [[pair], [network]] = this.#lanesOf(address, user, true) as [[string, Patience], [string, Patience]];
    this.#lanes.delete(pair);
    this.#lanes.delete(`user ${user}`);
    const lane = this.#lanes.get(network);
    if (lane) lane.failures = Math.max(0, lane.failures - 1);
  }

  /** The attempt was right as far as it went: it is not counted, and those before it stay counted. */
  forgive(address: string, user: string): void {
    for (const [key] of this.#lanesOf(address, user, false)) {
      const lane = this.#lanes.get(key);
      if (lane) lane.failures = Math.max(0, lane.failures - 1);
    }
  }

  #lanesOf(address: string, user: string, known: boolean): [string, Patience][] {
    const network = networkOf(address);
    return [
      [`pair ${network} ${user}`, patience.pair],
      [`address ${network}`, patience.address],
      ...(known ? [] : [[`user ${user}`, patience.user] as [string, Patience]]),
    ];
  }

  #alive(key: string, now: number): Lane | undefined {
    const lane = this.#lanes.get(key);
    // A clock that is set back starts anew.
    return lane && now - lane.last < memory && now >= lane.last ? lane : undefined;
  }

  #wait(key: string, free: number, most: number, now: number): number {
    const lane = this.#alive(key, now);
    if (!lane || lane.failures < free) return 0;
    const delay = Math.min(most, 1000 * 2 ** Math.min(30, lane.failures - free));
    return lane.last + delay - now;
  }
}

const throttles = new WeakMap<Storage, Throttle>();

/** One for a service. */
export function throttleOf({ storage, clock }: { readonly storage: Storage; readonly clock: Clock }): Throttle {
  let throttle = throttles.get(storage);
  if (!throttle) {
    throttle = new Throttle(clock);
    throttles.set(storage, throttle);
  }
  return throttle;
}
