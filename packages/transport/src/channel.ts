/** What is known of the other end once the handshake is done. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  /** DER, leaf first, as sent; empty where none was sent. */
  readonly certificates: readonly Uint8Array[];
  /** The pre-shared key's identity; undefined where certificates are used. */
  readonly pskIdentity?: string;
}

/** Why a channel ended. */
export interface ChannelEnd {
  /** The other end said that it closes (close_notify, FIN); false for a broken connection and for what we closed. */
  readonly byPeer: boolean;
  readonly error?: Error;
}

/**
 * A secured way to one peer on which the borders of what is sent are kept: one call of `send` is one TLS record or one
 * DTLS datagram, and one message that comes in is one as well, also after `pause`. What Pelion's devices need, who have
 * one CoAP message per TLS record and no length before it.
 *
 * A channel over TLS with CoAP's own framing (RFC 8323) is the same, with borders that mean nothing.
 */
export interface SecureChannel {
  readonly kind: 'tls' | 'dtls';
  readonly peer: Peer;
  readonly alpn: string | undefined;
  /** When the peer was last heard, ms since 1970 by the clock of the listener. */
  readonly lastHeard: number;
  /** Bytes handed over and not yet on their way. */
  readonly pending: number;
  /** 1 to 16384 bytes, which are not to be changed afterwards. False when the peer is slow and the caller should wait for `drained`; the data is sent all the same. */
  send(data: Uint8Array): boolean;
  /** Sets who is told; what came in before is handed over then. To be called once. */
  listen(listener: ChannelListener): void;
  pause(): void;
  resume(): void;
  /** Says goodbye (close_notify) after what is pending, and ends. */
  close(): void;
  /** Ends at once. */
  destroy(error?: Error): void;
}

export interface ChannelListener {
  message(data: Uint8Array): void;
  drained?(): void;
  /** Once, at the very end. */
  ended(end: ChannelEnd): void;
}
