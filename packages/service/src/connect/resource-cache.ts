import type { Clock } from '@mooring/platform';
import type { DeviceAnswer } from './device-links.ts';
import type { ConnectLimits } from './limits.ts';
import { defaultMaxAge } from './messages.ts';

/** The contract keeps no value longer, whatever Max-Age says: three days. */
const longest = 3 * 24 * 60 * 60 * 1000;

interface Cached {
  answer: DeviceAnswer;
  until: number;
}

/** The last values that devices told, for as long as their Max-Age says; the least recently told go first. */
export class ResourceCache {
  readonly #clock: Clock;
  readonly #limits: ConnectLimits;
  readonly #values = new Map<string, Cached>();
  #bytes = 0;

  constructor(clock: Clock, limits: ConnectLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  put(deviceId: string, path: string, answer: DeviceAnswer): void {
    const key = `${deviceId}${path}`;
    this.#drop(key);
    const seconds = answer.maxAge ?? defaultMaxAge;
    if (seconds <= 0 || answer.payload.length > this.#limits.cachedBytes) return;
    this.#values.set(key, { answer, until: this.#clock.now().getTime() + Math.min(seconds * 1000, longest) });
    this.#bytes += answer.payload.length;
    for (const oldest of this.#values.keys()) {
      if (this.#bytes <= this.#limits.cachedBytes && this.#values.size <= this.#limits.cachedValues) break;
      this.#drop(oldest);
    }
  }

  get(deviceId: string, path: string): DeviceAnswer | undefined {
    const key = `${deviceId}${path}`;
    const cached = this.#values.get(key);
    if (cached === undefined || cached.until > this.#clock.now().getTime()) return cached?.answer;
    this.#drop(key);
    return undefined;
  }

  /** After a write or an execute, what was known may be wrong. */
  forget(deviceId: string, path: string): void {
    this.#drop(`${deviceId}${path}`);
  }

  #drop(key: string): void {
    const cached = this.#values.get(key);
    if (cached === undefined) return;
    this.#values.delete(key);
    this.#bytes -= cached.answer.payload.length;
  }
}
