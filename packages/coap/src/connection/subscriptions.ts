import { coapErrors } from '../errors.ts';
import { blockOption } from '../message/block.ts';
import { isSuccess } from '../message/codes.ts';
import { noBytes } from '../message/message.ts';
import { optionNumbers } from '../message/option-registry.ts';
import { uintOption } from '../message/option-values.ts';
import { tokenKey } from '../message/token.ts';
import { type Answer, answerOptions } from './exchanged.ts';
import type { MessageLayer, Sending } from './message-layer.ts';
import { type Turn, Turns } from './turns.ts';

/** A notification without a body that is read piece by piece: its first block is all that is sent unasked. */
export interface Notification extends Omit<Answer, 'observe' | 'payload'> {
  readonly payload?: Uint8Array | undefined;
}

/** What became of a notification. `replaced`: a newer one was sent instead. `cancelled`: nobody wants it any more. */
export type NotificationFate = 'acknowledged' | 'replaced' | 'cancelled';

/** The peer's observation of something of ours. */
export interface Subscription {
  readonly token: Uint8Array;
  readonly active: boolean;
  /** The number for the answer to the registration; each one is above the one before. */
  nextNumber(): number;
  /**
   * Sends a confirmable notification when those before it, of all subscriptions, are acknowledged. Of several that wait
   * the last one is sent (RFC 7641 §4.5). An error code ends the subscription.
   */
  notify(notification: Notification): Promise<NotificationFate>;
  /** The peer cancelled it, or it was replaced. Nothing is sent. */
  end(): void;
}

export interface SubscriptionListener {
  /** Once, and not after `end()`: the peer rejected a notification, did not acknowledge it, or the connection ended. */
  cancelled?(error: Error): void;
}

interface Waiting {
  readonly notification: Notification;
  readonly resolve: (fate: NotificationFate) => void;
}

/** RFC 7641 §3.4: 24 bits. The answer to the registration has the first number. */
const numbers = 2 ** 24;

class OneSubscription implements Subscription, Turn {
  readonly token: Uint8Array;
  readonly #all: Subscriptions;
  readonly #listener: SubscriptionListener;
  #number = 1;
  #waiting: Waiting | undefined;
  #sent: Waiting | undefined;
  #sending: Sending | undefined;
  #active = true;

  constructor(token: Uint8Array, all: Subscriptions, listener: SubscriptionListener) {
    this.token = token;
    this.#all = all;
    this.#listener = listener;
  }

  get active(): boolean {
    return this.#active;
  }

  nextNumber(): number {
    this.#number = (this.#number + 1) % numbers;
    return this.#number;
  }

  notify(notification: Notification): Promise<NotificationFate> {
    if (!this.#active) return Promise.resolve('cancelled');
    return new Promise((resolve) => {
      const replaced = this.#waiting;
      this.#waiting = { notification, resolve };
      if (replaced !== undefined) replaced.resolve('replaced');
      else if (this.#sent === undefined && this.#all.turns.take(this)) this.begin();
    });
  }

  begin(): void {
    const next = this.#waiting;
    this.#waiting = undefined;
    if (next === undefined) {
      this.#all.turns.done();
      return;
    }
    this.#sent = next;
    const { notification } = next;
    const goesOn = isSuccess(notification.code);
    try {
      this.#sending = this.#all.layer.send(this.#message(notification, goesOn), {
        acknowledged: () => {
          if (!goesOn) this.#wantNoMore();
          this.#settle('acknowledged');
        },
        failed: (error) => this.fail(error),
      });
    } catch (error) {
      this.fail(error as Error);
    }
  }

  end(): void {
    if (!this.#active) return;
    this.#wantNoMore();
    if (this.#sent !== undefined) {
      this.#sending?.cancel();
      this.#settle('cancelled');
    }
  }

  fail(error: Error): void {
    if (!this.#active) return;
    this.end();
    this.#all.tell(() => this.#listener.cancelled?.(error));
  }

  #message(notification: Notification, goesOn: boolean) {
    const { sizes } = this.#all.layer;
    const payload = notification.payload ?? noBytes;
    const options = answerOptions(goesOn ? { ...notification, observe: this.nextNumber() } : notification);
    if (payload.length <= sizes.whole) return { code: notification.code, token: this.token, options, payload };
    // The peer fetches the rest (RFC 7959 §2.6).
    options.push(blockOption(optionNumbers.block2, { number: 0, more: true, sizeExponent: sizes.sizeExponent }));
    options.push(uintOption(optionNumbers.size2, payload.length));
    return { code: notification.code, token: this.token, options, payload: payload.subarray(0, sizes.block) };
  }

  #wantNoMore(): void {
    this.#active = false;
    this.#all.remove(this);
    this.#waiting?.resolve('cancelled');
    this.#waiting = undefined;
    this.#all.turns.leave(this);
  }

  #settle(fate: NotificationFate): void {
    const sent = this.#sent;
    if (sent === undefined) return;
    this.#sent = undefined;
    this.#sending = undefined;
    sent.resolve(fate);
    this.#all.turns.done();
    if (this.#waiting !== undefined && this.#all.turns.take(this)) this.begin();
  }
}

/**
 * What the peer observes here. Notifications go one at a time, each after the acknowledgement of the one before, but not
 * behind requests of ours: the peer may wait for one before it answers.
 */
export class Subscriptions {
  readonly layer: MessageLayer;
  readonly turns: Turns;
  readonly tell: (run: () => void) => void;
  readonly #most: number;
  #all: Map<string, OneSubscription> | undefined;

  constructor(layer: MessageLayer, most: number, tell: (run: () => void) => void) {
    this.layer = layer;
    this.turns = new Turns(1);
    this.#most = most;
    this.tell = tell;
  }

  add(token: Uint8Array, listener: SubscriptionListener): Subscription {
    const key = tokenKey(token);
    this.#all?.get(key)?.end();
    this.#all ??= new Map();
    if (this.#all.size >= this.#most)
      throw coapErrors('coap.busy', { message: `The other end observes ${this.#most} things already.` });
    const subscription = new OneSubscription(new Uint8Array(token), this, listener);
    this.#all.set(key, subscription);
    return subscription;
  }

  find(token: Uint8Array): Subscription | undefined {
    return this.#all?.get(tokenKey(token));
  }

  remove(subscription: Subscription): void {
    const key = tokenKey(subscription.token);
    if (this.#all?.get(key) === subscription) this.#all.delete(key);
    if (this.#all?.size === 0) this.#all = undefined;
  }

  ended(error: Error): void {
    for (const subscription of [...(this.#all?.values() ?? [])]) subscription.fail(error);
  }
}
