import type { ChannelEnd, ChannelListener, SecureChannel } from '@mooring/transport';
import { coapErrors } from '../errors.ts';
import { bert, sizeExponentFor } from '../message/block.ts';
import { codeText, isRequest, isResponse, signals } from '../message/codes.ts';
import { type Message, noBytes, noOptions, type Option } from '../message/message.ts';
import { isCritical } from '../message/option-registry.ts';
import { textValue, uintOption, uintValue } from '../message/option-values.ts';
import { encodeFrame, FrameReader } from '../message/stream.ts';
import { tokenKey } from '../message/token.ts';
import type { Fate, LayerUser, MessageLayer, Sending, Sizes } from './message-layer.ts';
import { Outlet } from './outlet.ts';
import type { Settings } from './settings.ts';

/** Options of signals have numbers of their own for each signal (RFC 8323 §5.2). */
const csmOptions = { maxMessageSize: 2, blockWiseTransfer: 4 } as const;
const badCsmOption = 2;

/** What a peer takes that has not said otherwise (RFC 8323 §5.3.1). */
const baseMessageSize = 1152;
/** Room for options beside a payload. */
const optionRoom = 128;

interface Ping {
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
  #largest = baseMessageSize;
  #peerIsKnown = false;
  #over = false;
  #pings: Map<string, Ping> | undefined;
  #nextPing = 0;

  constructor(channel: SecureChannel, user: LayerUser, settings: Settings) {
    const { messageSize, blockSize } = settings.limits;
    this.#channel = channel;
    this.#user = user;
    this.#settings = settings;
    this.#outlet = new Outlet(channel, settings);
    this.#reader = new FrameReader(messageSize);
    this.#sizes = sizesFor(blockSize);
    channel.listen(this);
    this.#write({
      code: signals.csm,
      token: noBytes,
      options: [
        uintOption(csmOptions.maxMessageSize, messageSize),
        { number: csmOptions.blockWiseTransfer, value: noBytes },
      ],
      payload: noBytes,
    });
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
    const error = coapErrors('coap.closed', { message: 'The connection ended before the pong came.' });
    for (const ping of this.#pings?.values() ?? []) ping.reject(error);
    this.#pings = undefined;
    this.#user.ended(end);
  }

  send(message: Message, fate: Fate): Sending {
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

  ping(): Promise<void> {
    return new Promise((resolve, reject) => {
      const token = Uint8Array.of(this.#nextPing >> 8, this.#nextPing);
      this.#nextPing = (this.#nextPing + 1) & 0xffff;
      this.#pings ??= new Map();
      this.#pings.set(tokenKey(token), { resolve, reject });
      this.#write({ code: signals.ping, token, options: noOptions, payload: noBytes });
    });
  }

  close(): void {
    if (!this.#over) this.#write({ code: signals.release, token: noBytes, options: noOptions, payload: noBytes });
    this.#over = true;
    this.#channel.close();
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

  #take(message: Message): void {
    const { code } = message;
    if (!this.#peerIsKnown && code !== signals.csm) {
      this.#abort('The first message is not a CSM.');
    } else if (isRequest(code)) this.#user.request(message, (answer) => this.#write(answer));
    else if (isResponse(code)) this.#user.response(message);
    else if (code >> 5 === 7) this.#signal(message);
    // What is left is empty or reserved, and ignored (RFC 8323 §3.4).
  }

  #signal({ code, token, options, payload }: Message): void {
    if (code === signals.csm) this.#capabilities(options);
    else if (code === signals.ping) this.#pong(token, options);
    else if (code === signals.pong) {
      const key = tokenKey(token);
      this.#pings?.get(key)?.resolve();
      this.#pings?.delete(key);
    } else if (code === signals.release) this.#user.released();
    else if (code === signals.abort) {
      const text = textValue(payload.subarray(0, 200));
      const message = `The other end aborted the connection${text ? `: ${text}` : '.'}`;
      this.destroy(coapErrors('coap.peer.violation', { message }));
    }
  }

  /** Custody is not promised: what came before may still be worked on. */
  #pong(token: Uint8Array, options: readonly Option[]): void {
    const unknown = options.find(({ number }) => isCritical(number));
    if (unknown !== undefined) this.#abort(`Option ${unknown.number} of a ping is not known here.`);
    else this.#write({ code: signals.pong, token, options: noOptions, payload: noBytes });
  }

  #capabilities(options: readonly Option[]): void {
    this.#peerIsKnown = true;
    let blockWise = false;
    for (const { number, value } of options) {
      if (number === csmOptions.maxMessageSize) {
        // Below the base value nothing could be sent.
        this.#largest = Math.max(baseMessageSize, uintValue(value.subarray(0, 4)));
      } else if (number === csmOptions.blockWiseTransfer) blockWise = true;
      else if (isCritical(number)) {
        this.#abort(`Option ${number} of the CSM is not known here.`, [uintOption(badCsmOption, number)]);
        return;
      }
    }
    const { blockSize, messageSize } = this.#settings.limits;
    // We send no more than we would take.
    this.#largest = Math.min(this.#largest, Math.max(baseMessageSize, messageSize));
    const room = this.#largest - optionRoom;
    this.#sizes =
      blockWise && room >= 2048
        ? { whole: room, sizeExponent: bert, block: room - (room % 1024) }
        : { ...sizesFor(blockSize), whole: Math.max(blockSize, room) };
  }

  #abort(why: string, options: readonly Option[] = noOptions): void {
    if (this.#over) return;
    this.#write({ code: signals.abort, token: noBytes, options, payload: new TextEncoder().encode(why) });
    this.#over = true;
    this.#channel.close();
  }
}

function sizesFor(blockSize: number): Sizes {
  const sizeExponent = sizeExponentFor(blockSize);
  const block = 1 << (sizeExponent + 4);
  return { whole: block, sizeExponent, block };
}
