import type { Timer } from '@mooring/platform';
import type { ChannelEnd, ChannelListener, SecureChannel } from '@mooring/transport';
import { coapErrors } from '../errors.ts';
import { bert } from '../message/block.ts';
import { type Code, codeText, isRequest, isResponse, signals } from '../message/codes.ts';
import { type Message, noBytes, noOptions, type Option } from '../message/message.ts';
import { isCritical } from '../message/option-registry.ts';
import { textValue, uintOption, uintValue } from '../message/option-values.ts';
import { encodeFrame, FrameReader } from '../message/stream.ts';
import {
  type Fate,
  type LayerUser,
  type MessageLayer,
  type Sending,
  type Sizes,
  sizesFor,
  type Taken,
} from './message-layer.ts';
import { Outlet } from './outlet.ts';
import type { Settings } from './settings.ts';

/** Options of signals have numbers of their own for each signal (RFC 8323 §5.2). */
const csmOptions = { maxMessageSize: 2, blockWiseTransfer: 4 } as const;
const custody = 2;
const badCsmOption = 2;

/** What a peer takes that has not said otherwise (RFC 8323 §5.3.1). */
const baseMessageSize = 1152;
/** With less, not even errors could be told. */
const smallestMessageSize = 64;
/** Room for options beside a payload. */
const optionRoom = 128;

interface Ping {
  readonly timer: Timer;
  resolve(): void;
  reject(error: Error): void;
}

/** Messages with a length (RFC 8323 §3), and the signals about the connection (§5). */
export class StreamLayer implements MessageLayer, ChannelListener {
  readonly ordered = true;
  readonly #channel: SecureChannel;
  readonly #user: LayerUser;
  readonly #settings: Settings;
  readonly #outlet: Outlet;
  readonly #reader: FrameReader;
  #sizes: Sizes;
  /** A whole message that the peer takes. */
  #largest = baseMessageSize;
  #blockWise = false;
  #peerIsKnown = false;
  #over = false;
  /** The one that was sent first comes first. */
  #pings: Ping[] | undefined;
  #release: Timer | undefined;

  constructor(channel: SecureChannel, user: LayerUser, settings: Settings) {
    this.#channel = channel;
    this.#user = user;
    this.#settings = settings;
    this.#outlet = new Outlet(channel, settings);
    this.#reader = new FrameReader(settings.limits.messageSize);
    this.#sizes = settings.sizes;
  }

  start(): void {
    const { messageSize } = this.#settings.limits;
    const size = uintOption(csmOptions.maxMessageSize, messageSize);
    const blockWise = { number: csmOptions.blockWiseTransfer, value: noBytes };
    this.#signal(signals.csm, noBytes, [size, blockWise]);
    this.#channel.listen(this);
  }

  get sizes(): Sizes {
    return this.#sizes;
  }

  message(data: Uint8Array): void {
    if (this.#over) return;
    try {
      for (const message of this.#reader.push(data)) {
        this.#take(message);
        if (this.#over) return;
      }
    } catch (error) {
      if ((error as { code?: string }).code !== 'coap.message.malformed') throw error;
      this.#abort((error as Error).message);
    }
  }

  drained(): void {
    this.#outlet.drained();
  }

  ended(end: ChannelEnd): void {
    this.#over = true;
    this.#outlet.stop();
    this.#release?.cancel();
    const error = coapErrors('coap.closed', { message: 'The connection ended before the pong came.' });
    for (let ping = this.#takePing(); ping !== undefined; ping = this.#takePing()) ping.reject(error);
    this.#user.ended(end);
  }

  /** Nothing is acknowledged here: what the channel took is as good as there. */
  send(message: Message, fate: Fate): Sending {
    if (this.#over) throw coapErrors('coap.closed', { message: 'The connection is over.' });
    this.#write(message);
    let cancelled = false;
    this.#outlet.whenReady(() => {
      if (!cancelled) fate.acknowledged?.();
    });
    return {
      cancel() {
        cancelled = true;
      },
    };
  }

  ping(timeout: number): Promise<void> {
    if (this.#over) return Promise.reject(coapErrors('coap.closed', { message: 'The connection is over.' }));
    return new Promise((resolve, reject) => {
      const timer = this.#settings.timers.after(timeout, () => {
        this.#takePing()?.reject(coapErrors('coap.timeout', { message: 'The other end did not answer a ping.' }));
      });
      this.#pings ??= [];
      this.#pings.push({ timer, resolve, reject });
      // Without a token, which libcoap leaves out of its pongs.
      this.#signal(signals.ping, noBytes);
    });
  }

  /** Leaves it to the peer to close (RFC 8323 §5.5), for a while. */
  close(): void {
    if (this.#over || this.#release !== undefined) return;
    const { timers, limits } = this.#settings;
    this.#signal(signals.release, noBytes);
    this.#release = timers.after(limits.releaseTime, () => this.#channel.close());
  }

  destroy(error?: Error): void {
    this.#over = true;
    this.#channel.destroy(error);
  }

  expire(): undefined {}

  #write(message: Message): void {
    const bytes = encodeFrame(message);
    if (bytes.length > this.#largest) {
      throw coapErrors('coap.message.too.large', {
        message: `A ${codeText(message.code)} message has ${bytes.length} bytes, more than the ${this.#largest} that the other end takes.`,
      });
    }
    this.#outlet.send(bytes);
  }

  #signal(code: Code, token: Uint8Array, options: readonly Option[] = noOptions, payload = noBytes): void {
    this.#write({ code, token, options, payload });
  }

  #take(message: Message): void {
    const { code } = message;
    if (!this.#peerIsKnown && code !== signals.csm) this.#abort('The first message is not a CSM.');
    else if (isRequest(code)) this.#user.request(message, (answer) => this.#reply(answer));
    else if (isResponse(code)) this.#responded(this.#user.response(message));
    else if (code >> 5 === 7) this.#takeSignal(message);
    // What is left is empty or reserved, and ignored (RFC 8323 §3.4).
  }

  /** Nothing is acknowledged over a stream; that taking it failed was told already. */
  #responded(taken: Taken): void {
    if (typeof taken !== 'boolean') taken.catch(() => {});
  }

  #reply(answer: Message): void {
    if (!this.#over) this.#write(answer);
  }

  #takeSignal({ code, token, options, payload }: Message): void {
    const unknown = options.find(({ number }) => isCritical(number));
    if (unknown !== undefined) {
      const bad = code === signals.csm ? [uintOption(badCsmOption, unknown.number)] : noOptions;
      this.#abort(`Option ${unknown.number} of signal ${codeText(code)} is not known here.`, bad);
    } else if (code === signals.csm) this.#capabilities(options);
    else if (code === signals.ping) this.#pong(token, options);
    else if (code === signals.pong) this.#takePing()?.resolve();
    else if (code === signals.release) this.#user.released();
    else if (code === signals.abort) {
      const text = textValue(payload.subarray(0, 200));
      const message = `The other end aborted the connection${text ? `: ${text}` : '.'}`;
      this.destroy(coapErrors('coap.peer.violation', { message }));
    }
  }

  #takePing(): Ping | undefined {
    const ping = this.#pings?.shift();
    ping?.timer.cancel();
    if (this.#pings?.length === 0) this.#pings = undefined;
    return ping;
  }

  /** With Custody the peer wants to know that all it sent before was worked on (RFC 8323 §5.4.1). */
  #pong(token: Uint8Array, options: readonly Option[]): void {
    if (!options.some(({ number }) => number === custody)) {
      this.#signal(signals.pong, token);
      return;
    }
    this.#user.whenAnswered(() => {
      if (!this.#over) this.#signal(signals.pong, token, [{ number: custody, value: noBytes }]);
    });
  }

  /** What a CSM does not mention stays as it is. */
  #capabilities(options: readonly Option[]): void {
    this.#peerIsKnown = true;
    const { limits, sizes } = this.#settings;
    for (const { number, value } of options) {
      if (number === csmOptions.blockWiseTransfer) this.#blockWise = true;
      if (number !== csmOptions.maxMessageSize) continue;
      const size = uintValue(value.subarray(0, 5));
      if (size < smallestMessageSize) {
        this.#abort(`No message fits into ${size} bytes.`, [uintOption(badCsmOption, number)]);
        return;
      }
      // We send no more than we would take.
      this.#largest = Math.min(size, Math.max(baseMessageSize, limits.messageSize));
    }
    const room = Math.max(16, this.#largest - optionRoom);
    const bertBlock = room - (room % 1024);
    if (this.#blockWise && this.#largest > baseMessageSize && bertBlock > 0)
      this.#sizes = { whole: room, sizeExponent: bert, block: bertBlock };
    else this.#sizes = { ...sizesFor(Math.min(room, sizes.block)), whole: room };
  }

  #abort(why: string, options: readonly Option[] = noOptions): void {
    if (this.#over) return;
    this.#signal(signals.abort, noBytes, options, new TextEncoder().encode(why));
    this.#over = true;
    this.#channel.close();
  }
}
