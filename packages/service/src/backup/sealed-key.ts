import { createCipheriv, createDecipheriv, randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { fileError } from '@mooring/platform';
import { backupErrors } from '../errors.ts';

/** In a backup that was made with a passphrase: the master key under that passphrase. */
export const sealedKeyFileName = 'master-key.sealed.json';

export interface SealedKey {
  readonly format: 1;
  readonly keyId: string;
  readonly kdf: {
    readonly name: 'scrypt';
    readonly N: number;
    readonly r: number;
    readonly p: number;
    readonly salt: string;
  };
  /** AES-256-GCM: nonce (12 bytes), ciphertext, tag (16); base64. Additional data is the key id. */
  readonly sealed: string;
}

/** RFC 7914 §2; 128 MiB and half a second on a small machine: it happens once per backup. */
const cost = { N: 1 << 17, r: 8, p: 1 };

const deriveKey = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

function passphraseKey(passphrase: string, salt: Buffer, { N, r, p }: typeof cost): Promise<Buffer> {
  return deriveKey(passphrase.normalize('NFC'), salt, 32, { N, r, p, maxmem: 256 * N * r });
}

export async function sealMasterKey(key: Uint8Array, keyId: string, passphrase: string): Promise<SealedKey> {
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', await passphraseKey(passphrase, salt, cost), nonce);
  cipher.setAAD(Buffer.from(keyId, 'utf8'));
  const sealed = Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
  return {
    format: 1,
    keyId,
    kdf: { name: 'scrypt', ...cost, salt: salt.toString('base64') },
    sealed: sealed.toString('base64'),
  };
}

function isSealedKey(value: unknown): value is SealedKey {
  const { format, keyId, kdf, sealed } = (value ?? {}) as Partial<SealedKey>;
  const within = (number: unknown, most: number) =>
    Number.isInteger(number) && (number as number) > 0 && (number as number) <= most;
  return (
    format === 1 &&
    typeof keyId === 'string' &&
    typeof sealed === 'string' &&
    Buffer.from(sealed, 'base64').length > 28 &&
    kdf?.name === 'scrypt' &&
    typeof kdf.salt === 'string' &&
    // What stands in a file must not make us take all memory.
    within(kdf.N, 1 << 20) &&
    (kdf.N & (kdf.N - 1)) === 0 &&
    kdf.N > 1 &&
    within(kdf.r, 16) &&
    within(kdf.p, 16)
  );
}

/** @throws MooringError `backup.passphrase.wrong`, `backup.damaged` */
export async function openSealedKey(value: unknown, passphrase: string, path: string): Promise<Uint8Array> {
  if (!isSealedKey(value)) {
    throw backupErrors('backup.damaged', {
      message: `${path} cannot be restored: the master key in it is not of a form that is known.`,
      next: 'Take another backup file. Nothing was changed.',
      data: { path },
    });
  }
  const sealed = Buffer.from(value.sealed, 'base64');
  const key = await passphraseKey(passphrase, Buffer.from(value.kdf.salt, 'base64'), value.kdf);
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(value.keyId, 'utf8'));
  decipher.setAuthTag(sealed.subarray(-16));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
  } catch (cause) {
    throw backupErrors('backup.passphrase.wrong', {
      message: `The passphrase does not open the master key in ${path}.`,
      next: 'Give the one that the backup was made with. Nothing was changed.',
      cause,
      data: { path },
    });
  }
}

function unusable(path: string, problem: string, next: string): Error {
  return backupErrors('backup.passphrase.unusable', {
    message: `The passphrase file ${path} ${problem}.`,
    next,
    data: { path },
  });
}

/**
 * The first line of a file, or of a pipe such as `<(pass show mooring)`.
 *
 * @throws MooringError `backup.passphrase.unusable`, `file.*`
 */
export async function readPassphrase(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { mode } = await file.stat();
      const regular = (mode & 0o170000) === 0o100000;
      if (regular && process.platform !== 'win32' && (mode & 0o077) !== 0) {
        throw unusable(path, 'can be read by other users', `Run: chmod 600 ${path}`);
      }
      const [line = ''] = (await file.readFile('utf8')).split(/\r?\n/);
      if (line.length < 8)
        throw unusable(path, 'has fewer than 8 characters in its first line', 'Choose a longer passphrase.');
      return line;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}
