import type { Timer, Timers } from '@mooring/platform';
import { type DtlsAddon, type NativeContext, type NativeSession, type Outcome, states } from './addon.ts';

export type SessionState = keyof typeof states;

export interface SessionOptions {
  readonly isServer: boolean;
  /** Largest datagram, without the headers of UDP and IP. */
  readonly mtu: number;
  /** Milliseconds until a flight of the handshake is sent again; doubled each time. */
  readonly retransmission: number;
  readonly timers: Timers;
}

export interface SessionOwner {
  transmit(datagram: Uint8Array): void;
  /** After anything that may have changed the session; with what came in. */
  progressed(messages: readonly Uint8Array[]): void;
}

/** Every IPv4 host takes 576 bytes in one piece (RFC 791 §3.1): 548 without the headers of IP and UDP. */
const smallestMtu = 548;
/** After that many flights without an answer the datagrams may be too large for the way (RFC 6347 §4.1.1.1). */
const flightsBeforeSmaller = 2;

const nameOf = new Map(Object.entries(states).map(([name, value]) => [value, name as SessionState]));

/** An association with one peer: the addon's, with its timer. */
export class DtlsSession {
  state: SessionState = 'handshake';
  error = '';
  handshakes = 0;
  usesPreSharedKey = false;
  readonly #addon: DtlsAddon;
  readonly #options: SessionOptions;
  readonly #native: NativeSession;
  #owner: SessionOwner;
  #timer: Timer | undefined;
  #flights = 0;
  #isFreed = false;

  constructor(addon: DtlsAddon, context: NativeContext, options: SessionOptions, owner: SessionOwner) {
    this.#addon = addon;
    this.#options = options;
    this.#owner = owner;
    this.#native = addon.session(context, options.isServer, options.mtu, Math.round(options.retransmission * 1000));
  }

  /** For the session that answers whoever is not known yet: whether it has become a client's, who owns it then. */
  listen(datagram: Uint8Array, place: Uint8Array, period: number, ownerOfClient: () => SessionOwner): boolean {
    const outcome = this.#addon.listen(this.#native, datagram, place, period);
    if (outcome.isClient) this.#owner = ownerOfClient();
    this.#apply(outcome);
    return outcome.isClient;
  }

  receive(datagram: Uint8Array): void {
    if (!this.#isFreed) this.#apply(this.#addon.receive(this.#native, datagram));
  }

  send(data: Uint8Array): void {
    if (!this.#isFreed) this.#apply(this.#addon.send(this.#native, data));
  }

  close(): void {
    if (!this.#isFreed) this.#apply(this.#addon.close(this.#native));
  }

  setKey(identity: Uint8Array, key: Uint8Array): void {
    if (!this.#isFreed) this.#addon.setKey(this.#native, identity, key);
  }

  facts(): ReturnType<DtlsAddon['facts']> {
    return this.#addon.facts(this.#native);
  }

  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#timer?.cancel();
    this.#addon.free(this.#native);
  }

  #apply(outcome: Outcome): void {
    this.state = nameOf.get(outcome.state) ?? 'failed';
    this.error = outcome.error;
    this.handshakes = outcome.handshakes;
    this.usesPreSharedKey = outcome.usesPreSharedKey;
    this.#timer?.cancel();
    this.#timer = outcome.wait < 0 ? undefined : this.#options.timers.after(outcome.wait, () => this.#expire());
    for (const datagram of outcome.datagrams) this.#owner.transmit(datagram);
    this.#owner.progressed(outcome.messages);
  }

  #expire(): void {
    if (this.#isFreed) return;
    if (++this.#flights === flightsBeforeSmaller && this.#options.mtu > smallestMtu) {
      this.#addon.setMtu(this.#native, smallestMtu);
    }
    this.#apply(this.#addon.expire(this.#native));
  }
}
