import type { Framing } from '@mooring/coap';
import type { SecureChannel } from '@mooring/transport';

/**
 * How a device has its messages: RFC 7252 over DTLS, RFC 8323 over TLS where it named that protocol (ALPN `coap`), and
 * otherwise Pelion's way, a message of RFC 7252 in each TLS record.
 */
export const framingOf = ({ kind, alpn }: Pick<SecureChannel, 'kind' | 'alpn'>): Framing =>
  kind === 'dtls' ? 'datagram' : alpn === 'coap' ? 'stream' : 'record';

/** The scheme of the URI that leads a device to the other server by the way that it came (RFC 8323 §8). */
export const schemeOf = (framing: Framing): 'coaps' | 'coaps+tcp' => (framing === 'stream' ? 'coaps+tcp' : 'coaps');

/** One for each framing; connections of one framing share it. */
export type Framings<Each> = Readonly<Record<Framing, Each>>;

export const forFramings = <Each>(make: (framed: Framed) => Each): Framings<Each> => ({
  record: make({ framing: 'record' }),
  stream: make({ framing: 'stream' }),
  // Pelion's clients take no more than 512 bytes in a block, over UDP either.
  datagram: make({ framing: 'datagram', limits: { blockSize: 512 } }),
});

/** What options of CoAP depend on the framing. */
export type Framed =
  | { readonly framing: 'record' | 'stream' }
  | { readonly framing: 'datagram'; readonly limits: { readonly blockSize: number } };
