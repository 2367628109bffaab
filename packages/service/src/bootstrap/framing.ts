import { ByteBudget, type CoapOptions, type Framing } from '@mooring/coap';
import type { SecureChannel } from '@mooring/transport';

/**
 * How a device has its messages: RFC 7252 over DTLS, RFC 8323 over TLS where it named that protocol (ALPN `coap`), and
 * otherwise Pelion's way, a message of RFC 7252 in each TLS record.
 */
export const framingOf = ({ kind, alpn }: Pick<SecureChannel, 'kind' | 'alpn'>): Framing =>
  kind === 'dtls' ? 'datagram' : alpn === 'coap' ? 'stream' : 'record';

/** The scheme of the URI that leads a device to the other server by the way that it came (RFC 8323 §8). */
export const schemeOf = (framing: Framing): 'coaps' | 'coaps+tcp' => (framing === 'stream' ? 'coaps+tcp' : 'coaps');

/**
 * What all devices together may have under way of bodies that come in blocks, in bytes: a registration of Pelion's clients has
 * some kB, and ten thousand of them fit at once.
 */
const gathered = new ByteBudget(64 << 20);

/** One for each framing; connections of one framing share it. */
export type Framings<Each> = Readonly<Record<Framing, Each>>;

export const forFramings = <Each>(make: (framed: Framed) => Each): Framings<Each> => ({
  record: make({ framing: 'record', gathered }),
  stream: make({ framing: 'stream', gathered }),
  // Pelion's clients take no more than 512 bytes in a block, over UDP either.
  datagram: make({ framing: 'datagram', gathered, limits: { blockSize: 512 } }),
});

/** What options of CoAP depend on the framing. */
export type Framed = Pick<CoapOptions, 'framing' | 'gathered' | 'limits'>;
