import { type Der, DerReader, der } from '@mooring/pki';
import { manifestErrors } from '../errors.ts';

const half = 32;

const malformed = (reason: string, cause?: unknown) =>
  manifestErrors('manifest.signature.malformed', {
    message: `The signature is not one of ECDSA with P-256: ${reason}.`,
    next: 'Check which form the signing tool writes, and that its key is on the curve P-256.',
    cause,
  });

/** A number of at most 32 bytes, padded in front; undefined where it is larger. */
function padded(octets: Uint8Array): Uint8Array | undefined {
  let start = 0;
  while (start < octets.length && octets[start] === 0) start++;
  const magnitude = octets.subarray(start);
  if (magnitude.length > half) return undefined;
  const bytes = new Uint8Array(half);
  bytes.set(magnitude, half - magnitude.length);
  return bytes;
}

/**
 * Raw r‖s (64 bytes, schema v3) from a DER ECDSA-Sig-Value (RFC 3279 §2.2.3).
 *
 * @throws MooringError `manifest.signature.malformed`
 */
export function rawSignature(signature: Uint8Array): Uint8Array {
  let numbers: Uint8Array[];
  try {
    const outer = new DerReader(signature, 'the signature');
    const inner = outer.enter();
    outer.finish();
    numbers = [inner.integerOctets('r'), inner.integerOctets('s')];
    inner.finish();
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message.replace(/\.$/, '') : 'it is not DER', cause);
  }
  const parts = numbers.map((octets) => ((octets[0] ?? 0x80) < 0x80 ? padded(octets) : undefined));
  const [r, s] = parts;
  if (!r || !s) throw malformed('r or s is negative or longer than 32 bytes');
  return Buffer.concat([r, s]);
}

/** Writes half of a raw signature as an INTEGER. @returns where it ends */
function writeInteger(into: Uint8Array, at: number, raw: Uint8Array, from: number): number {
  let start = from;
  while (start < from + half - 1 && raw[start] === 0) start++;
  const padding = (raw[start] as number) >= 0x80 ? 1 : 0;
  const length = from + half - start;
  into[at] = der.tags.integer;
  into[at + 1] = padding + length;
  for (let i = 0; i < length; i++) into[at + 2 + padding + i] = raw[start + i] as number;
  return at + 2 + padding + length;
}

/**
 * DER ECDSA-Sig-Value from raw r‖s.
 *
 * @throws MooringError `manifest.signature.malformed`
 */
export function derSignature(raw: Uint8Array): Der {
  if (raw.length !== 2 * half) throw malformed(`64 bytes expected, ${raw.length} given`);
  const value = new Uint8Array(2 + 2 * (3 + half));
  const end = writeInteger(value, writeInteger(value, 2, raw, 0), raw, half);
  value[0] = der.tags.sequence;
  value[1] = end - 2;
  return value.subarray(0, end) as Der;
}
