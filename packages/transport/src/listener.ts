import type { Clock, Timers } from '@mooring/platform';
import type { SecureChannel } from './channel.ts';
import type { Refusal, RefusalReason, Verdict } from './refusal.ts';

/** PEM text of a private key, and of its certificate with what has to be sent above it, leaf first. */
export interface Credentials {
  readonly key: string;
  readonly certificate: string;
}

/**
 * Which versions, cipher suites, groups and signatures are spoken.
 *
 * - `pelion`: TLS 1.2 with P-256, SHA-256 and the one suite of Pelion's clients, ECDHE-ECDSA with AES-128-CCM-8, and what
 *   other small devices have beside it (RFC 7925 §4.4).
 * - `standard`: what is good today, TLS 1.3 as well; none of Pelion's clients gets in.
 */
export type Profile = 'pelion' | 'standard';

/** How many may be there at once. What is not given has no limit. */
export interface Limits {
  /** In all, those in a handshake as well. */
  readonly connections?: number;
  /** From one IPv4 address or IPv6 /64 network. */
  readonly perAddress?: number;
  /** With one certificate, after the handshake. */
  readonly perCertificate?: number;
}

export interface ListenerOptions<Identity> {
  readonly host?: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly credentials: Credentials;
  /** `pelion` if not given. */
  readonly profile?: Profile;
  /** Application protocols (RFC 7301) in order of preference. A client that offers others, and none of these, is refused. */
  readonly alpn?: readonly string[];
  /**
   * Decides on who proved to have the key of the first of these certificates (DER, leaf first, as sent). No chain has been
   * checked before. Nothing of the connection is handed over until it has said yes; what it throws is a no.
   */
  verifyPeer(
    certificates: readonly Uint8Array[],
    from: { address: string; port: number },
  ): Verdict<Identity> | Promise<Verdict<Identity>>;
  channel(channel: SecureChannel, identity: Identity): void;
  /** Told of everyone who was not let in. */
  refused?(refusal: Refusal): void;
  /** From the first byte until `channel` is called, in ms. 60,000 if not given. */
  readonly handshakeDeadline?: number;
  readonly limits?: Limits;
  /** Connections on which nothing moved for so many ms are asked by TCP whether they are still there. 3,600,000 if not given. */
  readonly keepAlive?: number;
  readonly clock?: Clock;
  readonly timers?: Timers;
}

/** Counted since the listener began, except for the first two. */
export interface ListenerStats {
  /** Channels that are there now. */
  readonly channels: number;
  /** In a handshake or waiting for the decision on trust, now. */
  readonly handshakes: number;
  readonly accepted: number;
  readonly established: number;
  /**
   * Channels that the peer ended before it said anything: what Pelion's clients do, who check the server's certificate
   * after the handshake and do not say when they do not like it.
   */
  readonly silent: number;
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
}

export interface SecureListener {
  readonly address: string;
  readonly port: number;
  readonly stats: ListenerStats;
  /** All that are there now. */
  channels(): Iterable<SecureChannel>;
  /**
   * For whoever connects from now on; those who are connected keep what they have.
   *
   * @throws MooringError `transport.credentials.invalid`, and nothing has changed
   */
  setCredentials(credentials: Credentials): void;
  /** Takes no one in any more, says goodbye to all, and after `grace` ms cuts off who is still there. */
  close(grace?: number): Promise<void>;
}

/** What a pre-shared key's identity stands for. */
export interface KeyOwner<Identity> {
  readonly key: Uint8Array;
  /** Decides on the client once it has proved that it has the key; until then anybody may have said this identity. */
  judge(): Verdict<Identity> | Promise<Verdict<Identity>>;
}

export interface DtlsListenerOptions<Identity>
  extends Omit<ListenerOptions<Identity>, 'credentials' | 'verifyPeer' | 'alpn' | 'keepAlive'> {
  /** With `verifyPeer`: clients with certificates get in. */
  readonly credentials?: Credentials;
  readonly verifyPeer?: ListenerOptions<Identity>['verifyPeer'];
  /** Clients with pre-shared keys get in: the key of an identity (RFC 4279 §5.2; UTF-8, at most 128 bytes; key at most 64). */
  preSharedKey?(
    identity: string,
    from: { address: string; port: number },
  ): KeyOwner<Identity> | undefined | Promise<KeyOwner<Identity> | undefined>;
  /** Largest datagram, without the headers of UDP and IP. 1232 if not given: an IPv6 packet of 1280 bytes. */
  readonly mtu?: number;
  /** Channels on which nothing was heard for so many ms are dropped without a word. 90,000,000 (25 hours) if not given. */
  readonly idle?: number;
  /** Until a flight of a handshake is sent again, in ms; doubled each time. 2000 if not given. */
  readonly retransmission?: number;
}
