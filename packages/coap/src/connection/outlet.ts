import type { Timer } from '@mooring/platform';
import type { SecureChannel } from '@mooring/transport';
import { coapErrors } from '../errors.ts';
import type { Settings } from './settings.ts';

/** What a channel takes in one call. */
const largestSend = 16_384;

/**
 * The way out. While the peer takes less than it asks for, nothing more is read from it, so that its own requests cannot
 * fill our memory with answers; one that takes nothing at all for a while is cut off.
 */
export class Outlet {
  readonly #channel: SecureChannel;
  readonly #settings: Settings;
  #stalled: Timer | undefined;
  #waiting: (() => void)[] | undefined;
  #blocked = false;

  constructor(channel: SecureChannel, settings: Settings) {
    this.#channel = channel;
    this.#settings = settings;
  }

  send(bytes: Uint8Array): void {
    if (bytes.length <= largestSend) this.#send(bytes);
    else for (let at = 0; at < bytes.length; at += largestSend) this.#send(bytes.subarray(at, at + largestSend));
  }

  #send(bytes: Uint8Array): void {
    if (this.#channel.send(bytes)) return;
    this.#blocked = true;
    const { limits, timers } = this.#settings;
    if (this.#stalled !== undefined || this.#channel.pending <= limits.pendingBytes) return;
    this.#channel.pause();
    this.#stalled = timers.after(limits.stallTime, () => {
      const message = `The other end took nothing for ${limits.stallTime / 1000} s while ${this.#channel.pending} bytes waited for it.`;
      this.#channel.destroy(coapErrors('coap.peer.stalled', { message }));
    });
  }

  /** Runs when the channel takes more: at once, or after `drained`. */
  whenReady(run: () => void): void {
    if (!this.#blocked) queueMicrotask(run);
    else (this.#waiting ??= []).push(run);
  }

  drained(): void {
    this.#blocked = false;
    if (this.#stalled !== undefined) {
      this.#stalled.cancel();
      this.#stalled = undefined;
      this.#channel.resume();
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const run of waiting ?? []) run();
  }

  stop(): void {
    this.#stalled?.cancel();
    this.#waiting = undefined;
  }
}
