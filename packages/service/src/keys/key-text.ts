import { masterKeyErrors } from '../errors.ts';
import { masterKeyLength } from './vault.ts';

/** The form in which we write a master key: base64 and a line end. */
export function formatMasterKey(key: Uint8Array): string {
  return `${Buffer.from(key).toString('base64')}\n`;
}

/**
 * Reads a master key as base64 or hexadecimal text, or as its 32 bytes: what people make with
 * `head -c 32 /dev/urandom`, with or without `base64`, or with `openssl rand -hex 32`.
 *
 * @param place for the error
 * @throws MooringError `master.key.malformed`
 */
export function parseMasterKey(content: Uint8Array, place: string): Uint8Array {
  if (content.length === masterKeyLength) return content;
  const text = Buffer.from(content).toString('latin1').trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/]{43}=?$/.test(text)) {
    const key = Buffer.from(text, 'base64');
    if (key.length === masterKeyLength) return key;
  }
  throw masterKeyErrors('master.key.malformed', {
    message: `There is no master key in ${place}: ${content.length} bytes were found where ${masterKeyLength} random bytes were expected, as base64, as hexadecimal digits or as they are.`,
    next: 'Check that the right file is named. To make a key yourself: head -c 32 /dev/urandom | base64',
    data: { place },
  });
}
