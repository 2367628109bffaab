import { verifies } from '@mooring/manifest';
import { type Certificate, type Der, signedCertificate, successorBody } from '@mooring/pki';
import { renewErrors } from './errors.ts';
import { type KeyHolder, mismatch } from './key-holder.ts';
import type { OldCertificate } from './old-certificate.ts';

const day = 86_400_000;
/** Ten years, leap days included: what 1.4.8 calls enough for production. */
const leastDays = 3653;

/** Whole seconds, as certificates have them. */
function validity(old: Certificate, days: number | undefined, now: Date): { notBefore: Date; notAfter: Date } {
  const before = Math.round((old.notAfter.getTime() - old.notBefore.getTime()) / day);
  const length = days ?? Math.max(before, leastDays);
  const notBefore = new Date(Math.floor(now.getTime() / 1000) * 1000);
  // The year 9999 is the last that a certificate can name (RFC 5280 §4.1.2.5).
  const notAfter = new Date(Math.min(notBefore.getTime() + length * day, Date.UTC(9999, 11, 31, 23, 59, 59)));
  if (length > 0 && (days === undefined || notAfter.getTime() === notBefore.getTime() + length * day)) {
    return { notBefore, notAfter };
  }
  throw renewErrors('renew.validity.invalid', {
    message: `A certificate cannot be valid for ${days} days from now.`,
    next: 'Give a number of days from 1 on that ends before the year 10000.',
  });
}

/** @throws MooringError `renew.*`, `pki.*`, `signing.*` */
export async function makeSuccessor(
  old: OldCertificate,
  holder: KeyHolder,
  days: number | undefined,
  now: Date,
): Promise<Der> {
  const { signer, publicKey } = holder;
  const body = successorBody(old.certificate, { ...validity(old.certificate, days, now), publicKey });
  const signature = await signer.sign(body);
  if (!verifies(publicKey, body, signature)) throw mismatch(signer, old);
  return signedCertificate(body, signature);
}
