import { type Answer, type CoapConnection, isSuccess, type Subscription } from '@mooring/coap';
import type { Timer, Timers } from '@mooring/platform';
import { isWithin, type Path } from '../model/path.ts';
import type { AttributeStore } from './attributes.ts';
import { isWorthTelling, type LastSent, notificationVerdict } from './notification-rule.ts';

/** What is watched, and how it is told. */
export interface Watched {
  readonly paths: readonly Path[];
  /** The device notifies by itself; no server asked. */
  readonly auto: boolean;
  /** The notification as of now. */
  answer(): Answer;
  /** Where one number is observed: what it is now. */
  number(): number | undefined;
}

/** What is watched when no connection is there: enough to go on with it on the next one. */
export interface Interrupted {
  readonly token: Uint8Array;
  readonly watched: Watched;
  readonly last: LastSent;
  /** A change was not told, or not heard. */
  readonly changed: boolean;
}

/** Both ways: a change below what is observed, or of what it lies in. */
const touches = (path: Path, observed: Path): boolean => isWithin(path, observed) || isWithin(observed, path);

/** One thing that a server observes, or that the device notifies of by itself. */
class Observed {
  readonly watched: Watched;
  readonly subscription: Subscription;
  readonly #attributes: AttributeStore;
  readonly #timers: Timers;
  #last: LastSent;
  #changed: boolean;
  /** What is sent and not acknowledged may have to be said again. */
  #unheard = false;
  #waiting: ((heard: boolean) => void)[] | undefined;
  #timer: Timer | undefined;

  constructor(
    watched: Watched,
    subscription: Subscription,
    attributes: AttributeStore,
    timers: Timers,
    interrupted: Pick<Interrupted, 'last' | 'changed'> | undefined,
  ) {
    this.watched = watched;
    this.subscription = subscription;
    this.#attributes = attributes;
    this.#timers = timers;
    this.#last = interrupted?.last ?? { at: timers.now(), value: watched.number() };
    this.#changed = interrupted?.changed ?? false;
  }

  valueChanged(path: Path): void {
    if (!this.touches(path)) return;
    this.#changed ||= isWorthTelling(this.#rules(), this.#last.value, this.watched.number());
    this.look();
  }

  /** Sends what is due, or waits until something is. */
  look(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const now = this.#timers.now();
    const { send, lookAgainAt } = notificationVerdict(this.#rules(), this.#last, this.#changed, now);
    if (send) this.#send(now);
    else if (lookAgainAt !== undefined) this.#timer = this.#timers.after(lookAgainAt - now, () => this.look());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#settle(false);
  }

  touches(path: Path): boolean {
    return this.watched.paths.some((observed) => touches(path, observed));
  }

  /** True when everything up to now is acknowledged; false where that will not be, or not on this connection. */
  heard(): Promise<boolean> {
    if (!this.#changed && !this.#unheard) return Promise.resolve(true);
    return new Promise((resolve) => {
      (this.#waiting ??= []).push(resolve);
    });
  }

  #settle(heard: boolean): void {
    for (const resolve of this.#waiting ?? []) resolve(heard);
    this.#waiting = undefined;
  }

  interrupted(): Interrupted {
    const { watched, subscription } = this;
    return { token: subscription.token, watched, last: this.#last, changed: this.#changed || this.#unheard };
  }

  #rules() {
    const [path] = this.watched.paths;
    // What is observed in several places at once goes by the first of them.
    return path ? this.#attributes.effective(path) : {};
  }

  #send(now: number): void {
    this.#last = { at: now, value: this.watched.number() };
    this.#changed = false;
    this.#unheard = true;
    const { observe: _, payload, ...answer } = this.watched.answer();
    const notification = { ...answer, ...(payload instanceof Uint8Array ? { payload } : {}) };
    void this.subscription.notify(notification).then((fate) => {
      if (fate !== 'acknowledged') return;
      this.#unheard = false;
      if (!this.#changed) this.#settle(true);
    });
    if (isSuccess(answer.code)) this.look();
  }
}

const keyOf = (token: Uint8Array): string => Buffer.from(token).toString('hex');

/** All that is observed of one device on its connection. */
export class Notifications {
  readonly #attributes: AttributeStore;
  readonly #timers: Timers;
  readonly #givesUpConnection: boolean;
  #observed: Map<string, Observed> | undefined;

  /** @param givesUpConnection a notification that nobody acknowledges means that the connection is dead */
  constructor(attributes: AttributeStore, timers: Timers, givesUpConnection: boolean) {
    this.#attributes = attributes;
    this.#timers = timers;
    this.#givesUpConnection = givesUpConnection;
  }

  /** Watches from now on, in place of what had this token. Fails with `coap.busy` where too much is observed. */
  add(
    connection: CoapConnection,
    token: Uint8Array,
    watched: Watched,
    interrupted?: Pick<Interrupted, 'last' | 'changed'>,
  ): Subscription {
    const key = keyOf(token);
    this.#observed?.get(key)?.stop();
    const subscription = connection.subscribe(token, {
      cancelled: (error) => {
        const { code } = error as { code?: string };
        // The end of the connection is told on its own; the observation may go on over the next one.
        if (code === 'coap.closed') return;
        if (code === 'coap.timeout' && this.#givesUpConnection) connection.destroy(error);
        else this.#remove(key, subscription);
      },
    });
    const observed = new Observed(watched, subscription, this.#attributes, this.#timers, interrupted);
    this.#observed ??= new Map();
    this.#observed.set(key, observed);
    observed.look();
    return subscription;
  }

  has(token: Uint8Array): boolean {
    return this.#observed?.has(keyOf(token)) === true;
  }

  /** The server does not want it any more. */
  cancel(token: Uint8Array): void {
    const key = keyOf(token);
    const found = this.#observed?.get(key);
    if (!found) return;
    found.subscription.end();
    this.#remove(key, found.subscription);
  }

  valueChanged(path: Path): void {
    for (const observed of this.#observed?.values() ?? []) observed.valueChanged(path);
  }

  /** Whether what is to be told of the path is heard; false where nobody observes it. */
  async heard(path: Path): Promise<boolean> {
    const observed = [...(this.#observed?.values() ?? [])].filter((one) => one.touches(path));
    const heard = await Promise.all(observed.map((one) => one.heard()));
    return heard.length > 0 && heard.every((one) => one);
  }

  /** Attributes were written: what is waited for may have become due. */
  attributesChanged(): void {
    for (const observed of this.#observed?.values() ?? []) observed.look();
  }

  /** Ends everything, without a word to the server. */
  clear(): Interrupted[] {
    const all = [...(this.#observed?.values() ?? [])];
    this.#observed = undefined;
    const interrupted = all.map((observed) => observed.interrupted());
    for (const observed of all) {
      observed.stop();
      observed.subscription.end();
    }
    return interrupted;
  }

  #remove(key: string, subscription: Subscription): void {
    const found = this.#observed?.get(key);
    if (found?.subscription !== subscription) return;
    found.stop();
    this.#observed?.delete(key);
  }
}
