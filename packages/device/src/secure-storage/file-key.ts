import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { fileError } from '@mooring/platform';
import { type FileReader, type Files, realFiles } from './files.ts';
import type { KeyProvider, OpenKey } from './key-provider.ts';
import { storageErrors } from './storage-errors.ts';

const keyLength = 32;

function malformed(path: string): Error {
  return storageErrors('storage.key.malformed', {
    message: `${path} does not hold a key: it has to be one line of ${2 * keyLength} hexadecimal digits.`,
    next: 'Put the right key file back. If it is lost, so is what it protected: move the storage folder and this file away, and provision the device again.',
    data: { path },
  });
}

async function readKey(file: FileReader, path: string): Promise<Uint8Array> {
  const status = await file.status();
  if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) {
    throw storageErrors('storage.key.exposed', {
      message: `The key file ${path} may be read by other users (mode ${status.mode.toString(8)}), so it is not used.`,
      next: `Run "chmod 600 ${path}". If others may have read it, provision the device again with a new developer certificate.`,
      data: { path, mode: status.mode },
    });
  }
  const text = Buffer.from(await file.read(0, 4 * keyLength)).toString('latin1');
  if (!/^[0-9a-f]{64}\n?$/.test(text)) throw malformed(path);
  return Buffer.from(text.slice(0, 2 * keyLength), 'hex');
}

/**
 * The key of a secure storage in a file of its own: one line of 64 hexadecimal digits, mode 0600 from the first
 * byte. It protects a copied storage folder, not a stolen disk: for that the key has to be elsewhere.
 *
 * @param options.shared other storages may use the file, so that it is kept when this one has another key
 */
export function fileKeyProvider(
  path: string,
  files: Files = realFiles,
  { shared = true }: { shared?: boolean } = {},
): KeyProvider {
  async function find(): Promise<Uint8Array | undefined> {
    const file = await files.openToRead(path);
    if (!file) return undefined;
    try {
      return await readKey(file, path);
    } finally {
      await file.close();
    }
  }

  async function load(): Promise<Uint8Array> {
    const key = await find();
    if (key) return key;
    throw storageErrors('storage.key.missing', {
      message: `The secure storage cannot be read: its key file ${path} does not exist.`,
      next: 'Put the key file back, or name it with --key-file. If it is lost, move the storage folder away and provision the device again.',
      data: { path },
    });
  }

  // Two storages may share a key, so the storage's own lock is not enough.
  async function loadOrMake(): Promise<Uint8Array> {
    const lock = await files.lock(`${path}.lock`);
    try {
      return (await find()) ?? (await make());
    } finally {
      await lock.release();
    }
  }

  async function make(): Promise<Uint8Array> {
    const key = randomBytes(keyLength);
    const beside = `${path}.new`;
    await files.remove(beside);
    const file = await files.create(beside, 0o600);
    try {
      await file.write(Buffer.from(`${key.toString('hex')}\n`, 'latin1'));
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(beside, path);
    await files.syncFolder(dirname(path));
    return key;
  }

  async function retire(): Promise<string | undefined> {
    if ((await files.status(path)) === undefined) return undefined;
    if (shared)
      return `The key file ${path} is not needed by this storage any more. Remove it, unless another uses it.`;
    await files.remove(path);
    await files.syncFolder(dirname(path));
    return undefined;
  }

  const told = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw fileError(error, path);
    }
  };
  const opened = async (work: Promise<Uint8Array>): Promise<OpenKey> => ({
    bytes: await told(work),
    sealed: new Uint8Array(0),
    place: `file:${path}`,
    sees: { copies: false, rollback: false },
  });
  return {
    kind: 'file',
    description: `the key file ${path}`,
    load: () => opened(load()),
    loadOrMake: () => opened(loadOrMake()),
    retire: () => told(retire()),
  };
}
