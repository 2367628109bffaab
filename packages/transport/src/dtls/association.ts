import type { Clock, Timer, Timers } from '@mooring/platform';
import { type Admission, type Admitted, plainAddress } from '../admission.ts';
import type { Peer } from '../channel.ts';
import type { DtlsListenerOptions, KeyOwner } from '../listener.ts';
import { type RefusalReason, reasonOfHandshakeError, type Verdict } from '../refusal.ts';
import { DtlsChannel } from './channel.ts';
import { identityOf } from './record.ts';
import type { DtlsSession, SessionOwner } from './session.ts';

/** What all associations of a listener have in common. */
export interface AssociationHost<Identity> {
  readonly options: Pick<DtlsListenerOptions<Identity>, 'verifyPeer' | 'preSharedKey' | 'handshakeDeadline'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly admission: Admission;
  transmit(datagram: Uint8Array, to: Peer): void;
  established(association: Association<Identity>, channel: DtlsChannel, identity: Identity): void;
  refused(association: Association<Identity>, peer: Peer, reason: RefusalReason, detail: string): void;
  left(association: Association<Identity>, channel: DtlsChannel): void;
}

const defaultDeadline = 60_000;
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** One peer from its good cookie on: its handshake, the decision on trust, and then its channel. */
export class Association<Identity> implements SessionOwner {
  /** Of its ClientHello: tells a repeated one from a new beginning. */
  readonly random: string;
  /** As the socket says it. */
  readonly from: Peer;
  readonly session: DtlsSession;
  readonly admitted: Admitted;
  /** From the end of the handshake on; handed over when it is decided. */
  channel: DtlsChannel | undefined;
  readonly #host: AssociationHost<Identity>;
  readonly #deadline: Timer;
  #isDecided = false;
  #keyOwner: KeyOwner<Identity> | undefined;
  #keyName: string | undefined;
  #isLookingUp = false;

  constructor(host: AssociationHost<Identity>, session: DtlsSession, from: Peer, admitted: Admitted, random: string) {
    this.#host = host;
    this.session = session;
    this.from = from;
    this.admitted = admitted;
    this.random = random;
    this.#deadline = host.timers.after(host.options.handshakeDeadline ?? defaultDeadline, () => this.#late());
  }

  get isDecided(): boolean {
    return this.#isDecided;
  }

  get peerAddress(): { address: string; port: number } {
    return { address: plainAddress(this.from.address), port: this.from.port };
  }

  transmit(datagram: Uint8Array): void {
    this.#host.transmit(datagram, this.from);
  }

  receive(datagram: Uint8Array): void {
    // What comes while a key is looked up is lost, and the client sends it again.
    if (this.#isLookingUp) return;
    if (this.session.usesPreSharedKey && this.#keyName === undefined) {
      const identity = identityOf(datagram);
      if (identity === 'unreadable') {
        this.refuse('unknown-identity', 'The identity of the pre-shared key cannot be read.');
        return;
      }
      if (identity !== undefined) {
        void this.#lookUp(identity, datagram);
        return;
      }
    }
    this.session.receive(datagram);
  }

  progressed(messages: readonly Uint8Array[]): void {
    const { state, error } = this.session;
    if (this.channel !== undefined) {
      this.channel.progressed(messages);
    } else if (state === 'failed') {
      const code = `ERR_SSL_${error.toUpperCase().replaceAll(' ', '_')}`;
      this.refuse(reasonOfHandshakeError(code, error), error);
    } else if (state === 'closed') {
      this.refuse('closed', 'The client ended the handshake.');
    } else if (state === 'open') {
      this.#secured(messages);
    }
  }

  /** No channel comes of it. */
  refuse(reason: RefusalReason, detail: string): void {
    if (this.#isDecided) return;
    this.#decided();
    this.session.close();
    this.session.free();
    const { channel, from } = this;
    const named = this.#keyName === undefined ? from : { ...from, pskIdentity: this.#keyName };
    this.#host.refused(this, channel?.peer ?? named, reason, detail);
  }

  #decided(): void {
    this.#isDecided = true;
    this.#deadline.cancel();
  }

  #late(): void {
    if (this.#keyName !== undefined && this.channel === undefined) {
      // With another key than ours what it sends cannot be read, and DTLS does not tell that from noise.
      this.refuse('unknown-identity', `Nothing could be read with the key of "${this.#keyName}".`);
    } else {
      this.refuse('timeout', 'The handshake was not done in time.');
    }
  }

  async #lookUp(identity: Uint8Array, datagram: Uint8Array): Promise<void> {
    const name = Buffer.from(identity).toString();
    this.#isLookingUp = true;
    this.#keyName = name;
    try {
      this.#keyOwner = await this.#host.options.preSharedKey?.(name, this.peerAddress);
    } catch (error) {
      this.refuse('unknown-identity', messageOf(error));
      return;
    } finally {
      this.#isLookingUp = false;
    }
    if (this.#isDecided) return;
    if (this.#keyOwner !== undefined) this.session.setKey(identity, this.#keyOwner.key);
    // Without a key OpenSSL refuses it, and says so.
    this.session.receive(datagram);
  }

  #secured(messages: readonly Uint8Array[]): void {
    const { certificates } = this.session.facts();
    const { address, port } = this.peerAddress;
    const peer: Peer = {
      address,
      port,
      certificates,
      ...(this.#keyName === undefined ? {} : { pskIdentity: this.#keyName }),
    };
    this.channel = new DtlsChannel(this.session, peer, this.#host.clock, (channel) => this.#left(channel));
    this.channel.progressed(messages);
    let verdict: Verdict<Identity> | Promise<Verdict<Identity>>;
    try {
      verdict = this.#keyOwner?.judge() ?? this.#host.options.verifyPeer?.(certificates, { address, port }) ?? notAsked;
    } catch (error) {
      this.refuse('untrusted', messageOf(error));
      return;
    }
    if (!(verdict instanceof Promise)) this.#judged(this.channel, verdict);
    else {
      const { channel } = this;
      verdict.then(
        (later) => this.#judged(channel, later),
        (error) => this.refuse('untrusted', messageOf(error)),
      );
    }
  }

  #judged(channel: DtlsChannel, verdict: Verdict<Identity>): void {
    if (this.#isDecided) return;
    if (!verdict.trusted) {
      this.refuse(verdict.reason, verdict.detail);
      return;
    }
    const proof = channel.peer.certificates[0] ?? Buffer.from(channel.peer.pskIdentity ?? '');
    if (!this.#host.admission.identify(this.admitted, proof)) {
      this.refuse('certificate-limit', 'There are as many connections with this certificate or key as may be.');
      return;
    }
    this.#decided();
    this.#host.established(this, channel, verdict.identity);
  }

  #left(channel: DtlsChannel): void {
    if (!this.#isDecided) {
      this.refuse('closed', 'The client went away before it was decided on.');
      return;
    }
    this.session.free();
    this.#host.left(this, channel);
  }
}

const notAsked = { trusted: false, reason: 'untrusted', detail: 'Certificates are not taken here.' } as const;
