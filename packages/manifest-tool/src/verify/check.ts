import { verifyErrors } from './errors.ts';

/** The failure of one check, with the line that 1.4.8 wrote where it had one. */
export const refuse = (check: string, message: string, next: string): Error =>
  verifyErrors('verify.refused', { message, next, data: { check } });

/** Python's `b'…'` of a hexadecimal text, which stands in the old lines. */
export const pythonHex = (bytes: Uint8Array): string => `b'${Buffer.from(bytes).toString('hex')}'`;
