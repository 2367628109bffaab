import { transportErrors } from '../errors.ts';
import { loadNative } from '../native.ts';

declare const contextBrand: unique symbol;
declare const sessionBrand: unique symbol;
/** What all sessions of one end share (SSL_CTX). */
export type NativeContext = { readonly [contextBrand]: true };
/** One association with one peer (SSL). */
export type NativeSession = { readonly [sessionBrand]: true };

export const states = { handshake: 0, open: 1, closed: 2, failed: 3 } as const;

/** What came of a call. */
export interface Outcome {
  readonly state: (typeof states)[keyof typeof states];
  /** Of `listen`: the datagram was a ClientHello with a good cookie; the session is that client's from now on. */
  readonly isClient: boolean;
  /** To be sent to the peer. */
  readonly datagrams: readonly Uint8Array[];
  /** From the peer. */
  readonly messages: readonly Uint8Array[];
  /** Milliseconds until `expire` is to be called; -1 for never. */
  readonly wait: number;
  /** That were finished on this session. */
  readonly handshakes: number;
  /** The handshake is under way, with a pre-shared key; the client is going to say which. */
  readonly usesPreSharedKey: boolean;
  /** OpenSSL's words for what went wrong, or ''. */
  readonly error: string;
}

export interface ContextOptions {
  readonly isServer: boolean;
  readonly preSharedKeys: boolean;
  /** PEM. */
  readonly key?: string;
  readonly certificate?: string;
  /** PEM; where they are given the peer's chain is checked, and `facts` has the result. */
  readonly authorities?: string;
  readonly ciphers: string;
  readonly groups: string;
  readonly signatures: string;
}

/** native/dtls. No function calls back, waits or touches the network; what is wrong with an argument is thrown. */
export interface DtlsAddon {
  context(options: ContextOptions): NativeContext;
  /** @param firstWait microseconds until the first retransmission */
  session(context: NativeContext, isServer: boolean, mtu: number, firstWait: number): NativeSession;
  /** To be called when a session is no longer needed; it cannot be used any more then. */
  free(session: NativeSession): void;
  /**
   * Answers a ClientHello without keeping anything of it, until one comes with the cookie that was asked for.
   *
   * @param place where it comes from, in at most 64 bytes
   * @param period the time in whole periods; a cookie is good in its own and the one after
   */
  listen(session: NativeSession, datagram: Uint8Array, place: Uint8Array, period: number): Outcome;
  /** With an empty datagram it does what can be done without: a client begins. */
  receive(session: NativeSession, datagram: Uint8Array): Outcome;
  expire(session: NativeSession): Outcome;
  send(session: NativeSession, data: Uint8Array): Outcome;
  close(session: NativeSession): Outcome;
  setMtu(session: NativeSession, mtu: number): void;
  /** The key of an identity: for a client its own, for a server what it has for the one that the client named. */
  setKey(session: NativeSession, identity: Uint8Array, key: Uint8Array): void;
  facts(session: NativeSession): {
    readonly certificates: readonly Uint8Array[];
    readonly pskIdentity: string | undefined;
    readonly cipher: string;
    /** What the check against `authorities` found. */
    readonly distrust: string | undefined;
  };
}

const addon = loadNative<DtlsAddon>('dtls');

/** Why DTLS is not there on this machine, if it is not. */
export const dtlsMissing: string | undefined = 'why' in addon ? addon.why : undefined;

/** @throws MooringError `transport.dtls.unavailable` */
export function dtlsAddon(): DtlsAddon {
  if ('loaded' in addon) return addon.loaded;
  throw transportErrors('transport.dtls.unavailable', {
    message: `DTLS is not there on this machine. ${addon.why}`,
    next: 'Use TLS, or a machine with Linux on x64 or arm64.',
  });
}
