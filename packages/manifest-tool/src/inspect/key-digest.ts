import { createHash, type KeyObject } from 'node:crypto';
import { spkiOf } from '@mooring/pki';

/** What names a key on the page, wherever it stands: SHA-256 of its SubjectPublicKeyInfo, hex. */
export const keyDigest = (publicKey: KeyObject): string => createHash('sha256').update(spkiOf(publicKey)).digest('hex');
