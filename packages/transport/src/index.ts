export type { ChannelEnd, ChannelListener, Peer, SecureChannel } from './channel.ts';
