import { createHash, randomInt, timingSafeEqual } from 'node:crypto';

/*
 * `ak_1`, then base64 of the account id's 32 hex digits without padding (43 characters), then the key's id (32), then
 * the secret (32): 111 characters, of which the first 79 are public.
 */
const form = /^ak_1([A-Za-z0-9+/]{43})([0-9a-f]{32})([A-Za-z0-9]{32})?$/;
const secretAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export interface ApiKeyText {
  accountId: string;
  id: string;
  /** Absent in the public part. */
  secret?: string;
}

/** 32 characters, 190 bits. */
export function newSecret(): string {
  return Array.from({ length: 32 }, () => secretAlphabet[randomInt(secretAlphabet.length)]).join('');
}

/** The key, or its public part where there is no secret. */
export function formatApiKey({ accountId, id, secret = '' }: ApiKeyText): string {
  return `ak_1${Buffer.from(accountId, 'latin1').toString('base64').replace(/=+$/, '')}${id}${secret}`;
}

/** Reads a key or its public part; undefined if it is neither. */
export function parseApiKey(text: string): ApiKeyText | undefined {
  const [, encoded, id, secret] = form.exec(text) ?? [];
  if (encoded === undefined || id === undefined) return undefined;
  const accountId = Buffer.from(encoded, 'base64').toString('latin1');
  if (!/^[0-9a-f]{32}$/.test(accountId)) return undefined;
  return secret === undefined ? { accountId, id } : { accountId, id, secret };
}

/** What is kept of a secret. It has 190 bits of its own, so a slow hash would guard nothing. */
export function hashSecret(secret: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(secret, 'latin1').digest());
}

/** Compares in a time that does not depend on what is equal. */
export function isSecret(secret: string, hash: Uint8Array): boolean {
  const given = hashSecret(secret);
  return given.length === hash.length && timingSafeEqual(given, hash);
}
