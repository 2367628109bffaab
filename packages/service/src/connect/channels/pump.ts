import type { ConnectLimits } from '../limits.ts';
import type { NotificationQueue } from './queue.ts';
import { type NotificationMessage, notificationMessage, type Serialization } from './serialization.ts';

/** Delivers a message, or throws where it did not arrive. */
export type Deliver = (message: NotificationMessage) => Promise<void>;

/** Empties the queue of one key, one message after the other, for as long as deliveries succeed. */
export class Pump {
  readonly #queue: NotificationQueue;
  readonly #apiKeyId: string;
  readonly #serialization: Serialization;
  readonly #limits: ConnectLimits;
  readonly #deliver: Deliver;
  #running = false;
  #wakened = false;
  #stopped = false;

  constructor(
    queue: NotificationQueue,
    apiKeyId: string,
    options: { serialization: Serialization; limits: ConnectLimits; deliver: Deliver },
  ) {
    this.#queue = queue;
    this.#apiKeyId = apiKeyId;
    this.#serialization = options.serialization;
    this.#limits = options.limits;
    this.#deliver = options.deliver;
  }

  /** There is something new, or a failed delivery may be tried again. */
  wake(): void {
    this.#wakened = true;
    if (!this.#running) void this.#run();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#wakened && !this.#stopped) {
        this.#wakened = false;
        const entries = await this.#queue.peek(this.#apiKeyId, this.#serialization.chunk ?? this.#limits.chunk);
        if (entries.length === 0) continue;
        await this.#deliver(notificationMessage(entries, this.#serialization));
        await this.#queue.remove(this.#apiKeyId, entries);
        this.#wakened = true;
      }
    } catch {
      // Who delivers knows why it failed, and wakes the pump when it may be tried again.
    } finally {
      this.#running = false;
    }
  }
}
