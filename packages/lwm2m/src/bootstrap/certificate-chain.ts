import { malformed } from '../formats/content-format.ts';

const format = 'certificate chain';

/**
 * Pelion's answer to a certificate request over EST: version 1, the number of certificates, then each DER with its length
 * in two bytes, big endian; the device's own first. Not the PKCS#7 of RFC 7030.
 */
export function encodeCertificateChain(certificates: readonly Uint8Array[]): Uint8Array {
  if (certificates.length < 1 || certificates.length > 0xff) malformed(format, 'it has 1 to 255 certificates');
  const size = certificates.reduce((sum, { length }) => sum + 2 + length, 2);
  const chain = new Uint8Array(size);
  chain.set([1, certificates.length]);
  let at = 2;
  for (const certificate of certificates) {
    if (certificate.length === 0 || certificate.length > 0xffff)
      malformed(format, 'a certificate has 1 to 65535 bytes');
    chain.set([certificate.length >> 8, certificate.length & 0xff], at);
    chain.set(certificate, at + 2);
    at += 2 + certificate.length;
  }
  return chain;
}

/** @returns the certificates, DER, the device's own first */
export function decodeCertificateChain(chain: Uint8Array): Uint8Array[] {
  const [version, count = 0] = chain;
  if (version !== 1 || count === 0) malformed(format, 'version 1 and at least one certificate were expected', 0);
  const certificates: Uint8Array[] = [];
  let at = 2;
  for (let i = 0; i < count; i++) {
    const [high, low] = [chain[at], chain[at + 1]];
    if (high === undefined || low === undefined) return malformed(format, 'a length is cut off', at);
    const length = (high << 8) | low;
    if (length === 0 || length > chain.length - at - 2) malformed(format, 'a certificate is empty or cut off', at);
    certificates.push(Uint8Array.from(chain.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  if (at !== chain.length) malformed(format, `${chain.length - at} bytes too many`, at);
  return certificates;
}
