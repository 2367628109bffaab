import { coapErrors } from '../errors.ts';
import type { Message } from '../message/message.ts';
import { uintBytes } from '../message/option-values.ts';
import { tokenKey } from '../message/token.ts';
import { blockwiseExchange, type ExchangeLimits, type Steps } from './blockwise.ts';
import { Exchange, type ExchangeSurroundings } from './exchange.ts';
import { type Request, type Response, requestCode } from './exchanged.ts';
import type { MessageLayer, Taken } from './message-layer.ts';
import type { Settings } from './settings.ts';
import { Turns } from './turns.ts';

export interface RequestOptions {
  /** Milliseconds for the whole exchange, waiting for its turn included; `limits.requestTime` if not given. */
  readonly timeout?: number | undefined;
  /** Gives up: the promise fails with `coap.cancelled`, and a late answer is rejected. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the whole answer; `limits.bodySize` if not given. */
  readonly bodySize?: number | undefined;
}

/** Whoever is told of the messages that come with a token. */
export interface TokenOwner {
  /** False rejects the message. */
  receive(message: Message): Taken;
  ended(error: Error): void;
}

const tokenLength = 4;

/** Requests of ours: their tokens, their order, their end. */
export class Requests {
  readonly #settings: Settings;
  readonly #around: ExchangeSurroundings;
  #owners: Map<string, TokenOwner> | undefined;
  #exchanges = 0;
  #nextToken: number;
  #closed: Error | undefined;
  #whenIdle: (() => void) | undefined;

  constructor(layer: MessageLayer, settings: Settings) {
    this.#settings = settings;
    this.#around = { layer, turns: new Turns(settings.limits.requests), understood: settings.understood };
    this.#nextToken = Math.floor(settings.random() * 2 ** 32);
  }

  /** Takes no more requests, and tells when there are none. */
  windDown(error: Error, whenIdle: () => void): void {
    this.#closed = error;
    if (this.#exchanges === 0) whenIdle();
    else this.#whenIdle = whenIdle;
  }

  /** Those in use. */
  get tokens(): number {
    return this.#owners?.size ?? 0;
  }

  get layer(): MessageLayer {
    return this.#around.layer;
  }

  exchangeLimits(bodySize = this.#settings.limits.bodySize): ExchangeLimits {
    const { framing } = this.#settings;
    return {
      sizes: this.layer.sizes,
      bodySize,
      // Pelion's clients were seen to take Block1 without Size1.
      announceSize: framing !== 'record',
      // Elsewhere one body goes at a time.
      ...(framing === 'stream' ? { requestTag: uintBytes(this.#nextToken) } : {}),
    };
  }

  newToken(): Uint8Array {
    for (;;) {
      const next = this.#nextToken;
      this.#nextToken = (next + 1) >>> 0;
      const token = new Uint8Array(tokenLength);
      for (let index = 0; index < tokenLength; index++) token[index] = next >>> (8 * (tokenLength - 1 - index));
      if (this.#owners?.has(tokenKey(token)) !== true) return token;
    }
  }

  own(token: Uint8Array, owner: TokenOwner): void {
    this.#owners ??= new Map();
    this.#owners.set(tokenKey(token), owner);
  }

  disown(token: Uint8Array): void {
    this.#owners?.delete(tokenKey(token));
    if (this.#owners?.size === 0) this.#owners = undefined;
  }

  request(request: Request, options: RequestOptions = {}): Promise<Response> {
    return this.exchange(request, blockwiseExchange(request, this.exchangeLimits(options.bodySize)), options);
  }

  /** Runs an exchange with a token of its own. */
  async exchange(request: Request, steps: Steps, options: RequestOptions): Promise<Response> {
    const token = this.newToken();
    try {
      return await this.run(token, request, steps, options, (exchange) =>
        this.own(token, {
          receive(message) {
            if (exchange.expects(message)) exchange.take(message);
            return true;
          },
          ended: (error) => exchange.fail(error),
        }),
      );
    } finally {
      this.disown(token);
    }
  }

  /** Runs an exchange whose token is owned by somebody who passes on what it expects. */
  run(
    token: Uint8Array,
    request: Request,
    steps: Steps,
    options: RequestOptions,
    started: (exchange: Exchange) => void,
  ): Promise<Response> {
    const { limits, timers } = this.#settings;
    const { signal } = options;
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(cancelled(signal));
    if (this.#exchanges >= limits.waitingRequests) {
      const message = `${this.#exchanges} requests wait for this connection, as many as may.`;
      return Promise.reject(coapErrors('coap.busy', { message }));
    }
    return new Promise((resolve, reject) => {
      const abort = () => exchange.fail(cancelled(signal));
      const exchange = new Exchange(
        token,
        requestCode(request),
        request.observe === 0,
        steps,
        this.#around,
        (error, response) => {
          if (--this.#exchanges === 0) this.#whenIdle?.();
          signal?.removeEventListener('abort', abort);
          if (error !== undefined) reject(error);
          else resolve(response as Response);
        },
      );
      this.#exchanges++;
      signal?.addEventListener('abort', abort);
      started(exchange);
      const timeout = options.timeout ?? limits.requestTime;
      const deadline = timers.after(timeout, () => {
        const message = `There was no answer within ${timeout / 1000} s.`;
        exchange.fail(coapErrors('coap.timeout', { message }));
      });
      exchange.start(deadline);
    });
  }

  /** Undefined if nobody asked with this token. */
  receive(message: Message): Taken | undefined {
    return this.#owners?.get(tokenKey(message.token))?.receive(message);
  }

  ended(error: Error): void {
    this.#closed = error;
    const owners = this.#owners;
    this.#owners = undefined;
    for (const owner of owners?.values() ?? []) owner.ended(error);
  }
}

const cancelled = (signal: AbortSignal | undefined) =>
  coapErrors('coap.cancelled', { message: 'The request was given up.', cause: signal?.reason });
