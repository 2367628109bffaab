import type { Peer, SecureChannel } from '../channel.ts';

/** One message on its way. */
export interface Travelling {
  readonly from: 'client' | 'server';
  /** Counted from 0 for each direction. */
  readonly index: number;
  /** Empty for the goodbye of a DTLS channel. */
  readonly data: Uint8Array;
}

export interface ChannelPairOptions {
  /** 'tls' keeps the order and loses nothing while it lives; 'dtls' does neither. */
  kind?: SecureChannel['kind'];
  alpn?: string;
  /** What the server sees of the client. */
  client?: Partial<Peer>;
  /** What the client sees of the server. */
  server?: Partial<Peer>;
  /**
   * When a message arrives, in ms from now, once for each time it arrives: `[]` loses it, `[20]` delays it, `[0, 5]` doubles
   * it; two messages with `[10]` and `[0]` change places. 0 is "in the next microtask" and needs no timers. Over 'tls'
   * a message never overtakes another, and losing one breaks the connection.
   */
  fate?(message: Travelling): readonly number[];
  /** For every delay above 0. */
  timers?: { after(milliseconds: number, run: () => void): unknown };
  /** ms since 1970. */
  now?(): number;
  /** Bytes that may be on their way before `send` says false. 16384 if not given. Only 'tls' ever says false. */
  window?: number;
}
