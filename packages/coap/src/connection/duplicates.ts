/** What a message got for an answer, as it was sent; undefined while there is none. */
export interface Received {
  readonly at: number;
  answer: Uint8Array | undefined;
}

/**
 * Message ids that were seen, each with the answer that a repetition gets (RFC 7252 §4.5). Bounded by number and time.
 */
export class Duplicates {
  readonly #most: number;
  readonly #time: number;
  /** In the order of coming. */
  #received: Map<number, Received> | undefined;

  constructor(most: number, time: number) {
    this.#most = most;
    this.#time = time;
  }

  find(id: number, now: number): Received | undefined {
    const received = this.#received?.get(id);
    if (received === undefined || now - received.at < this.#time) return received;
    this.#received?.delete(id);
    return undefined;
  }

  add(id: number, now: number): Received {
    const received: Received = { at: now, answer: undefined };
    this.#received ??= new Map();
    this.#received.set(id, received);
    if (this.#received.size > this.#most) {
      for (const oldest of this.#received.keys()) {
        this.#received.delete(oldest);
        break;
      }
    }
    return received;
  }

  /** What it led to came to nothing: a repetition is as good as new. */
  forget(id: number, received: Received): void {
    if (this.#received?.get(id) === received) this.#received.delete(id);
  }

  expire(now: number): number | undefined {
    for (const [id, { at }] of this.#received ?? []) {
      if (now - at < this.#time) return at + this.#time;
      this.#received?.delete(id);
    }
    this.#received = undefined;
    return undefined;
  }
}
