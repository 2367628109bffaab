export type { ChannelEnd, ChannelListener, Peer, SecureChannel } from './channel.ts';
export type { ConnectOptions, DtlsConnectOptions } from './connector.ts';
export { dtlsMissing } from './dtls/addon.ts';
export { connectDtls } from './dtls/connect.ts';
export { listenDtls } from './dtls/listen.ts';
export { transportErrors } from './errors.ts';
export type {
  Credentials,
  DtlsListenerOptions,
  KeyOwner,
  Limits,
  ListenerOptions,
  ListenerStats,
  Profile,
  SecureListener,
} from './listener.ts';
export type { Refusal, RefusalReason, Verdict } from './refusal.ts';
export { type ServerTime, serverTime } from './server-time/server-time.ts';
export { connectTls } from './tls/connect.ts';
export { listenTls } from './tls/listen.ts';
