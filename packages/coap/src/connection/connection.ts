import type { ChannelEnd, SecureChannel } from '@mooring/transport';
import { Dispatch } from './dispatch.ts';
import { type Download, type DownloadOptions, downloadBlocks } from './download.ts';
import type { Request, Response } from './exchanged.ts';
import { type Observation, type ObservationListener, observe } from './observation.ts';
import type { RequestOptions } from './requests.ts';
import type { ConnectionOptions } from './settings.ts';
import type { Subscription, SubscriptionListener } from './subscriptions.ts';

export type CoapOptions = ConnectionOptions<CoapConnection>;

/** CoAP with one peer, both as client and as server. */
export class CoapConnection {
  readonly channel: SecureChannel;
  readonly #dispatch: Dispatch<CoapConnection>;

  /** Listens to the channel from now on. Share the options among connections: they are read once. */
  constructor(channel: SecureChannel, options: CoapOptions) {
    this.channel = channel;
    this.#dispatch = new Dispatch<CoapConnection>(this, channel, options);
  }

  /** When the connection is over, by whomever. Never fails. For many connections, `ended` of the options costs less. */
  get closed(): Promise<ChannelEnd> {
    return new Promise((resolve) => this.#dispatch.whenEnded(resolve));
  }

  /**
   * Sends a request, in blocks where it is large, and gathers the answer. An error code is an answer like any other.
   * Fails with `coap.timeout`, `coap.reset`, `coap.closed`, `coap.cancelled`, `coap.busy`, `coap.message.too.large`,
   * `coap.response.invalid`, `coap.body.too.large` or `coap.body.changed`.
   */
  request(request: Request, options?: RequestOptions): Promise<Response> {
    return this.#dispatch.requests.request(request, options);
  }

  /** Observes what the request asks for. Fails as `request` does; a peer that does not register it is no failure. */
  observe(request: Request, listener: ObservationListener, options?: RequestOptions): Promise<Observation> {
    return observe(this.#dispatch, request, listener, options);
  }

  /**
   * Reads something large block by block, each with a request of its own and a new token, as Pelion's clients fetch
   * firmware. Fails as `request` does, with `coap.refused` for an error code.
   */
  download(request: Request, options?: DownloadOptions): AsyncGenerator<Download, void> {
    return downloadBlocks(this.#dispatch.requests, request, options);
  }

  /**
   * The handler took a request to observe that has this token; or both ends know of the observation without a request.
   * One that had this token ends. Fails with `coap.busy` where there are `limits.observations`.
   */
  subscribe(token: Uint8Array, listener: SubscriptionListener = {}): Subscription {
    return this.#dispatch.subscriptions.add(token, listener);
  }

  subscription(token: Uint8Array): Subscription | undefined {
    return this.#dispatch.subscriptions.find(token);
  }

  /** Whether the peer is there. Fails with `coap.timeout`, after `limits.acknowledgeTime` or so many ms, or `coap.closed`. */
  ping(timeout?: number): Promise<void> {
    return this.#dispatch.layer.ping(timeout ?? this.#dispatch.settings.limits.acknowledgeTime);
  }

  /** Ends after what is on its way. What waits for an answer fails with `coap.closed`. */
  close(): Promise<ChannelEnd> {
    this.#dispatch.layer.close();
    return this.closed;
  }

  /** Ends at once. */
  destroy(error?: Error): void {
    this.#dispatch.layer.destroy(error);
  }
}
