import type { Clock, Timers } from '@mooring/platform';
import type { Credentials, Profile } from './listener.ts';
import type { Verdict } from './refusal.ts';

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  /** What the client shows of itself where it is asked. */
  readonly credentials?: Credentials;
  /** PEM of the authorities that the server's certificate has to end in. None trusts none. */
  readonly authorities?: readonly string[];
  /** Decides on the server instead, by its certificates (DER, leaf first, as sent); for clients that judge time by themselves. */
  verifyPeer?(
    certificates: readonly Uint8Array[],
    to: { address: string; port: number },
  ): Verdict<unknown> | Promise<Verdict<unknown>>;
  /** Sent to the server (SNI), and its certificate has to be for it. Pelion's clients do neither. */
  readonly serverName?: string;
  /** `pelion` if not given. */
  readonly profile?: Profile;
  /** Application protocols (RFC 7301) in order of preference. */
  readonly alpn?: readonly string[];
  /** Until the channel is there, in ms. 30,000 if not given. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly timers?: Timers;
}

export interface DtlsConnectOptions extends Omit<ConnectOptions, 'alpn' | 'serverName'> {
  /** Instead of certificates. */
  readonly preSharedKey?: { readonly identity: string; readonly key: Uint8Array };
  /** Largest datagram, without the headers of UDP and IP. 1232 if not given. */
  readonly mtu?: number;
  /** Until a flight of the handshake is sent again, in ms; doubled each time. 2000 if not given. */
  readonly retransmission?: number;
}
