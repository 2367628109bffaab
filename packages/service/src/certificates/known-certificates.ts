import { type Certificate, parseCertificate } from '@mooring/pki';

/** Certificates that are kept read: those that are trusted, and those that many devices share. */
const most = 1_000;

/** By their bytes; the one used longest ago is the first. */
const kept = new Map<string, Certificate>();

/**
 * Reads a certificate that will come again: reading it costs as much as half a handshake, and thousands of devices lead to
 * the same few.
 *
 * @param der DER
 * @throws MooringError as `parseCertificate`
 */
export function knownCertificate(der: Uint8Array): Certificate {
  const key = Buffer.from(der.buffer, der.byteOffset, der.length).toString('latin1');
  const certificate = kept.get(key) ?? parseCertificate(der);
  kept.delete(key);
  kept.set(key, certificate);
  if (kept.size > most) kept.delete(kept.keys().next().value as string);
  return certificate;
}
