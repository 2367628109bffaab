export { type ChannelPair, channelPair } from './channel-pair.ts';
export type { ChannelPairOptions, Travelling } from './channel-pair-options.ts';
