import type { TLSSocket } from 'node:tls';

/** Nothing that is longer is a chain of an honest device. */
const longestChain = 8;

/**
 * The other end's certificates, leaf first, as sent; empty where it sent none. To be asked once for a handshake: Node moves
 * the chain out of the session.
 */
export function certificatesOf(socket: TLSSocket): Uint8Array[] {
  const certificates: Uint8Array[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && certificates.length < longestChain) {
    certificates.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return certificates;
}
