import type { Stats } from 'node:fs';
import { open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { ensureDirectory, fileError, readFileIfExists, syncFolder } from '@mooring/platform';

/** The file operations that a project's files are changed with, so that a test can stop between any two of them. */
export interface Disk {
  read(path: string): Promise<Buffer | undefined>;
  /** Permission bits, or undefined where there is no such file. */
  mode(path: string): Promise<number | undefined>;
  hasFolder(path: string): Promise<boolean>;
  /** Makes a folder with this mode; false if it is there already. */
  makeFolder(path: string, mode: number): Promise<boolean>;
  /** Writes a new file with this mode from the first byte on, and syncs it. */
  create(path: string, data: Uint8Array | string, mode: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; none there is fine. */
  remove(path: string): Promise<void>;
  /** Removes a folder if it is empty. */
  removeFolder(path: string): Promise<void>;
  /** Makes what happened in this folder survive a power cut. */
  sync(folder: string): Promise<void>;
}

async function named<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fileError(error, path);
  }
}

async function createSynced(path: string, data: Uint8Array | string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.chmod(mode);
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function statIfExists(path: string): Promise<Stats | undefined> {
  return await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

async function removeIfEmpty(path: string): Promise<void> {
  await rmdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}

export const realDisk: Disk = {
  read: (path) => readFileIfExists(path),
  mode: async (path) => {
    const found = await named(path, statIfExists(path));
    return found && found.mode & 0o777;
  },
  hasFolder: async (path) => (await named(path, statIfExists(path)))?.isDirectory() ?? false,
  makeFolder: (path, mode) => ensureDirectory(path, mode),
  create: (path, data, mode) => named(path, createSynced(path, data, mode)),
  rename: (from, to) => named(to, rename(from, to)),
  remove: (path) => named(path, rm(path, { force: true })),
  removeFolder: (path) => named(path, removeIfEmpty(path)),
  sync: (folder) => named(folder, syncFolder(folder)),
};
