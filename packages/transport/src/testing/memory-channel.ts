import type { ChannelEnd, ChannelListener, Peer, SecureChannel } from '../channel.ts';
import type { ChannelPairOptions } from './channel-pair-options.ts';

type Parcel = { readonly data: Uint8Array; readonly goodbye: boolean };

/** One end of a pair; see `channelPair`. */
export class MemoryChannel implements SecureChannel {
  readonly kind: SecureChannel['kind'];
  readonly peer: Peer;
  readonly alpn: string | undefined;
  lastHeard: number;
  readonly #side: 'client' | 'server';
  readonly #options: ChannelPairOptions;
  readonly #now: () => number;
  readonly #inbox: Parcel[] = [];
  /** Parcels of the peer that are on their way here, in the order in which they were sent. */
  readonly #travelling: { parcel: Parcel; arrived: boolean }[] = [];
  #other: MemoryChannel | undefined;
  #listener: ChannelListener | undefined;
  #paused = false;
  #delivering = false;
  #sent = 0;
  #pending = 0;
  #wantsDrained = false;
  #saidGoodbye = false;
  #end: ChannelEnd | undefined;
  #told = false;

  constructor(side: 'client' | 'server', peer: Peer, options: ChannelPairOptions) {
    this.#side = side;
    this.peer = peer;
    this.#options = options;
    this.kind = options.kind ?? 'tls';
    this.alpn = options.alpn;
    this.#now = options.now ?? Date.now;
    this.lastHeard = this.#now();
  }

  connect(other: MemoryChannel): void {
    this.#other = other;
  }

  get pending(): number {
    return this.#pending;
  }

  send(data: Uint8Array): boolean {
    if (data.length === 0 || data.length > 16_384)
      throw new RangeError(`A message of ${data.length} bytes cannot be sent.`);
    if (this.#end !== undefined || this.#saidGoodbye) return false;
    this.#dispatch({ data: Uint8Array.from(data), goodbye: false });
    if (this.kind === 'dtls' || this.#pending <= (this.#options.window ?? 16_384)) return true;
    this.#wantsDrained = true;
    return false;
  }

  listen(listener: ChannelListener): void {
    if (this.#listener !== undefined) throw new Error('listen() was called before.');
    this.#listener = listener;
    queueMicrotask(() => this.#deliver());
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    queueMicrotask(() => this.#deliver());
  }

  close(): void {
    if (this.#end !== undefined || this.#saidGoodbye) return;
    this.#saidGoodbye = true;
    this.#dispatch({ data: new Uint8Array(), goodbye: true });
    if (this.kind === 'dtls') this.#finish({ byPeer: false });
  }

  destroy(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#finish(error === undefined ? { byPeer: false } : { byPeer: false, error });
    // Whoever is destroyed sends nothing more. A TCP connection is reset by that; over UDP nobody is told.
    if (this.kind === 'tls') queueMicrotask(() => this.#other?.break(new Error('The connection was reset.')));
  }

  break(error: Error): void {
    if (this.#end === undefined) this.#finish({ byPeer: false, error });
  }

  #dispatch(parcel: Parcel): void {
    const other = this.#other;
    if (other === undefined) return;
    const fate = this.#options.fate?.({ from: this.#side, index: this.#sent++, data: parcel.data }) ?? [0];
    if (this.kind === 'tls') {
      this.#pending += parcel.data.length;
      if (fate.length === 0) {
        queueMicrotask(() => {
          this.break(new Error('The connection broke.'));
          other.break(new Error('The connection broke.'));
        });
        return;
      }
    }
    for (const delay of this.kind === 'tls' ? fate.slice(0, 1) : fate) {
      const entry = { parcel, arrived: false };
      other.#travelling.push(entry);
      const arrive = () => other.#arrived(entry);
      if (delay <= 0) queueMicrotask(arrive);
      else if (this.#options.timers !== undefined) this.#options.timers.after(delay, arrive);
      else throw new Error('A delay above 0 needs `timers`.');
    }
  }

  #arrived(entry: { parcel: Parcel; arrived: boolean }): void {
    if (this.#end !== undefined) return;
    entry.arrived = true;
    this.lastHeard = this.#now();
    if (this.kind === 'dtls') {
      this.#travelling.splice(this.#travelling.indexOf(entry), 1);
      this.#inbox.push(entry.parcel);
    } else {
      while (this.#travelling[0]?.arrived) this.#inbox.push((this.#travelling.shift() as typeof entry).parcel);
    }
    this.#deliver();
  }

  /** Hands over until paused. A listener may pause, send, close or destroy while it is told. */
  #deliver(): void {
    if (this.#listener === undefined || this.#delivering) return;
    this.#delivering = true;
    try {
      while (!this.#paused && this.#end === undefined) {
        const parcel = this.#inbox.shift();
        if (parcel === undefined) break;
        if (parcel.goodbye) this.#finish({ byPeer: true });
        else {
          this.#other?.taken(parcel.data.length);
          this.#listener.message(parcel.data);
        }
      }
    } finally {
      this.#delivering = false;
    }
    this.#tell();
  }

  /** The other end handed over that much of what we sent. */
  taken(length: number): void {
    if (this.kind === 'dtls') return;
    this.#pending -= length;
    if (this.#wantsDrained && this.#pending === 0 && this.#end === undefined) {
      this.#wantsDrained = false;
      queueMicrotask(() => this.#listener?.drained?.());
    }
  }

  #finish(end: ChannelEnd): void {
    this.#end = end;
    this.#inbox.length = 0;
    this.#travelling.length = 0;
    this.#pending = 0;
    if (end.byPeer && this.kind === 'tls') queueMicrotask(() => this.#other?.answered());
    queueMicrotask(() => this.#tell());
  }

  /** The other end read our goodbye: now the connection is over for both. */
  answered(): void {
    if (this.#end === undefined) this.#finish({ byPeer: !this.#saidGoodbye });
  }

  #tell(): void {
    if (this.#end === undefined || this.#listener === undefined || this.#told || this.#delivering) return;
    this.#told = true;
    this.#listener.ended(this.#end);
  }
}
