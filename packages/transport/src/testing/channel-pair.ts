import type { Peer, SecureChannel } from '../channel.ts';
import type { ChannelPairOptions } from './channel-pair-options.ts';
import { MemoryChannel } from './memory-channel.ts';

export interface ChannelPair {
  readonly client: SecureChannel;
  readonly server: SecureChannel;
  /** Breaks the connection: both ends hear an error (over 'dtls', where nobody would notice, too). */
  cut(reason?: Error): void;
}

const address = (port: number, given: Partial<Peer> | undefined): Peer => ({
  address: '192.0.2.1',
  port,
  certificates: [],
  ...given,
});

/** Two ends of one channel without network, TLS or time of their own. */
export function channelPair(options: ChannelPairOptions = {}): ChannelPair {
  const client = new MemoryChannel('client', address(5684, options.server), options);
  const server = new MemoryChannel('server', address(49152, options.client), options);
  client.connect(server);
  server.connect(client);
  return {
    client,
    server,
    cut(reason = new Error('The connection was cut.')) {
      client.break(reason);
      server.break(reason);
    },
  };
}
