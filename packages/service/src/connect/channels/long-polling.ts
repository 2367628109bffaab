import type { Timer, Timers } from '@mooring/platform';
import type { ConnectLimits } from '../limits.ts';
import { Refusal } from '../refusal.ts';
import type { NotificationQueue } from './queue.ts';
import { type NotificationMessage, notificationMessage, type Serialization } from './serialization.ts';

/** A message that was handed to a poll. */
export interface Polled {
  message: NotificationMessage;
  /** The answer is with the client: what it held is done. */
  delivered(): void;
}

interface Poll {
  wake: () => void;
}

/** The polls of all keys, one at a time for a key. */
export class LongPolling {
  readonly #queue: NotificationQueue;
  readonly #limits: ConnectLimits;
  readonly #timers: Timers;
  readonly #polls = new Map<string, Poll>();
  /** What is being taken out after a delivery: a poll waits for it, or it would get the same again. */
  readonly #removals = new Map<string, Promise<unknown>>();

  constructor(queue: NotificationQueue, limits: ConnectLimits, timers: Timers) {
    this.#queue = queue;
    this.#limits = limits;
    this.#timers = timers;
  }

  wake(apiKeyId: string): void {
    this.#polls.get(apiKeyId)?.wake();
  }

  /** Ends the poll of a key without news. */
  end(apiKeyId: string): void {
    this.#polls.get(apiKeyId)?.wake();
  }

  /** Ends all polls, for a service that stops. */
  endAll(): void {
    for (const { wake } of this.#polls.values()) wake();
  }

  /**
   * Waits for something to tell.
   *
   * @param gone aborted when the client has gone away
   * @returns undefined when there was nothing within the time
   * @throws Refusal 409 where another poll of the key is held
   */
  async poll(apiKeyId: string, serialization: Serialization, gone: AbortSignal): Promise<Polled | undefined> {
    if (this.#polls.has(apiKeyId)) throw new Refusal(409, 'POLL_EXISTS', 'Another long poll of this API key is open.');
    let news = Promise.withResolvers<void>();
    let timer: Timer | undefined;
    this.#polls.set(apiKeyId, { wake: () => news.resolve() });
    try {
      await this.#removals.get(apiKeyId);
      for (const isLast of [false, true]) {
        const entries = await this.#queue.peek(apiKeyId, serialization.chunk ?? this.#limits.chunk);
        if (entries.length > 0) {
          return {
            message: notificationMessage(entries, serialization),
            delivered: () => this.#remove(apiKeyId, entries),
          };
        }
        if (isLast || gone.aborted) break;
        const { resolve, promise } = news;
        timer = this.#timers.after(this.#limits.pollWait, resolve);
        gone.addEventListener('abort', () => resolve(), { once: true });
        await promise;
        news = Promise.withResolvers();
      }
      return undefined;
    } finally {
      timer?.cancel();
      this.#polls.delete(apiKeyId);
    }
  }

  #remove(apiKeyId: string, entries: readonly { id: string; bytes: number }[]): void {
    const removal = this.#queue
      .remove(apiKeyId, entries)
      .catch(() => undefined)
      .finally(() => {
        if (this.#removals.get(apiKeyId) === removal) this.#removals.delete(apiKeyId);
      });
    this.#removals.set(apiKeyId, removal);
  }
}
