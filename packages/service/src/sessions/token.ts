import { createHash, randomBytes } from 'node:crypto';

/** What stands in front says what a token is, so that a log can leave it out and a person can tell them apart. */
export type TokenKind = 'ms_' | 'ml_';

/** A session's or a link's: 256 bits in base64url. */
export const newToken = (kind: TokenKind): string => kind + randomBytes(32).toString('base64url');

/** What is kept of it. It has 256 bits of its own, so a slow hash would guard nothing. */
export const tokenHash = (token: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(token, 'utf8').digest());

export const isToken = (kind: TokenKind, text: string): boolean =>
  text.startsWith(kind) && /^[A-Za-z0-9_-]{43}$/.test(text.slice(kind.length));
