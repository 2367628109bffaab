import type { Timer } from '@mooring/platform';
import type { ChannelEnd, ChannelListener, SecureChannel } from '@mooring/transport';
import { coapErrors } from '../errors.ts';
import { codes, codeText, isRequest, isResponse } from '../message/codes.ts';
import { decodeMessage, encodeMessage } from '../message/datagram.ts';
import { type DatagramMessage, type Message, type MessageType, noBytes, noOptions } from '../message/message.ts';
import { sameBytes } from '../message/token.ts';
import { Duplicates, type Received } from './duplicates.ts';
import type { Fate, LayerUser, MessageLayer, Reply, Sending, Sizes, Taken } from './message-layer.ts';
import { Outlet } from './outlet.ts';
import type { Settings } from './settings.ts';
import type { Sweeper } from './sweeper.ts';

/** RFC 7252 §4.8. */
export const transmission = { acknowledgeTimeout: 2000, randomFactor: 1.5, retransmissions: 4 } as const;

interface Outgoing extends Sending {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly token: Uint8Array;
  readonly fate: Fate;
  timer: Timer;
}

const emptyMessage = (type: MessageType, id: number): Uint8Array =>
  encodeMessage({ type, code: 0, id, token: noBytes, options: noOptions, payload: noBytes });

/**
 * Messages with type and id (RFC 7252 §4), each a message of the channel: over DTLS, with retransmission; in the TLS
 * records of Pelion's clients, where nothing is lost and only the client repeats itself when an answer is slow.
 */
export class DatagramLayer implements MessageLayer, ChannelListener {
  readonly #channel: SecureChannel;
  readonly #user: LayerUser;
  readonly #settings: Settings;
  readonly #sweeper: Sweeper;
  readonly #outlet: Outlet;
  readonly #duplicates: Duplicates;
  #outgoing: Map<number, Outgoing> | undefined;
  #nextId: number;
  #malformed = 0;
  #over = false;

  constructor(channel: SecureChannel, user: LayerUser, settings: Settings, sweeper: Sweeper) {
    const { limits, random } = settings;
    this.#channel = channel;
    this.#user = user;
    this.#settings = settings;
    this.#sweeper = sweeper;
    this.#outlet = new Outlet(channel, settings);
    this.#duplicates = new Duplicates(limits.duplicates, limits.duplicateTime);
    this.#nextId = Math.floor(random() * 0x1_0000);
  }

  start(): void {
    this.#channel.listen(this);
  }

  get sizes(): Sizes {
    return this.#settings.sizes;
  }

  get ordered(): boolean {
    return this.#settings.framing === 'record';
  }

  message(data: Uint8Array): void {
    let message: DatagramMessage;
    try {
      message = decodeMessage(data, tolerance);
    } catch (error) {
      this.#notUnderstood(data, error);
      return;
    }
    this.#malformed = 0;
    if (message.type === 'ACK') this.#acknowledgement(message);
    else if (message.type === 'RST') this.#reset(message.id);
    else this.#fresh(message);
  }

  drained(): void {
    this.#outlet.drained();
  }

  ended(end: ChannelEnd): void {
    this.#over = true;
    this.#outlet.stop();
    const outgoing = this.#outgoing;
    this.#outgoing = undefined;
    this.#user.ended(end);
    const error = coapErrors('coap.closed', { message: 'The connection ended before the answer came.' });
    for (const { timer, fate } of outgoing?.values() ?? []) {
      timer.cancel();
      fate.failed(error);
    }
  }

  send(message: Message, fate: Fate): Sending {
    if (this.#over) throw coapErrors('coap.closed', { message: 'The connection is over.' });
    const id = this.#freeId();
    const { code, token, options, payload } = message;
    const bytes = this.#encode({ type: 'CON', code, id, token, options, payload });
    const outgoing: Outgoing = {
      id,
      bytes,
      token,
      fate,
      timer: this.#acknowledgementTimer(id, bytes),
      cancel: () => this.#takeOutgoing(id),
    };
    this.#outgoing ??= new Map();
    this.#outgoing.set(id, outgoing);
    this.#outlet.send(bytes);
    return outgoing;
  }

  /** An empty confirmable message, which cannot but be reset (RFC 7252 §4.3). */
  ping(timeout: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error) => {
        late.cancel();
        if (error === undefined || (error as { code?: string }).code === 'coap.reset') resolve();
        else reject(error);
      };
      const message = { code: codes.empty, token: noBytes, options: noOptions, payload: noBytes };
      const sending = this.send(message, { acknowledged: done, failed: done });
      const late = this.#settings.timers.after(timeout, () => {
        sending.cancel();
        reject(coapErrors('coap.timeout', { message: 'The other end did not answer a ping.' }));
      });
    });
  }

  close(): void {
    this.#channel.close();
  }

  destroy(error?: Error): void {
    this.#channel.destroy(error);
  }

  expire(now: number): number | undefined {
    return this.#duplicates.expire(now);
  }

  #freeId(): number {
    while (this.#outgoing?.has(this.#nextId)) this.#nextId = (this.#nextId + 1) & 0xffff;
    const id = this.#nextId;
    this.#nextId = (id + 1) & 0xffff;
    return id;
  }

  #encode(message: DatagramMessage): Uint8Array {
    const bytes = encodeMessage(message);
    const { messageSize } = this.#settings.limits;
    if (bytes.length > messageSize) {
      throw coapErrors('coap.message.too.large', {
        message: `A ${codeText(message.code)} message has ${bytes.length} bytes, more than the ${messageSize} that the other end can read.`,
      });
    }
    return bytes;
  }

  #acknowledgementTimer(id: number, bytes: Uint8Array): Timer {
    const { timers, limits, random, framing } = this.#settings;
    const giveUp = () => {
      const message = 'The other end did not acknowledge a message.';
      this.#takeOutgoing(id)?.fate.failed(coapErrors('coap.timeout', { message }));
    };
    if (framing === 'record') return timers.after(limits.acknowledgeTime, giveUp);
    // RFC 7252 §4.2: the first wait is random, each further one twice the one before.
    let wait = transmission.acknowledgeTimeout * (1 + random() * (transmission.randomFactor - 1));
    let left: number = transmission.retransmissions;
    const again = (): void => {
      const outgoing = this.#outgoing?.get(id);
      if (outgoing === undefined) return;
      if (left-- === 0) {
        giveUp();
        return;
      }
      wait *= 2;
      outgoing.timer = timers.after(wait, again);
      this.#outlet.send(bytes);
    };
    return timers.after(wait, again);
  }

  #takeOutgoing(id: number): Outgoing | undefined {
    const outgoing = this.#outgoing?.get(id);
    if (outgoing === undefined) return undefined;
    outgoing.timer.cancel();
    this.#outgoing?.delete(id);
    if (this.#outgoing?.size === 0) this.#outgoing = undefined;
    return outgoing;
  }

  #acknowledgement(message: DatagramMessage): void {
    const { id, code, token } = message;
    if (code === 0) {
      this.#takeOutgoing(id)?.fate.acknowledged?.();
      return;
    }
    const outgoing = this.#outgoing?.get(id);
    if (outgoing?.fate.answered === undefined || !isResponse(code)) return;
    // Pelion's clients give later blocks the token of the first request of that value, whatever the request carries.
    if (!sameBytes(outgoing.token, token) && this.#settings.framing !== 'record') return;
    this.#takeOutgoing(id);
    outgoing.fate.answered(message);
  }

  #reset(id: number): void {
    this.#takeOutgoing(id)?.fate.failed(coapErrors('coap.reset', { message: 'The other end rejected a message.' }));
  }

  /** A confirmable or non-confirmable message. */
  #fresh(message: DatagramMessage): void {
    const { id, code, type } = message;
    if (code === 0) {
      if (type === 'CON') this.#outlet.send(emptyMessage('RST', id));
      return;
    }
    const now = this.#settings.timers.now();
    const before = this.#duplicates.find(id, now);
    if (before !== undefined) {
      if (before.answer !== undefined) this.#outlet.send(before.answer);
      return;
    }
    const received = this.#duplicates.add(id, now);
    this.#sweeper.notice(now + this.#settings.limits.duplicateTime);
    if (isRequest(code)) {
      this.#user.request(message, type === 'CON' ? this.#reply(id, received) : this.#unconfirmedReply(received));
    } else this.#responded(message, received, isResponse(code) && this.#user.response(message));
  }

  #responded(message: DatagramMessage, received: Received, taken: Taken): void {
    const { id, type } = message;
    if (taken === false) this.#answer(received, emptyMessage('RST', id));
    else if (taken !== true) {
      taken.then(
        () => this.#responded(message, received, true),
        () => this.#duplicates.forget(id, received),
      );
    } else if (type === 'CON' && !this.#over) this.#answer(received, emptyMessage('ACK', id));
  }

  #answer(received: Received, bytes: Uint8Array): void {
    received.answer = bytes;
    this.#outlet.send(bytes);
  }

  /** In the acknowledgement where it comes soon, on its own where it comes late (RFC 7252 §5.2.1, §5.2.2). */
  #reply(id: number, received: Received): Reply {
    const { timers, limits } = this.#settings;
    let separate = false;
    const timer = timers.after(limits.separateAfter, () => {
      separate = true;
      if (!this.#over) this.#answer(received, emptyMessage('ACK', id));
    });
    return ({ code, token, options, payload }) => {
      if (this.#over) return;
      if (separate) this.send({ code, token, options, payload }, { failed: ignored });
      else {
        const bytes = this.#encode({ type: 'ACK', code, id, token, options, payload });
        timer.cancel();
        this.#answer(received, bytes);
      }
    };
  }

  #unconfirmedReply(received: Received): Reply {
    return ({ code, token, options, payload }) => {
      const bytes = this.#encode({ type: 'NON', code, id: this.#freeId(), token, options, payload });
      this.#answer(received, bytes);
    };
  }

  /** RFC 7252 §4.2: a confirmable message that cannot be processed is rejected, all else ignored. */
  #notUnderstood(data: Uint8Array, error: unknown): void {
    const head = data[0] ?? 0;
    if (data.length >= 4 && head >> 4 === 4)
      this.#outlet.send(emptyMessage('RST', ((data[2] as number) << 8) | (data[3] as number)));
    if (++this.#malformed < this.#settings.limits.malformedMessages) return;
    const message = `${this.#malformed} messages in a row could not be understood.`;
    this.#channel.destroy(coapErrors('coap.peer.violation', { message, cause: error }));
  }
}

const tolerance = { emptyAckWithOptions: true } as const;

function ignored(): void {}
