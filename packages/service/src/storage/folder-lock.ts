import { existsSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Clock, ensureDirectory, fileError, writeFileAtomic } from '@mooring/platform';
import { storageErrors } from '../errors.ts';
import { resultCode, sqliteError } from './sqlite-errors.ts';

export interface FolderLock {
  release(): Promise<void>;
}

/** Who holds a data folder; the kernel keeps the lock, this file only says whose it is. */
export interface Holder {
  readonly pid: number;
  /** `mooring serve`, `mooring api-key create` … */
  readonly command: string;
  readonly since: string;
}

/** A lock must not end because the garbage collector found its database unused. */
const locked = new Set<DatabaseSync>();

const lockFile = 'lock';
const holderFile = 'lock.json';

async function readHolder(folder: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(join(folder, holderFile), 'utf8')) as Holder;
    return Number.isInteger(holder.pid) && typeof holder.command === 'string' ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** @throws the error for whoever would not wait, `database.folder.held` */
export function folderHeld(folder: string, holder: Holder | undefined): Error {
  const who = holder ? `${holder.command} (process ${holder.pid}, since ${holder.since})` : 'another process';
  return storageErrors('database.folder.held', {
    message: `The data folder ${folder} is held by ${who}; only one process may work with it.`,
    next: holder ? `End it first: kill ${holder.pid}` : 'End it first.',
    data: { folder, ...(holder ? { pid: holder.pid, command: holder.command } : {}) },
  });
}

/**
 * Takes a data folder for this process, making it (mode 0700) if it is not there. The lock is an exclusive SQLite
 * transaction that never writes, so that the kernel frees it with the process, however that ends.
 *
 * @returns the lock, or who has it
 * @throws MooringError `database.*`, `file.*`
 */
export async function tryLockFolder(
  folder: string,
  command: string,
  clock: Clock,
): Promise<{ lock: FolderLock } | { holder: Holder | undefined }> {
  await ensureDirectory(folder, 0o700);
  const path = join(folder, lockFile);
  let database: DatabaseSync | undefined;
  try {
    // Only if it is not there: closing any descriptor of a file frees this process's POSIX locks on it.
    if (!existsSync(path)) await (await open(path, 'wx', 0o600)).close();
    database = new DatabaseSync(path, { timeout: 0 });
    // No journal: nothing is ever written.
    database.exec('pragma journal_mode = memory; begin exclusive');
  } catch (error) {
    database?.close();
    if (((resultCode(error) ?? 0) & 0xff) === 5) return { holder: await readHolder(folder) };
    throw sqliteError(fileError(error, path), path);
  }
  const held = database;
  const holder: Holder = { pid: process.pid, command, since: clock.now().toISOString() };
  // Only for the message to others: whoever wants to read on a full disk may do so.
  await writeFileAtomic(join(folder, holderFile), `${JSON.stringify(holder)}\n`, 0o600).catch(() => undefined);
  locked.add(held);
  return {
    lock: {
      release: async () => {
        locked.delete(held);
        // Before the lock is let go: afterwards the file may be another one's.
        await rm(join(folder, holderFile), { force: true });
        held.close();
      },
    },
  };
}
