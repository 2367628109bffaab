import { pkiErrors } from './errors.ts';

/** For whatever a device without a clock has to accept: from the start of its time to the end of RFC 5280's. */
export const noClockValidity = {
  notBefore: new Date('1970-01-01T00:00:00Z'),
  notAfter: new Date('9999-12-31T23:59:59Z'),
} as const;

/** @throws MooringError `pki.validity.invalid` */
export function checkOrder(from: Date, to: Date, names: readonly [string, string]): void {
  if (from.getTime() <= to.getTime()) return;
  throw pkiErrors('pki.validity.invalid', {
    message: `${names[0]} lies after ${names[1]}, or one of them is not a date.`,
    next: 'Check the validity period that was asked for, and the clock.',
  });
}
