import type { ChannelEnd } from '@mooring/transport';
import { sizeExponentFor, unitSize } from '../message/block.ts';
import type { Message } from '../message/message.ts';

/** Sends the answer to one request; to be called once at most. Fails with `coap.message.too.large`, and may be called again then. */
export type Reply = (message: Message) => void;

/** What becomes of a message that asks for confirmation. One of `answered` and `failed` ends it. */
export interface Fate {
  /** The peer has it; a response may come later. */
  acknowledged?(): void;
  /** The response came with the acknowledgement. */
  answered?(message: Message): void;
  failed(error: Error): void;
}

export interface Sending {
  /** Nobody waits any more: no retransmission, no fate. */
  cancel(): void;
}

/**
 * Whether a response belongs to anything here. A promise takes it, and has it acknowledged when it is fulfilled; until then the
 * peer may repeat it, and when it fails a repetition is as good as new.
 */
export type Taken = boolean | Promise<void>;

/** What the message layer tells the layer of requests and responses. */
export interface LayerUser {
  request(message: Message, reply: Reply): void;
  /** A response that did not come with an acknowledgement. False if nobody knows its token. */
  response(message: Message): Taken;
  ended(end: ChannelEnd): void;
  /** The peer wants the connection closed when all is done (RFC 8323 §5.5). */
  released(): void;
  /** Runs when all requests of the peer are answered. */
  whenAnswered(run: () => void): void;
}

/** What a whole body may look like on the way out. */
export interface Sizes {
  /** Payload that goes in one message, without blocks. */
  readonly whole: number;
  /** Size exponent of Block1 and Block2 (7 is BERT). */
  readonly sizeExponent: number;
  /** Payload of one block. */
  readonly block: number;
}

export function sizesFor(blockSize: number): Sizes {
  const sizeExponent = sizeExponentFor(blockSize);
  const block = unitSize(sizeExponent);
  return { whole: block, sizeExponent, block };
}

/** RFC 7252 §4 over datagrams and Pelion's records, RFC 8323 §3 and §5 over streams. */
export interface MessageLayer {
  /** Listens to the channel. */
  start(): void;
  readonly sizes: Sizes;
  /** Notifications cannot overtake each other. */
  readonly ordered: boolean;
  /** A response that comes with an acknowledgement belongs to its request, whatever its token. */
  send(message: Message, fate: Fate): Sending;
  ping(timeout: number): Promise<void>;
  /** Ends after what is on its way. */
  close(): void;
  /** Ends at once. */
  destroy(error?: Error): void;
  /** Forgets what has been kept long enough; the time when there is more to forget. */
  expire(now: number): number | undefined;
}
