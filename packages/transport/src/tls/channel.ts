import type { TLSSocket } from 'node:tls';
import type { Clock, Timers } from '@mooring/platform';
import type { ChannelListener, Peer, SecureChannel } from '../channel.ts';
import { transportErrors } from '../errors.ts';

/** What a channel over TLS needs besides its socket; one object for all channels of a listener. */
export interface TlsChannelHost {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Once, when the channel is over. */
  left?(channel: TlsChannel): void;
}

/** Bytes that may wait for a peer that takes nothing in, before it is cut off. */
const mostPending = 1 << 20;
/** How long, in ms, a peer is given to take what was sent before `close` and to close its side. */
const closeGrace = 10_000;
const largestRecord = 16_384;

const channelOf = Symbol('channel');
type ChannelSocket = TLSSocket & { [channelOf]: TlsChannel };

// Shared by all channels, so that an idle one costs no closures.
function onData(this: ChannelSocket, record: Uint8Array): void {
  this[channelOf].received(record);
}
function onDrain(this: ChannelSocket): void {
  this[channelOf].drained();
}
function onEnd(this: ChannelSocket): void {
  this[channelOf].endedByPeer();
}
function onError(this: ChannelSocket, error: Error): void {
  this[channelOf].failed(error);
}
function onClose(this: ChannelSocket): void {
  this[channelOf].closed();
}
function onHandshake(this: ChannelSocket): void {
  this[channelOf].renegotiated();
}

export class TlsChannel implements SecureChannel {
  readonly kind = 'tls';
  readonly peer: Peer;
  lastHeard: number;
  /** A message has come in. */
  heard = false;
  endByPeer = false;
  readonly #socket: ChannelSocket;
  readonly #host: TlsChannelHost;
  #listener: ChannelListener | undefined;
  #error: Error | undefined;
  #isClosed = false;

  /** @param socket after its handshake, with nobody reading from it */
  constructor(socket: TLSSocket, peer: Peer, host: TlsChannelHost) {
    this.#socket = socket as ChannelSocket;
    this.#socket[channelOf] = this;
    this.peer = peer;
    this.#host = host;
    this.lastHeard = host.clock.now().getTime();
    // Node joins writes that had to wait into one record where it can; here each has to stay one of its own.
    (socket as { _writev?: unknown })._writev = undefined;
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.on('secure', onHandshake);
  }

  get alpn(): string | undefined {
    return this.#socket.alpnProtocol || undefined;
  }

  get pending(): number {
    return this.#socket.writableLength;
  }

  send(data: Uint8Array): boolean {
    if (data.length === 0 || data.length > largestRecord) {
      throw new RangeError(`${data.length} bytes cannot be one TLS record.`);
    }
    if (!this.#socket.writable) return false;
    const more = this.#socket.write(data);
    if (this.#socket.writableLength > mostPending) {
      this.destroy(
        transportErrors('transport.channel.slow', {
          message: `${this.peer.address} takes in too little: ${this.#socket.writableLength} bytes wait for it.`,
        }),
      );
    }
    return more;
  }

  listen(listener: ChannelListener): void {
    if (this.#listener !== undefined) throw new Error('listen() was called before.');
    this.#listener = listener;
    if (listener.drained !== undefined) this.#socket.on('drain', onDrain);
    // Makes it flow; what has come in before is handed over record by record.
    this.#socket.on('data', onData);
    if (this.#isClosed) queueMicrotask(() => this.#tellEnd());
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#socket.end();
    const cut = this.#host.timers.after(closeGrace, () => this.#socket.destroy());
    this.#socket.once('close', () => cut.cancel());
    // The goodbye of the peer is behind what it still sends, and has to be read.
    this.#socket.resume();
  }

  destroy(error?: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  received(record: Uint8Array): void {
    this.heard = true;
    this.lastHeard = this.#host.clock.now().getTime();
    if (!this.#socket.writableEnded) this.#listener?.message(record);
  }

  drained(): void {
    this.#listener?.drained?.();
  }

  endedByPeer(): void {
    this.endByPeer = !this.#socket.writableEnded;
  }

  /** After some errors Node would let the connection live: after too many handshakes, for one. */
  failed(error: Error): void {
    this.destroy(error);
  }

  /** A new handshake on this connection: Pelion's clients do it to judge the server's certificate by the time it told. */
  renegotiated(): void {
    const certificate = this.#socket.getPeerX509Certificate()?.raw;
    const before = this.peer.certificates[0];
    if (before === undefined ? certificate === undefined : certificate?.equals(before)) return;
    this.destroy(
      transportErrors('transport.peer.changed', {
        message: `${this.peer.address} showed another certificate in a new handshake on its connection.`,
      }),
    );
  }

  closed(): void {
    this.#isClosed = true;
    this.#host.left?.(this);
    this.#tellEnd();
  }

  #tellEnd(): void {
    this.#listener?.ended(
      this.#error === undefined ? { byPeer: this.endByPeer } : { byPeer: this.endByPeer, error: this.#error },
    );
  }
}
