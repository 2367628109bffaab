import type { ChannelEnd, SecureChannel } from '@mooring/transport';
import { coapErrors } from '../errors.ts';
import { findBlock } from '../message/block.ts';
import { codes } from '../message/codes.ts';
import type { Message } from '../message/message.ts';
import { optionNumbers, recognizedOptions } from '../message/option-registry.ts';
import { DatagramLayer } from './datagram-layer.ts';
import { Deadlines } from './deadlines.ts';
import { type Answer, type IncomingRequest, readResponse } from './exchanged.ts';
import { IncomingRequests, type RequestWorker } from './incoming.ts';
import type { LayerUser, MessageLayer, Reply, Taken } from './message-layer.ts';
import { Handling } from './request-context.ts';
import { Requests } from './requests.ts';
import { type ConnectionOptions, type Settings, settingsOf } from './settings.ts';
import { StreamLayer } from './stream-layer.ts';
import { Subscriptions } from './subscriptions.ts';
import { earlier, Sweeper } from './sweeper.ts';

/** Brings what a channel brings to where it belongs. There is one for each connection, idle ones too: it has to be small. */
export class Dispatch<Connection> implements LayerUser, RequestWorker {
  readonly settings: Settings;
  readonly layer: MessageLayer;
  readonly requests: Requests;
  readonly #connection: Connection;
  readonly #options: ConnectionOptions<Connection>;
  readonly #channel: SecureChannel;
  readonly #deadlines: Deadlines;
  readonly #sweeper: Sweeper;
  readonly #incoming: IncomingRequests;
  #subscriptions: Subscriptions | undefined;
  #end: ChannelEnd | undefined;
  #whenEnded: ((end: ChannelEnd) => void)[] | undefined;

  constructor(connection: Connection, channel: SecureChannel, options: ConnectionOptions<Connection>) {
    this.#connection = connection;
    this.#options = options;
    this.#channel = channel;
    const settings = settingsOf(options);
    this.#deadlines = new Deadlines(settings.timers);
    this.settings = { ...settings, timers: this.#deadlines };
    this.#sweeper = new Sweeper(this.settings.timers, this);
    this.layer =
      this.settings.framing === 'stream'
        ? new StreamLayer(channel, this, this.settings)
        : new DatagramLayer(channel, this, this.settings, this.#sweeper);
    this.requests = new Requests(this.layer, this.settings);
    this.#incoming = new IncomingRequests(this.layer, this.settings, this.#sweeper, this);
    this.layer.start();
  }

  get subscriptions(): Subscriptions {
    this.#subscriptions ??= new Subscriptions(this.layer, this.settings.limits.subscriptions, (run) => this.tell(run));
    return this.#subscriptions;
  }

  whenEnded(run: (end: ChannelEnd) => void): void {
    if (this.#end !== undefined) run(this.#end);
    else (this.#whenEnded ??= []).push(run);
  }

  request(message: Message, reply: Reply): void {
    this.#incoming.take(message, reply);
  }

  response(message: Message): Taken {
    const taken = this.requests.receive(message) ?? this.#unsolicited(message);
    if (typeof taken === 'boolean') return taken;
    return taken.catch((error: unknown) => {
      this.fault(error);
      throw error;
    });
  }

  #unsolicited(message: Message): Taken {
    if (this.#options.unsolicited === undefined) return false;
    const { options, refused } = recognizedOptions(message.options, this.settings.understood);
    if (refused !== undefined) return false;
    const incomplete = findBlock(options, optionNumbers.block2)?.more === true;
    const response = readResponse({ ...message, options }, message.payload, incomplete);
    let taken: Taken = false;
    this.tell(() => {
      taken = this.#options.unsolicited?.(new Uint8Array(message.token), response, this.#connection) ?? false;
    });
    return taken;
  }

  handling(): Handling<Connection> {
    return new Handling(this.#connection);
  }

  handle(request: IncomingRequest, handling: Handling<Connection>): Answer | Promise<Answer> {
    return this.#options.handler?.(request, handling) ?? { code: codes.notFound };
  }

  released(): void {
    const error = coapErrors('coap.closed', { message: 'The other end is about to close the connection.' });
    this.requests.windDown(error, () => this.#incoming.whenIdle(() => this.#channel.close()));
  }

  whenAnswered(run: () => void): void {
    this.#incoming.whenIdle(run);
  }

  ended(end: ChannelEnd): void {
    this.#end = end;
    const message = end.byPeer ? 'The other end closed the connection.' : 'The connection ended.';
    const error = coapErrors('coap.closed', { message, cause: end.error });
    this.#incoming.end();
    this.requests.ended(error);
    this.#subscriptions?.ended(error);
    this.#deadlines.stop();
    for (const run of this.#whenEnded ?? []) run(end);
    this.tell(() => this.#options.ended?.(end, this.#connection));
  }

  expire(now: number): number | undefined {
    return earlier(this.layer.expire(now), this.#incoming.expire(now));
  }

  fault(error: unknown): void {
    this.#options.fault?.(error, this.#connection);
  }

  /** Faults of those who are told are not the connection's. */
  tell(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.fault(error);
    }
  }
}
