import type { CoapConnection } from '@mooring/coap';
import type { Timer, Timers } from '@mooring/platform';

/** Tries a connection that has been silent for so long; one that does not answer is given up. */
export class QuietPing {
  readonly #connection: CoapConnection;
  readonly #after: number;
  readonly #timers: Timers;
  #timer: Timer;
  #heard: number;
  #silentLooks = 0;

  /** @param after milliseconds of silence, looked for twice in that time */
  constructor(connection: CoapConnection, after: number, timers: Timers) {
    this.#connection = connection;
    this.#after = after / 2;
    this.#timers = timers;
    this.#heard = connection.channel.lastHeard;
    this.#timer = timers.after(this.#after, () => this.#look());
    void connection.closed.then(() => this.#timer.cancel());
  }

  #look(): void {
    const { lastHeard } = this.#connection.channel;
    // The channel's clock and the timers' differ: what counts is whether anything came since the last look.
    this.#silentLooks = lastHeard === this.#heard ? this.#silentLooks + 1 : 0;
    this.#heard = lastHeard;
    this.#timer = this.#timers.after(this.#after, () => this.#look());
    if (this.#silentLooks < 2) return;
    this.#silentLooks = 0;
    this.#connection.ping().catch((error: Error) => this.#connection.destroy(error));
  }
}
