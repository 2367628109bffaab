export { type ChannelPair, type ChannelPairOptions, channelPair, type Travelling } from './channel-pair.ts';
