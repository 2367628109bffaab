import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { backgroundTimers, type Clock, systemClock, type Timer, type Timers } from '@mooring/platform';
import { Admission, plainAddress } from '../admission.ts';
import type { Peer, SecureChannel } from '../channel.ts';
import { transportErrors } from '../errors.ts';
import type { Credentials, DtlsListenerOptions, ListenerStats, SecureListener } from '../listener.ts';
import type { RefusalReason } from '../refusal.ts';
import { Tally } from '../tally.ts';
import { type DtlsAddon, dtlsAddon, type NativeContext } from './addon.ts';
import { Association, type AssociationHost } from './association.ts';
import type { DtlsChannel } from './channel.ts';
import { defaultMtu, defaultRetransmission, receiveBuffer } from './defaults.ts';
import { dtlsProfile } from './profile.ts';
import { type ClientHello, clientHelloOf, isApplicationData } from './record.ts';
import { DtlsSession, type SessionOwner } from './session.ts';

const defaultIdle = 25 * 3_600_000;
/** UDP has no file descriptors to run out of. */
const defaultConnections = 50_000;
/** A cookie is good for one to two of these, in ms. */
const cookiePeriod = 60_000;
const ignore = () => {};
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const placeOf = ({ address, port }: { address: string; port: number }) => `${address} ${port}`;

class DtlsListener<Identity> implements SecureListener, AssociationHost<Identity> {
  readonly options: DtlsListenerOptions<Identity>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly admission: Admission;
  readonly #addon: DtlsAddon = dtlsAddon();
  readonly #tally = new Tally();
  readonly #socket: Socket;
  readonly #associations = new Map<string, Association<Identity>>();
  /** Of those who begin anew from where an association is open, which stays until they are let in (RFC 6347 §4.2.8). */
  readonly #successors = new Map<string, Association<Identity>>();
  readonly #channels = new Set<DtlsChannel>();
  #context: NativeContext;
  /** Answers whoever is not known yet. */
  #door: DtlsSession;
  #answer: (verifyRequest: Uint8Array) => void = ignore;
  #sweep: Timer;
  #sending = 0;
  #isClosing = false;
  #allSent: () => void = ignore;
  readonly #sent = () => {
    if (--this.#sending === 0) this.#allSent();
  };

  constructor(options: DtlsListenerOptions<Identity>) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.timers = options.timers ?? backgroundTimers;
    this.admission = new Admission({ connections: defaultConnections, ...options.limits });
    this.#context = this.#makeContext(options.credentials);
    this.#door = this.#makeDoor();
    this.#sweep = this.#armSweep();
    this.#socket = createSocket({
      type: isIPv6(options.host ?? '0.0.0.0') ? 'udp6' : 'udp4',
      recvBufferSize: receiveBuffer,
      // Only addresses are sent to, and they need no resolver.
      lookup: (host, _options, done) => done(null, host, isIPv6(host) ? 6 : 4),
    });
    this.#socket.on('message', (datagram, from) => this.#received(datagram, from));
  }

  get address(): string {
    return this.#socket.address().address;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get stats(): ListenerStats {
    const all = this.#associations.size + this.#successors.size;
    return this.#tally.stats(this.#channels.size, all - this.#channels.size);
  }

  channels(): Iterable<SecureChannel> {
    return this.#channels;
  }

  setCredentials(credentials: Credentials): void {
    this.#context = this.#makeContext(credentials);
    this.#door.free();
    this.#door = this.#makeDoor();
  }

  async open(): Promise<void> {
    const { host, port } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', (error) =>
        reject(
          transportErrors('transport.listen.failed', {
            message: `UDP port ${port} of ${host ?? 'all addresses'} cannot be opened for devices: ${error.message}.`,
            next: 'See which program has it (`ss -lunp`), or give another port.',
            cause: error,
          }),
        ),
      );
      this.#socket.bind({ port, ...(host === undefined ? {} : { address: host }) }, resolve);
    });
    this.#socket.removeAllListeners('error');
    // Of one datagram that could not be sent; its peer asks again.
    this.#socket.on('error', ignore);
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#sweep.cancel();
    for (const association of [...this.#associations.values(), ...this.#successors.values()]) {
      if (association.isDecided) association.channel?.close();
      else association.refuse('closed', 'The listener closed.');
    }
    this.#door.free();
    if (this.#sending > 0) await new Promise<void>((resolve) => (this.#allSent = resolve));
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  transmit(datagram: Uint8Array, to: Peer): void {
    this.#sending++;
    this.#socket.send(datagram, to.port, to.address, this.#sent);
  }

  established(association: Association<Identity>, channel: DtlsChannel, identity: Identity): void {
    const place = placeOf(association.from);
    if (this.#successors.get(place) === association) {
      const { address } = association.from;
      this.#associations.get(place)?.channel?.destroy(
        transportErrors('transport.channel.replaced', {
          message: `${address} began anew from the same port, as after a restart.`,
        }),
      );
      this.#successors.delete(place);
      this.#associations.set(place, association);
    }
    this.#channels.add(channel);
    this.#tally.established++;
    this.options.channel(channel, identity);
  }

  refused(association: Association<Identity>, peer: Peer, reason: RefusalReason, detail: string): void {
    this.#forget(association);
    this.#refused(peer, reason, detail);
  }

  left(association: Association<Identity>, channel: DtlsChannel): void {
    this.#forget(association);
    this.#channels.delete(channel);
    if (!channel.heard && channel.endByPeer) this.#tally.silent++;
  }

  #forget(association: Association<Identity>): void {
    const place = placeOf(association.from);
    if (this.#associations.get(place) === association) this.#associations.delete(place);
    if (this.#successors.get(place) === association) this.#successors.delete(place);
    this.admission.leave(association.admitted);
  }

  #refused(peer: Peer, reason: RefusalReason, detail: string): void {
    if (this.#isClosing) return;
    this.#tally.refuse(reason);
    this.options.refused?.({ peer: { ...peer, address: plainAddress(peer.address) }, reason, detail });
  }

  #received(datagram: Uint8Array, { address, port }: RemoteInfo): void {
    const place = placeOf({ address, port });
    const association = this.#associations.get(place);
    const successor = this.#successors.get(place);
    const hello = clientHelloOf(datagram);
    if (hello !== undefined && hello.random !== association?.random && hello.random !== successor?.random) {
      this.#knock(datagram, { address, port, certificates: [] }, hello);
      return;
    }
    const isForSuccessor = successor !== undefined && !isApplicationData(datagram);
    // Whoever is not known hears nothing: it may have been somebody else's address.
    (isForSuccessor ? successor : association)?.receive(datagram);
  }

  /** A ClientHello of one who is not known: answered with a cookie and forgotten, until it comes back with that. */
  #knock(datagram: Uint8Array, from: Peer, hello: ClientHello): void {
    const door = this.#door;
    const period = Math.floor(this.timers.now() / cookiePeriod);
    this.#answer = (verifyRequest) => {
      // OpenSSL answers with the number of the record that it got, and begins the handshake with record 1. To a client that
      // has had to repeat itself, and so has seen record 1, that would look replayed; 0 is not used again.
      if (!hello.hasCookie) verifyRequest.fill(0, 5, 11);
      this.transmit(verifyRequest, from);
    };
    const place = Buffer.from(placeOf(from));
    if (door.listen(datagram, place, period, () => this.#welcome(door, from, hello.random)))
      this.#door = this.#makeDoor();
  }

  #welcome(session: DtlsSession, from: Peer, random: string): SessionOwner {
    this.#tally.accepted++;
    const admitted = this.#isClosing ? 'limit' : this.admission.enter(plainAddress(from.address));
    if (typeof admitted === 'string') {
      // Later: OpenSSL is still at work on the session.
      queueMicrotask(() => session.free());
      this.#refused(from, admitted, 'There are as many connections as may be.');
      return { transmit: ignore, progressed: ignore };
    }
    const association = new Association(this, session, from, admitted, random);
    const place = placeOf(from);
    const before = this.#associations.get(place);
    if (before?.channel !== undefined && before.isDecided) {
      this.#successors.get(place)?.refuse('closed', 'The client began anew.');
      this.#successors.set(place, association);
    } else {
      before?.refuse('closed', 'The client began anew.');
      this.#associations.set(place, association);
    }
    return association;
  }

  #makeDoor(): DtlsSession {
    const { mtu = defaultMtu, retransmission = defaultRetransmission } = this.options;
    const options = { isServer: true, mtu, retransmission, timers: this.timers };
    return new DtlsSession(this.#addon, this.#context, options, {
      transmit: (datagram) => this.#answer(datagram),
      progressed: ignore,
    });
  }

  #makeContext(credentials: Credentials | undefined): NativeContext {
    const { profile = 'pelion', preSharedKey } = this.options;
    const use = { certificates: credentials !== undefined, preSharedKeys: preSharedKey !== undefined };
    try {
      return this.#addon.context({
        isServer: true,
        preSharedKeys: use.preSharedKeys,
        ...dtlsProfile(profile, use),
        ...credentials,
      });
    } catch (error) {
      throw transportErrors('transport.credentials.invalid', {
        message: `The key and certificate for devices cannot be used: ${messageOf(error)}.`,
        next: 'Check that both are PEM, complete, and belong together.',
        cause: error,
      });
    }
  }

  #armSweep(): Timer {
    const { idle = defaultIdle } = this.options;
    return this.timers.after(idle / 8, () => {
      const since = this.clock.now().getTime() - idle;
      for (const channel of this.#channels) if (channel.lastHeard < since) channel.destroy();
      this.#sweep = this.#armSweep();
    });
  }
}

/**
 * Opens a UDP port for DTLS 1.2.
 *
 * @throws MooringError `transport.dtls.unavailable`, `transport.listen.failed`, `transport.credentials.invalid`
 */
export async function listenDtls<Identity>(options: DtlsListenerOptions<Identity>): Promise<SecureListener> {
  const listener = new DtlsListener(options);
  await listener.open();
  return listener;
}
