/** Bounds of one connection. Bytes and milliseconds. */
export interface Limits {
  /** Payload of one block that we send; a power of two from 16 to 1024. Over a stream, larger ones go where the peer takes them. */
  readonly blockSize: number;
  /** A whole message that we send; over a stream, that we take (Max-Message-Size). */
  readonly messageSize: number;
  /** A body that is gathered from blocks. */
  readonly bodySize: number;
  /** Requests of ours under way at once, not counting those that were acknowledged (NSTART, RFC 7252 §4.7). */
  readonly requests: number;
  /** Requests of ours that wait for their turn or for an answer. */
  readonly waitingRequests: number;
  /** Observations of ours, with the requests that wait for an answer. */
  readonly observations: number;
  /** Observations of the peer, and what it is notified of without them. */
  readonly subscriptions: number;
  /** Requests of the peer that the handler works on at once. More are answered 5.03. */
  readonly handledRequests: number;
  /** Request bodies that are being gathered, and the bytes of them all. The oldest gives way. */
  readonly gatheredBodies: number;
  readonly gatheredBytes: number;
  /** Answers that are kept until all of their blocks were fetched. The oldest gives way. */
  readonly keptAnswers: number;
  /** Messages whose repetition is recognized, with the answers that they got. The oldest gives way. */
  readonly duplicates: number;
  /** Bytes that the channel may hold for a slow peer before nothing more is read from it. */
  readonly pendingBytes: number;
  /** Messages in a row that cannot be understood before the connection is given up. */
  readonly malformedMessages: number;

  /** For a whole request of ours, from its call. */
  readonly requestTime: number;
  /** Until a message that we sent is acknowledged. Without retransmission; with it, that is what ends the wait. */
  readonly acknowledgeTime: number;
  /** For the handler; after that the peer is told 5.03. */
  readonly handlerTime: number;
  /** Until a request of the peer is acknowledged on its own, its answer being late. */
  readonly separateAfter: number;
  /** A repeated message is recognized for that long. */
  readonly duplicateTime: number;
  /** Blocks are waited for that long. */
  readonly blockTime: number;
  /** Over a stream, for the peer to close a connection that we released. */
  readonly releaseTime: number;
  /** A peer that takes nothing for so long, while bytes are pending, is cut off. */
  readonly stallTime: number;
}

export type Framing = 'record' | 'stream' | 'datagram';

const common: Limits = {
  blockSize: 1024,
  messageSize: 1152,
  bodySize: 64 * 1024,
  requests: 1,
  waitingRequests: 64,
  observations: 256,
  subscriptions: 256,
  handledRequests: 8,
  gatheredBodies: 4,
  gatheredBytes: 128 * 1024,
  keptAnswers: 4,
  duplicates: 32,
  pendingBytes: 64 * 1024,
  malformedMessages: 16,
  requestTime: 120_000,
  acknowledgeTime: 30_000,
  handlerTime: 60_000,
  separateAfter: 1000,
  duplicateTime: 60_000,
  blockTime: 60_000,
  releaseTime: 2000,
  stallTime: 60_000,
};

export const defaultLimits: Readonly<Record<Framing, Limits>> = {
  /**
   * Pelion's clients take 512 bytes of payload and read 1152 bytes of a record. They repeat a request after 3 s and give it
   * up within 60 s. The first block of an answer they recognize by the message id of their request alone: where it does
   * not come in the acknowledgement they cannot go on.
   */
  record: { ...common, blockSize: 512, separateAfter: 20_000 },
  /** EXCHANGE_LIFETIME is 247 s (RFC 7252 §4.8.2). */
  datagram: { ...common, duplicateTime: 247_000, duplicates: 64 },
  stream: {
    ...common,
    messageSize: 64 * 1024,
    requests: 64,
    handledRequests: 64,
    gatheredBodies: 64,
    gatheredBytes: 1024 * 1024,
    keptAnswers: 64,
    pendingBytes: 256 * 1024,
  },
};
