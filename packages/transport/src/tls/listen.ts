import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { backgroundTimers, type Clock, systemClock, type Timer, type Timers } from '@mooring/platform';
import { Admission, type Admitted, plainAddress } from '../admission.ts';
import type { Peer, SecureChannel } from '../channel.ts';
import { transportErrors } from '../errors.ts';
import type { Credentials, ListenerOptions, ListenerStats, SecureListener } from '../listener.ts';
import { type RefusalReason, reasonOfHandshakeError, type Verdict } from '../refusal.ts';
import { withServerTime } from '../server-time/server-time.ts';
import { Tally } from '../tally.ts';
import { certificatesOf } from './certificates.ts';
import { TlsChannel, type TlsChannelHost } from './channel.ts';
import { tlsProfiles } from './profile.ts';

/** A connection from its first byte until it is a channel or refused. */
interface Handshake {
  readonly raw: Socket & { [handshakeOf]?: Handshake | undefined };
  /** Where it comes from, which is all that is known of a TLS socket whose handshake failed. */
  readonly place: string;
  readonly peer: Peer;
  readonly admitted: Admitted;
  /** By `Timers`. */
  readonly deadline: number;
  closed(): void;
}

const handshakeOf = Symbol('handshake');

const defaultDeadline = 60_000;
const defaultKeepAlive = 3_600_000;
const defaultGrace = 5_000;
/** How many connections the kernel keeps while the process is busy; Linux cuts it to net.core.somaxconn. */
const backlog = 4096;
const ignore = () => {};

/** One function for all connections; nothing of the handshake lives on in an idle one. */
function onRawClose(this: Handshake['raw']): void {
  this[handshakeOf]?.closed();
}

const placeOf = (socket: Socket | TLSSocket) => `${socket.remoteAddress} ${socket.remotePort}`;

class TlsListener<Identity> implements SecureListener, TlsChannelHost {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly #options: ListenerOptions<Identity>;
  readonly #admission: Admission;
  readonly #tally = new Tally();
  readonly #server: NetServer;
  readonly #tls: TlsServer;
  /** By place, the oldest first. */
  readonly #handshakes = new Map<string, Handshake>();
  readonly #channels = new Map<TlsChannel, Admitted>();
  #watching: Timer | undefined;
  #address = '';
  #port = 0;
  #isClosing = false;
  #isEmpty: () => void = ignore;

  constructor(options: ListenerOptions<Identity>) {
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.timers = options.timers ?? backgroundTimers;
    this.#admission = new Admission(options.limits);
    this.#tls = withCredentials(options.credentials, () =>
      createTlsServer({
        ...this.#contextOptions(options.credentials),
        requestCert: true,
        // The decision is made by verifyPeer.
        rejectUnauthorized: false,
        // Ours counts from the beginning; Node's from the last byte.
        handshakeTimeout: 0,
        ...(options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] }),
      }),
    );
    this.#tls.on('secureConnection', (socket) => this.#secured(socket));
    this.#tls.on('tlsClientError', (error, socket) => this.#failed(error, socket));
    this.#server = createServer(
      {
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: options.keepAlive ?? defaultKeepAlive,
        // What may come in while a channel is paused.
        highWaterMark: 16_384,
      },
      (raw) => this.#connected(raw),
    );
  }

  /** Node's own authorities, 150 of them, would be taken where none are given. */
  #contextOptions(credentials: Credentials) {
    return {
      ...tlsProfiles[this.#options.profile ?? 'pelion'],
      key: credentials.key,
      cert: credentials.certificate,
      ca: [],
    };
  }

  get address(): string {
    return this.#address;
  }

  get port(): number {
    return this.#port;
  }

  get stats(): ListenerStats {
    return this.#tally.stats(this.#channels.size, this.#handshakes.size);
  }

  channels(): Iterable<SecureChannel> {
    return this.#channels.keys();
  }

  setCredentials(credentials: Credentials): void {
    withCredentials(credentials, () => this.#tls.setSecureContext(this.#contextOptions(credentials)));
  }

  async open(): Promise<void> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) =>
        reject(
          transportErrors('transport.listen.failed', {
            message: `Port ${port} of ${host ?? 'all addresses'} cannot be opened for devices: ${error.message}.`,
            next: 'See which program has it (`ss -ltnp`), or give another port.',
            cause: error,
          }),
        ),
      );
      this.#server.listen({ port, backlog, ...(host === undefined ? {} : { host }) }, resolve);
    });
    this.#server.removeAllListeners('error');
    // Out of file descriptors, for one: those who are here stay, and the next is tried.
    this.#server.on('error', ignore);
    const place = this.#server.address();
    if (place === null || typeof place === 'string') return;
    this.#address = place.address;
    this.#port = place.port;
  }

  async close(grace = defaultGrace): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const empty = new Promise<void>((resolve) => {
      this.#isEmpty = resolve;
      if (this.#channels.size === 0) resolve();
    });
    this.#watching?.cancel();
    for (const { raw } of this.#handshakes.values()) raw.destroy();
    for (const channel of this.#channels.keys()) channel.close();
    const cut = this.timers.after(grace, () => {
      for (const channel of this.#channels.keys()) channel.destroy();
    });
    await Promise.all([closed, empty]);
    cut.cancel();
  }

  left(channel: TlsChannel): void {
    const admitted = this.#channels.get(channel);
    if (admitted === undefined) return;
    this.#channels.delete(channel);
    this.#admission.leave(admitted);
    if (this.#channels.size === 0) this.#isEmpty();
    if (!channel.heard && channel.endByPeer) this.#tally.silent++;
  }

  #connected(raw: Socket): void {
    const { remoteAddress, remotePort: port } = raw;
    raw.on('error', ignore);
    // Gone again already, or we are.
    if (remoteAddress === undefined || port === undefined || this.#isClosing) {
      raw.destroy();
      return;
    }
    this.#tally.accepted++;
    const address = plainAddress(remoteAddress);
    const peer: Peer = { address, port, certificates: [] };
    const admitted = this.#admission.enter(address);
    if (typeof admitted === 'string') {
      raw.destroy();
      this.#refused(peer, admitted, 'There are as many connections as may be.');
      return;
    }
    const handshake: Handshake = {
      raw,
      place: placeOf(raw),
      peer,
      admitted,
      deadline: this.timers.now() + (this.#options.handshakeDeadline ?? defaultDeadline),
      closed: () => this.#refuse(handshake, 'closed', 'The connection was closed during the handshake.'),
    };
    handshake.raw[handshakeOf] = handshake;
    this.#handshakes.set(handshake.place, handshake);
    this.#watch();
    raw.on('close', onRawClose);
    this.#tls.emit('connection', raw);
  }

  /** The last word on a handshake; whoever comes later is told that it has been spoken. */
  #decide(handshake: Handshake): boolean {
    if (handshake.raw[handshakeOf] === undefined) return false;
    handshake.raw[handshakeOf] = undefined;
    this.#handshakes.delete(handshake.place);
    return true;
  }

  /** One timer for all handshakes, for the oldest comes first; a timer for each costs as much as a hundredth of a handshake. */
  #watch(): void {
    const [oldest] = this.#handshakes.values();
    if (oldest === undefined || this.#watching !== undefined) return;
    this.#watching = this.timers.after(oldest.deadline - this.timers.now(), () => {
      this.#watching = undefined;
      for (const handshake of this.#handshakes.values()) {
        if (handshake.deadline > this.timers.now()) break;
        this.#refuse(handshake, 'timeout', 'The handshake was not done in time.');
      }
      this.#watch();
    });
  }

  #refuse(handshake: Handshake, reason: RefusalReason, detail: string, certificates: readonly Uint8Array[] = []): void {
    if (!this.#decide(handshake)) return;
    this.#admission.leave(handshake.admitted);
    handshake.raw.destroy();
    if (!this.#isClosing) this.#refused({ ...handshake.peer, certificates }, reason, detail);
  }

  #refused(peer: Peer, reason: RefusalReason, detail: string): void {
    this.#tally.refuse(reason);
    this.#options.refused?.({ peer, reason, detail });
  }

  #failed(error: Error & { code?: string; reason?: string }, socket: TLSSocket): void {
    const handshake = this.#handshakes.get(placeOf(socket));
    if (handshake === undefined) socket.destroy();
    else this.#refuse(handshake, reasonOfHandshakeError(error.code, error.message), error.reason ?? error.message);
  }

  #secured(socket: TLSSocket): void {
    const handshake = this.#handshakes.get(placeOf(socket));
    if (handshake === undefined) {
      socket.destroy();
      return;
    }
    const certificates = certificatesOf(socket);
    if (certificates.length === 0) {
      this.#refuse(handshake, 'no-certificate', 'The client has no certificate.');
      return;
    }
    const channel = new TlsChannel(socket, { ...handshake.peer, certificates }, this);
    const { address, port } = channel.peer;
    const distrust = (error: unknown) => this.#refuse(handshake, 'untrusted', messageOf(error), certificates);
    let verdict: Verdict<Identity> | Promise<Verdict<Identity>>;
    try {
      verdict = this.#options.verifyPeer(certificates, { address, port });
    } catch (error) {
      distrust(error);
      return;
    }
    if (verdict instanceof Promise) verdict.then((later) => this.#judged(handshake, channel, later), distrust);
    else this.#judged(handshake, channel, verdict);
  }

  #judged(handshake: Handshake, channel: TlsChannel, verdict: Verdict<Identity>): void {
    const { certificates } = channel.peer;
    if (!verdict.trusted) {
      this.#refuse(handshake, verdict.reason, verdict.detail, certificates);
      return;
    }
    if (handshake.raw[handshakeOf] === undefined) return;
    if (!this.#admission.identify(handshake.admitted, certificates[0] as Uint8Array)) {
      this.#refuse(
        handshake,
        'certificate-limit',
        'There are as many connections with this certificate as may be.',
        certificates,
      );
      return;
    }
    this.#decide(handshake);
    this.#channels.set(channel, handshake.admitted);
    this.#tally.established++;
    this.#options.channel(channel, verdict.identity);
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Makes a context of credentials, with the time in ServerHello where that can be. */
function withCredentials<Made>(credentials: Credentials, make: () => Made): Made {
  try {
    return withServerTime(make);
  } catch (error) {
    throw transportErrors('transport.credentials.invalid', {
      message: `The key and certificate for devices cannot be used: ${messageOf(error)}.`,
      next: 'Check that both are PEM, complete, and belong together.',
      cause: error,
      data: { certificates: credentials.certificate.split('-----BEGIN ').length - 1 },
    });
  }
}

/**
 * Opens a TCP port for TLS.
 *
 * @throws MooringError `transport.listen.failed`, `transport.credentials.invalid`
 */
export async function listenTls<Identity>(options: ListenerOptions<Identity>): Promise<SecureListener> {
  const listener = new TlsListener(options);
  await listener.open();
  return listener;
}
