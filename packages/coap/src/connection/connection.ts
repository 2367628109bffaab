import type { ChannelEnd, SecureChannel } from '@mooring/transport';
import { coapErrors } from '../errors.ts';
import { findBlock } from '../message/block.ts';
import { codes } from '../message/codes.ts';
import type { Message } from '../message/message.ts';
import { optionNumbers, recognizedOptions } from '../message/option-registry.ts';
import { DatagramLayer } from './datagram-layer.ts';
import { type Download, type DownloadOptions, downloadBlocks } from './download.ts';
import { type Answer, type IncomingRequest, type Request, type Response, readResponse } from './exchanged.ts';
import { IncomingRequests } from './incoming.ts';
import type { LayerUser, MessageLayer } from './message-layer.ts';
import { type Observation, type ObservationListener, ObservationOwner } from './observation.ts';
import { type RequestOptions, Requests } from './requests.ts';
import { type ConnectionOptions, type Settings, settingsOf } from './settings.ts';
import { StreamLayer } from './stream-layer.ts';
import { type Subscription, type SubscriptionListener, Subscriptions } from './subscriptions.ts';
import { Sweeper } from './sweeper.ts';

export type CoapOptions = ConnectionOptions<CoapConnection>;

/** CoAP with one peer, both as client and as server. */
export class CoapConnection {
  readonly channel: SecureChannel;
  /** When the connection is over, by whomever. Never fails. */
  readonly closed: Promise<ChannelEnd>;
  readonly #options: CoapOptions;
  readonly #settings: Settings;
  readonly #layer: MessageLayer;
  readonly #requests: Requests;
  readonly #incoming: IncomingRequests;
  readonly #subscriptions: Subscriptions;
  readonly #sweeper: Sweeper;
  #resolveClosed: ((end: ChannelEnd) => void) | undefined;

  /** Listens to the channel from now on. */
  constructor(channel: SecureChannel, options: CoapOptions) {
    const settings = settingsOf(options);
    this.channel = channel;
    this.#options = options;
    this.#settings = settings;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#sweeper = new Sweeper(settings.timers, (now) => this.#expire(now));
    const user: LayerUser = {
      request: (message, reply) => this.#incoming.take(message, reply),
      response: (message) => this.#receive(message),
      ended: (end) => this.#ended(end),
      released: () => this.#windDown(),
    };
    this.#layer =
      settings.framing === 'stream'
        ? new StreamLayer(channel, user, settings)
        : new DatagramLayer(channel, user, settings, this.#sweeper);
    const tell = (run: () => void) => this.#tell(run);
    this.#requests = new Requests(this.#layer, settings);
    this.#incoming = new IncomingRequests(this.#layer, settings, this.#sweeper, {
      handle: (request, signal) => this.#handle(request, signal),
      fault: (error) => this.#options.fault?.(error, this),
    });
    this.#subscriptions = new Subscriptions(this.#layer, settings.limits.observations, tell);
  }

  /**
   * Sends a request, in blocks where it is large, and gathers the answer. An error code is an answer like any other.
   * Fails with `coap.timeout`, `coap.reset`, `coap.closed`, `coap.cancelled`, `coap.busy`, `coap.message.too.large`,
   * `coap.response.invalid`, `coap.body.too.large` or `coap.body.changed`.
   */
  request(request: Request, options?: RequestOptions): Promise<Response> {
    return this.#requests.request(request, options);
  }

  /** Observes what the request asks for. Fails as `request` does; a peer that does not register it is no failure. */
  async observe(request: Request, listener: ObservationListener, options: RequestOptions = {}): Promise<Observation> {
    const { observations } = this.#settings.limits;
    if (this.#requests.tokens >= observations + this.#settings.limits.waitingRequests)
      throw coapErrors('coap.busy', {
        message: `This connection has ${observations} observations, as many as it may.`,
      });
    const owner = new ObservationOwner(this.#requests, this.#settings, request, listener, (run) => this.#tell(run));
    return owner.establish(options);
  }

  /**
   * Reads something large block by block, each with a request of its own and a new token, as Pelion's clients fetch
   * firmware. Fails as `request` does, with `coap.refused` for an error code.
   */
  download(request: Request, options?: DownloadOptions): AsyncGenerator<Download, void> {
    return downloadBlocks(this.#requests, request, options);
  }

  /**
   * The handler took a request to observe that has this token; or both ends know of the observation without a request.
   * One that had this token ends. Fails with `coap.busy` where there are `limits.observations`.
   */
  subscribe(token: Uint8Array, listener: SubscriptionListener = {}): Subscription {
    return this.#subscriptions.add(token, listener);
  }

  subscription(token: Uint8Array): Subscription | undefined {
    return this.#subscriptions.find(token);
  }

  /** Whether the peer is there. Fails with `coap.timeout` or `coap.closed`. */
  ping(): Promise<void> {
    return this.#layer.ping();
  }

  /** Ends after what is on its way. What waits for an answer fails with `coap.closed`. */
  close(): Promise<ChannelEnd> {
    this.#layer.close();
    return this.closed;
  }

  /** Ends at once. */
  destroy(error?: Error): void {
    this.#layer.destroy(error);
  }

  #handle(request: IncomingRequest, signal: () => AbortSignal): Answer | Promise<Answer> {
    const { handler } = this.#options;
    if (handler === undefined) return { code: codes.notFound };
    return handler(request, {
      connection: this,
      get signal() {
        return signal();
      },
    });
  }

  /** False rejects the message. */
  #receive(message: Message): boolean {
    const wanted = this.#requests.receive(message);
    if (wanted !== undefined || this.#options.unsolicited === undefined) return wanted ?? false;
    const { options, refused } = recognizedOptions(message.options, this.#settings.understood);
    if (refused !== undefined) return false;
    const incomplete = findBlock(options, optionNumbers.block2)?.more === true;
    const response = readResponse({ ...message, options }, message.payload, incomplete);
    let taken = false;
    this.#tell(() => {
      taken = this.#options.unsolicited?.(new Uint8Array(message.token), response, this) === true;
    });
    return taken;
  }

  #ended(end: ChannelEnd): void {
    this.#sweeper.stop();
    const cause = end.error;
    const error = coapErrors('coap.closed', {
      message: end.byPeer ? 'The other end closed the connection.' : 'The connection ended.',
      cause,
    });
    this.#incoming.end();
    this.#requests.ended(error);
    this.#subscriptions.ended(error);
    this.#resolveClosed?.(end);
  }

  #windDown(): void {
    const closeIfIdle = () => {
      if (this.#requests.idle && this.#incoming.idle) this.channel.close();
    };
    this.#requests.windDown(
      coapErrors('coap.closed', { message: 'The other end is about to close the connection.' }),
      closeIfIdle,
    );
    this.#incoming.whenIdle = closeIfIdle;
    closeIfIdle();
  }

  #expire(now: number): number | undefined {
    const layer = this.#layer.expire(now);
    const incoming = this.#incoming.expire(now);
    return layer === undefined ? incoming : incoming === undefined ? layer : Math.min(layer, incoming);
  }

  /** Faults of those who are told are not the connection's. */
  #tell(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#options.fault?.(error, this);
    }
  }
}
