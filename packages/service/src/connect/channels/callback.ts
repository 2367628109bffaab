import type { Clock, Timer, Timers } from '@mooring/platform';
import type { ConnectLimits } from '../limits.ts';
import type { Channel } from './channel-store.ts';
import { Pump } from './pump.ts';
import type { NotificationQueue } from './queue.ts';
import type { NotificationMessage } from './serialization.ts';

export type CallbackTarget = NonNullable<Channel['callback']>;

/** Sends one message to a callback. @returns the HTTP status, or undefined where nothing answered */
export type SendCallback = (target: CallbackTarget, body: string, timeout: number) => Promise<number | undefined>;

/** The contract's: PUT, 200 or 204, no redirects. */
export const sendCallback: SendCallback = async ({ url, headers }, body, timeout) => {
  try {
    const response = await fetch(url, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    return undefined;
  }
};

export const tookIt = (status: number | undefined): boolean => status === 200 || status === 204;

/** Delivers to a callback, with a growing pause after failures, until it has failed for a day. */
export class CallbackDelivery {
  readonly #limits: ConnectLimits;
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #send: SendCallback;
  readonly #target: CallbackTarget;
  readonly #pump: Pump;
  readonly #gaveUp: () => void;
  readonly #delivered: () => void;
  #failures = 0;
  #failingSince: number | undefined;
  #retry: Timer | undefined;

  constructor(
    queue: NotificationQueue,
    channel: Channel & { callback: CallbackTarget },
    world: {
      limits: ConnectLimits;
      timers: Timers;
      clock: Clock;
      send: SendCallback;
      delivered: () => void;
      /** It failed for too long: the channel is to be deleted. */
      gaveUp: () => void;
    },
  ) {
    this.#limits = world.limits;
    this.#timers = world.timers;
    this.#clock = world.clock;
    this.#send = world.send;
    this.#target = channel.callback;
    this.#gaveUp = world.gaveUp;
    this.#delivered = world.delivered;
    this.#pump = new Pump(queue, channel.apiKeyId, {
      serialization: channel.serialization,
      limits: world.limits,
      deliver: (message) => this.#deliver(message),
    });
  }

  wake(): void {
    if (this.#retry === undefined) this.#pump.wake();
  }

  stop(): void {
    this.#retry?.cancel();
    this.#pump.stop();
  }

  async #deliver(message: NotificationMessage): Promise<void> {
    const status = await this.#send(this.#target, JSON.stringify(message), this.#limits.callbackTimeout);
    if (tookIt(status)) {
      this.#failures = 0;
      this.#failingSince = undefined;
      this.#delivered();
      return;
    }
    const now = this.#clock.now().getTime();
    this.#failingSince ??= now;
    if (now - this.#failingSince >= this.#limits.callbackGiveUp) {
      this.stop();
      this.#gaveUp();
    } else {
      const pause = Math.min(this.#limits.callbackFirstRetry * 2 ** this.#failures++, this.#limits.callbackMostRetry);
      this.#retry = this.#timers.after(pause, () => {
        this.#retry = undefined;
        this.#pump.wake();
      });
    }
    throw new Error(`the callback answered ${status ?? 'nothing'}`);
  }
}
