import type { Clock } from '@mooring/platform';
import type { ChannelEnd, ChannelListener, Peer, SecureChannel } from '../channel.ts';
import { transportErrors } from '../errors.ts';
import type { DtlsSession } from './session.ts';

/** What may wait while reading is paused; what comes then is lost, as datagrams are. */
const mostWaiting = 65_536;
const largestRecord = 16_384;

export class DtlsChannel implements SecureChannel {
  readonly kind = 'dtls';
  readonly alpn = undefined;
  readonly peer: Peer;
  lastHeard: number;
  heard = false;
  endByPeer = false;
  readonly #session: DtlsSession;
  readonly #clock: Clock;
  readonly #left: (channel: DtlsChannel) => void;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #handshakes: number;
  #listener: ChannelListener | undefined;
  #isPaused = false;
  #isDelivering = false;
  #end: ChannelEnd | undefined;
  #saidGoodbye = false;
  #wasTold = false;

  /** @param left called once, when the channel is over; the session is to be freed then */
  constructor(session: DtlsSession, peer: Peer, clock: Clock, left: (channel: DtlsChannel) => void) {
    this.#session = session;
    this.peer = peer;
    this.#clock = clock;
    this.#left = left;
    this.#handshakes = session.handshakes;
    this.lastHeard = clock.now().getTime();
  }

  /** A datagram is on its way as soon as it is handed over. */
  get pending(): number {
    return 0;
  }

  send(data: Uint8Array): boolean {
    if (data.length === 0 || data.length > largestRecord) {
      throw new RangeError(`${data.length} bytes cannot be one DTLS record.`);
    }
    if (this.#end !== undefined) return false;
    this.#session.send(data);
    return true;
  }

  listen(listener: ChannelListener): void {
    if (this.#listener !== undefined) throw new Error('listen() was called before.');
    this.#listener = listener;
    queueMicrotask(() => this.#deliver());
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    queueMicrotask(() => this.#deliver());
  }

  close(): void {
    if (this.#end !== undefined) return;
    this.#saidGoodbye = true;
    this.#session.close();
  }

  destroy(error?: Error): void {
    this.#finish(error === undefined ? { byPeer: false } : { byPeer: false, error });
  }

  /** The session has gone on; called by whoever owns it. */
  progressed(messages: readonly Uint8Array[]): void {
    if (this.#end !== undefined) return;
    for (const message of messages) {
      if (this.#waitingBytes + message.length > mostWaiting) break;
      this.#waiting.push(message);
      this.#waitingBytes += message.length;
    }
    if (messages.length > 0) {
      this.heard = true;
      this.lastHeard = this.#clock.now().getTime();
    }
    const { state, error, handshakes } = this.#session;
    if (state === 'failed') this.#finish({ byPeer: false, error: this.#broken(error) });
    else if (state === 'closed') this.#finish({ byPeer: !this.#saidGoodbye });
    else if (handshakes !== this.#handshakes) this.#renegotiated(handshakes);
    this.#deliver();
  }

  #broken(reason: string): Error {
    return transportErrors('transport.channel.broken', {
      message: `The connection with ${this.peer.address} broke: ${reason}.`,
    });
  }

  /** A new handshake on this session, as over TLS. */
  #renegotiated(handshakes: number): void {
    this.#handshakes = handshakes;
    const certificate = this.#session.facts().certificates[0];
    const before = this.peer.certificates[0];
    if (
      certificate === undefined || before === undefined
        ? certificate === before
        : Buffer.compare(certificate, before) === 0
    ) {
      return;
    }
    this.#finish({
      byPeer: false,
      error: transportErrors('transport.peer.changed', {
        message: `${this.peer.address} showed another certificate in a new handshake on its connection.`,
      }),
    });
  }

  /** Hands over until paused, and the end at the very end. A listener may pause, send, close or destroy while it is told. */
  #deliver(): void {
    if (this.#listener === undefined || this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      while (!this.#isPaused) {
        const message = this.#waiting.shift();
        if (message === undefined) break;
        this.#waitingBytes -= message.length;
        this.#listener.message(message);
      }
    } finally {
      this.#isDelivering = false;
    }
    if (this.#end === undefined || this.#wasTold || this.#waiting.length > 0) return;
    this.#wasTold = true;
    this.#listener.ended(this.#end);
  }

  #finish(end: ChannelEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.endByPeer = end.byPeer;
    if (!end.byPeer) this.#waiting.length = 0;
    this.#left(this);
    queueMicrotask(() => this.#deliver());
  }
}
