import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isMooringError } from '@mooring/platform';
import { storageErrors } from '../errors.ts';

type Known = { code: Parameters<typeof storageErrors>[0]; text: string; next: string };

const full: Known = {
  code: 'database.disk.full',
  text: 'could not be written: the disk is full',
  next: 'Free some space and repeat; nothing was changed.',
};

/** Primary result codes, https://www.sqlite.org/rescode.html */
const known: Record<number, Known> = {
  5: { code: 'database.busy', text: 'is locked by another program', next: 'End the program that has it open.' },
  8: {
    code: 'database.read.only',
    text: 'may not be written',
    next: 'Check the owner and permissions of the folder, and that the file system is not mounted read-only.',
  },
  11: {
    code: 'database.damaged',
    text: 'is damaged',
    next: 'Stop the service and restore a backup into a new folder with "mooring restore".',
  },
  13: full,
  14: {
    code: 'database.read.only',
    text: 'cannot be opened',
    next: 'Check the owner and permissions of the folder and its files.',
  },
  26: {
    code: 'database.damaged',
    text: 'is not a database',
    next: 'Name another data folder, or restore a backup into a new one with "mooring restore".',
  },
};

/** SQLite's extended result code, if the error is one of SQLite's. */
export function resultCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' ? code : undefined;
}

/** With less than this left, in bytes, the shared memory of a write-ahead log (32 KiB at a time) does not grow. */
const least = 64 << 10;

/** A full disk is SQLITE_FULL for the database and its log only: for the memory beside it, it is an error of the device. */
function isDiskFull(path: string): boolean {
  try {
    const disk = statfsSync(dirname(path));
    return disk.bavail * disk.bsize < least;
  } catch {
    return false;
  }
}

/** Turns what SQLite says about the file or the disk into an expected error; all else is passed through unchanged. */
export function sqliteError(error: unknown, path: string): unknown {
  const code = resultCode(error);
  if (code === undefined || isMooringError(error)) return error;
  const primary = code & 0xff;
  // 10 is an error of the device underneath.
  const found = primary === 10 && isDiskFull(path) ? full : known[primary];
  if (found) {
    return storageErrors(found.code, {
      message: `${path} ${found.text}.`,
      next: found.next,
      cause: error,
      data: { path },
    });
  }
  // 1 (SQL) and 19 (constraints) are for the caller.
  if (primary !== 10) return error;
  return storageErrors('database.failed', {
    message: `${path}: ${(error as Error).message}.`,
    next: 'Check the disk.',
    cause: error,
    data: { path },
  });
}

/** True if a row was refused because one with the same unique value is there; on either database. */
export function isUniqueViolation(error: unknown): boolean {
  const code = resultCode(error);
  return code === 2067 || code === 1555 || (error as { code?: unknown } | undefined)?.code === '23505';
}
