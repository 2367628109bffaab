import { backgroundTimers, type Timers } from '@mooring/platform';
import type { ChannelEnd } from '@mooring/transport';
import type { ByteBudget } from './byte-budget.ts';
import type { Answer, IncomingRequest, Response } from './exchanged.ts';
import { defaultLimits, type Framing, type Limits } from './limits.ts';
import { type Sizes, sizesFor } from './message-layer.ts';
import type { RequestContext } from './request-context.ts';

/** `Connection` is the CoapConnection. One object may serve any number of connections, and should. */
export interface ConnectionOptions<Connection> {
  /**
   * `record`: Pelion's, one message with a datagram's head per TLS record. `stream`: RFC 8323. `datagram`: RFC 7252 over DTLS.
   */
  readonly framing: Framing;
  /**
   * Answers requests, each of them whole and once, however often it is repeated. Without it they are answered 4.04.
   * Where it throws, the peer is told 5.00 and `fault` the error.
   */
  handler?(request: IncomingRequest, context: RequestContext<Connection>): Answer | Promise<Answer>;
  /**
   * Responses with a token that nobody here asked with: Pelion's auto-observation, and observations made on an earlier
   * connection. True takes it; otherwise it is rejected, which ends an observation. With a promise it is acknowledged only when
   * that is fulfilled.
   */
  unsolicited?(token: Uint8Array, response: Response, connection: Connection): boolean | Promise<void>;
  /** The connection is over. */
  ended?(end: ChannelEnd, connection: Connection): void;
  /** Errors of `handler` and of listeners: faults of the program. */
  fault?(error: unknown, connection: Connection): void;
  readonly timers?: Timers;
  /** 0 to below 1. Spreads retransmissions, and starts message ids and tokens. */
  random?(): number;
  readonly limits?: Partial<Limits>;
  /** What all connections together may gather of request bodies; more is answered 5.03. No bound if not given. */
  readonly gathered?: ByteBudget;
  /** Numbers of critical options that `handler` understands besides the registered ones. */
  readonly understood?: ReadonlySet<number>;
}

/** The options with all that has a default. */
export interface Settings {
  readonly framing: Framing;
  readonly limits: Limits;
  readonly timers: Timers;
  readonly random: () => number;
  /** Payloads that go out, unless a peer says that it takes more. */
  readonly sizes: Sizes;
  readonly understood: ReadonlySet<number> | undefined;
  readonly gathered: ByteBudget | undefined;
}

const known = new WeakMap<object, Settings>();

/** The same object for the same options: thousands of connections share it. */
export function settingsOf(options: ConnectionOptions<never>): Settings {
  let settings = known.get(options);
  if (settings === undefined) {
    const limits = { ...defaultLimits[options.framing], ...options.limits };
    settings = {
      framing: options.framing,
      limits,
      timers: options.timers ?? backgroundTimers,
      random: options.random ?? Math.random,
      sizes: sizesFor(limits.blockSize),
      understood: options.understood,
      gathered: options.gathered,
    };
    known.set(options, settings);
  }
  return settings;
}
