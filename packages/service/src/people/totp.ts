import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/* RFC 6238 over HMAC-SHA-1 with 30 seconds and six digits: what every authenticator can. */
const period = 30;
const digits = 6;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** 160 bits, as RFC 4226 §4 R6 recommends. */
export const newTotpSecret = (): Uint8Array => new Uint8Array(randomBytes(20));

/** Base32 without padding (RFC 4648 §6). */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet[(value << (5 - bits)) & 31] : text;
}

/** The time step that a moment is in. @param now milliseconds since 1970 */
export const totpStep = (now: number): number => Math.floor(now / 1000 / period);

/** The code of a time step (RFC 4226 §5.3). */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  const number = mac.readUInt32BE(offset) & 0x7fffffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/**
 * The time step whose code this is, among the present one and its neighbours (RFC 6238 §5.2); undefined if it is none of
 * them.
 *
 * @param after only later steps count: a code is good once
 */
export function totpStepOf(secret: Uint8Array, code: string, now: number, after: number): number | undefined {
  const given = Buffer.from(code.replace(/[\s-]/g, ''), 'utf8');
  const present = totpStep(now);
  let found: number | undefined;
  for (const step of [present - 1, present, present + 1]) {
    const wanted = Buffer.from(totpCode(secret, step), 'utf8');
    if (given.length === wanted.length && timingSafeEqual(given, wanted) && step > after) found ??= step;
  }
  return found;
}

/** For a QR code, in the form that authenticators read. */
export function totpUri(secret: Uint8Array, { issuer, user }: { issuer: string; user: string }): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(user)}`;
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}`;
}
