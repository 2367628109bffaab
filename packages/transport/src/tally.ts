import type { ListenerStats } from './listener.ts';
import type { RefusalReason } from './refusal.ts';

/** What a listener counts. */
export class Tally {
  accepted = 0;
  established = 0;
  silent = 0;
  readonly #refused: Partial<Record<RefusalReason, number>> = {};

  refuse(reason: RefusalReason): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
  }

  stats(channels: number, handshakes: number): ListenerStats {
    const { accepted, established, silent } = this;
    return { channels, handshakes, accepted, established, silent, refused: { ...this.#refused } };
  }
}
