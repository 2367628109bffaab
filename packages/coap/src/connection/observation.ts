import { coapErrors } from '../errors.ts';
import { findBlock } from '../message/block.ts';
import { isSuccess } from '../message/codes.ts';
import type { Message } from '../message/message.ts';
import { optionNumbers } from '../message/option-registry.ts';
import { findUint } from '../message/option-values.ts';
import { blockwiseExchange, restOfNotification, type Steps } from './blockwise.ts';
import type { Exchange } from './exchange.ts';
import { type Request, type Response, readResponse } from './exchanged.ts';
import type { Taken } from './message-layer.ts';
import type { RequestOptions, Requests, TokenOwner } from './requests.ts';
import type { Settings } from './settings.ts';

export interface ObservationListener {
  /**
   * In order and without those that are out of date (RFC 7641 §3.4). With a promise the peer's message is acknowledged only
   * when that is fulfilled, unless it came in blocks: then it was already.
   */
  notification(response: Response): unknown;
  /** Once, except after `cancel` and `forget`: the peer ended it with an error response, or the connection ended. */
  ended?(why: { readonly response?: Response; readonly error?: Error }): void;
}

export interface Observation {
  /** What the registration was answered. */
  readonly response: Response;
  /** False if the peer did not register it: `response` is then a plain answer. */
  readonly active: boolean;
  readonly token: Uint8Array;
  /** Tells the peer (Observe 1), and gives its answer. Nothing is notified after the call. */
  cancel(options?: RequestOptions): Promise<Response>;
  /**
   * Says nothing; the next notification is rejected, which ends the observation too. Over a stream, where nothing can be
   * rejected, the peer is told all the same.
   */
  forget(): void;
}

/** RFC 7641 §3.4: V2 is newer than V1, or so much time has passed that the numbers say nothing. */
const staleAfter = 128_000;
const isNewer = (last: number, next: number): boolean =>
  (last < next && next - last < 2 ** 23) || (last > next && last - next > 2 ** 23);

export interface ObservationSurroundings {
  readonly requests: Requests;
  readonly settings: Settings;
  tell(run: () => void): void;
  fault(error: unknown): void;
}

export async function observe(
  around: ObservationSurroundings,
  request: Request,
  listener: ObservationListener,
  options: RequestOptions = {},
): Promise<Observation> {
  const { observations } = around.settings.limits;
  if (around.requests.tokens >= observations) {
    throw coapErrors('coap.busy', { message: `${around.requests.tokens} tokens are in use on this connection.` });
  }
  const owner = new ObservationOwner(around, request, listener);
  return owner.establish(options);
}

class ObservationOwner implements Observation, TokenOwner {
  readonly token: Uint8Array;
  readonly #around: ObservationSurroundings;
  readonly #request: Request;
  readonly #listener: ObservationListener;
  #exchange: Exchange | undefined;
  #response: Response | undefined;
  #state: 'asking' | 'active' | 'over' = 'asking';
  #newest: Message | undefined;
  #gathering = false;
  #number: number | undefined;
  #heard = 0;

  constructor(around: ObservationSurroundings, request: Request, listener: ObservationListener) {
    this.token = around.requests.newToken();
    this.#around = around;
    this.#request = request;
    this.#listener = listener;
  }

  get response(): Response {
    if (this.#response === undefined) throw new Error('The observation is not answered.');
    return this.#response;
  }

  get active(): boolean {
    return this.#state === 'active';
  }

  async establish(options: RequestOptions): Promise<this> {
    this.#around.requests.own(this.token, this);
    try {
      const asked = { ...this.#request, observe: 0 };
      const steps = blockwiseExchange(asked, this.#around.requests.exchangeLimits(options.bodySize));
      const response = await this.#run(asked, steps, options);
      this.#response = response;
      if (isSuccess(response.code) && response.observe !== undefined) {
        this.#state = 'active';
        this.#number = response.observe;
        this.#heard = this.#around.settings.timers.now();
        this.#next();
      } else this.#end();
      return this;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async cancel(options: RequestOptions = {}): Promise<Response> {
    const asked = { ...this.#request, observe: 1 };
    this.#state = 'over';
    this.#newest = undefined;
    this.#around.requests.own(this.token, this);
    this.#exchange?.fail(coapErrors('coap.cancelled', { message: 'The observation was cancelled.' }));
    try {
      // The token is what names the observation.
      const steps = blockwiseExchange(asked, this.#around.requests.exchangeLimits(options.bodySize));
      return await this.#run(asked, steps, options);
    } finally {
      this.#around.requests.disown(this.token);
    }
  }

  forget(): void {
    const tell = this.#state === 'active' && this.#around.settings.framing === 'stream';
    this.#end();
    if (tell) this.cancel().catch(() => {});
  }

  #end(): void {
    this.#state = 'over';
    this.#newest = undefined;
    this.#around.requests.disown(this.token);
  }

  receive(message: Message): Taken {
    if (this.#exchange?.expects(message)) {
      this.#exchange.take(message);
      return true;
    }
    if (this.#state === 'over') return false;
    const number = findUint(message.options, optionNumbers.observe);
    if (number === undefined) {
      // An error, or a last representation: the observation is over (RFC 7641 §3.2). While asking, a repetition.
      if (this.#state === 'active') this.#lastResponse(message);
      return true;
    }
    const now = this.#around.settings.timers.now();
    const inOrder = this.#around.requests.layer.ordered || this.#number === undefined;
    if (!inOrder && !isNewer(this.#number as number, number) && now - this.#heard <= staleAfter) return true;
    const before = this.#number;
    this.#number = number;
    this.#heard = now;
    this.#newest = message;
    return (
      this.#next()?.catch((error: unknown) => {
        // So that its repetition is not out of date.
        if (this.#number === number) this.#number = before;
        throw error;
      }) ?? true
    );
  }

  ended(error: Error): void {
    const wasActive = this.#state === 'active';
    this.#state = 'over';
    this.#newest = undefined;
    this.#exchange?.fail(error);
    if (wasActive) this.#around.tell(() => this.#listener.ended?.({ error }));
  }

  #lastResponse(message: Message): void {
    const response = readResponse(message, message.payload);
    this.#end();
    this.#around.tell(() => this.#listener.ended?.({ response }));
  }

  #next(): Promise<void> | undefined {
    const message = this.#newest;
    if (message === undefined || this.#gathering || this.#state !== 'active') return undefined;
    this.#newest = undefined;
    if (findBlock(message.options, optionNumbers.block2)?.more !== true) {
      return this.#notify(readResponse(message, message.payload));
    }
    void this.#gather(message);
    return undefined;
  }

  async #gather(first: Message): Promise<void> {
    this.#gathering = true;
    // The notification is acknowledged first.
    await Promise.resolve();
    const steps = restOfNotification(this.#request, first, this.#around.requests.exchangeLimits());
    try {
      // Pelion's clients know what they sent in blocks by the token it began with.
      const response = await (this.#around.settings.framing === 'record'
        ? this.#run(this.#request, steps, {})
        : this.#around.requests.exchange(this.#request, steps, {}));
      this.#gathering = false;
      if (this.#state === 'active') {
        const whole = { ...response, observe: findUint(first.options, optionNumbers.observe) };
        this.#notify(whole)?.catch((error: unknown) => this.#around.fault(error));
      }
      this.#next()?.catch((error: unknown) => this.#around.fault(error));
    } catch (error) {
      this.#gathering = false;
      if (this.#state !== 'active') return;
      this.forget();
      this.#around.tell(() => this.#listener.ended?.({ error: error as Error }));
    }
  }

  #notify(response: Response): Promise<void> | undefined {
    let told: unknown;
    this.#around.tell(() => {
      told = this.#listener.notification(response);
    });
    return told instanceof Promise ? told : undefined;
  }

  async #run(request: Request, steps: Steps, options: RequestOptions): Promise<Response> {
    let own: Exchange | undefined;
    try {
      return await this.#around.requests.run(this.token, request, steps, options, (exchange) => {
        own = this.#exchange = exchange;
      });
    } finally {
      if (this.#exchange === own) this.#exchange = undefined;
    }
  }
}
