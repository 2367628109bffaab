import { type FakeTime, fakeTime } from '@mooring/platform/testing';
import { type ChannelPair, type ChannelPairOptions, channelPair } from '@mooring/transport/testing';
import { CoapConnection, type CoapOptions } from '../src/index.ts';

export interface TwoEnds {
  readonly time: FakeTime;
  readonly pair: ChannelPair;
  readonly client: CoapConnection;
  readonly server: CoapConnection;
}

export interface EndsOptions {
  framing: CoapOptions['framing'];
  client?: Partial<CoapOptions>;
  server?: Partial<CoapOptions>;
  pair?: ChannelPairOptions;
}

/** Two connections that are each other's peers. */
export function twoEnds({ framing, client, server, pair }: EndsOptions): TwoEnds {
  const time = fakeTime();
  const ends = channelPair({ kind: framing === 'datagram' ? 'dtls' : 'tls', timers: time.timers, ...pair });
  const common = { framing, timers: time.timers, random: () => 0 } as const;
  return {
    time,
    pair: ends,
    client: new CoapConnection(ends.client, { ...common, ...client }),
    server: new CoapConnection(ends.server, { ...common, ...server }),
  };
}

/** A generator of numbers from 0 to below 1 that a seed determines (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
