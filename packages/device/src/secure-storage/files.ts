import type { Stats } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { acquireLock, syncFolder } from '@mooring/platform';

export interface FileReader {
  /** Fewer bytes than asked for only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  status(): Promise<FileStatus>;
  close(): Promise<void>;
}

export interface FileWriter {
  /** Behind what was written before. */
  write(data: Uint8Array): Promise<void>;
  /** Ends when the content is safe from a power cut; the name of a new file is not, see syncFolder. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileStatus {
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly owner: number;
  readonly isFolder: boolean;
}

/**
 * The disk as the secure storage uses it, so that a test can cut the power between any two operations. What it
 * counts on: a rename happens whole or not at all, and is safe after syncFolder (ext4, f2fs, ubifs and the like).
 * Errors are those of node:fs.
 */
export interface Files {
  /** Undefined if there is no such file. */
  openToRead(path: string): Promise<FileReader | undefined>;
  /** A new file; fails if the name is taken. */
  create(path: string, mode: number): Promise<FileWriter>;
  rename(from: string, to: string): Promise<void>;
  /** Nothing there is fine. */
  remove(path: string): Promise<void>;
  makeFolder(path: string, mode: number): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  syncFolder(path: string): Promise<void>;
  /** Undefined if there is nothing. */
  status(path: string): Promise<FileStatus | undefined>;
  list(folder: string): Promise<string[]>;
  /** @throws MooringError `lock.busy` */
  lock(path: string): Promise<{ release(): Promise<void> }>;
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function statusOf(found: Stats): FileStatus {
  return { size: found.size, mode: found.mode & 0o777, owner: found.uid, isFolder: found.isDirectory() };
}

async function readAll(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const found = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(found, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return found.subarray(0, filled);
}

export const realFiles: Files = {
  async openToRead(path) {
    const handle = await unlessMissing(open(path, 'r'));
    return (
      handle && {
        read: (offset, length) => readAll(handle, offset, length),
        status: async () => statusOf(await handle.stat()),
        close: () => handle.close(),
      }
    );
  },
  async create(path, mode) {
    const handle = await open(path, 'wx', mode);
    return {
      write: (data) => handle.writeFile(data),
      sync: () => handle.sync(),
      close: () => handle.close(),
    };
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  makeFolder: async (path, mode) => void (await mkdir(path, { mode })),
  setMode: chmod,
  syncFolder,
  async status(path) {
    const found = await unlessMissing(stat(path));
    return found && statusOf(found);
  },
  list: (folder) => readdir(folder),
  lock: (path) => acquireLock(path),
};
