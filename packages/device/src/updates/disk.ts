import {
  chmod,
  type FileHandle,
  lchown,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  rmdir,
  statfs,
  symlink,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { acquireLock, syncFolder } from '@mooring/platform';
import type { FileWriter } from '../secure-storage/files.ts';

export interface EntryStatus {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly size: number;
}

/** A block device, or a file in its place: written where one says. */
export interface BlockDevice {
  /** Bytes. */
  readonly size: number;
  read(position: number, length: number): Promise<Uint8Array>;
  write(position: number, data: Uint8Array): Promise<void>;
  /** Ends when all that was written is safe from a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The disks of a device as an update uses them, so that a test can cut the power between any two operations. Counted on:
 * a rename happens whole or not at all, what is synced stays, and names stay after `syncFolder`. Nothing else.
 * Errors are those of node:fs.
 */
export interface Disk {
  /** The whole file; undefined where there is none. For small ones. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** A new file; fails where the name is taken. */
  create(path: string, mode: number): Promise<FileWriter>;
  /** Behind what is there; the file is made where there is none. */
  append(path: string, mode: number): Promise<FileWriter>;
  makeFolder(path: string, mode: number): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  /** What a symbolic link says; undefined where there is none. */
  readLink(path: string): Promise<string | undefined>;
  hardLink(existing: string, path: string): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  /** Of the entry itself, a link too. */
  setOwner(path: string, owner: number, group: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A file or link; nothing there is fine. */
  remove(path: string): Promise<void>;
  /** An empty one. */
  removeFolder(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
  /** Of the entry itself, not of what a link leads to. Undefined where there is nothing. */
  status(path: string): Promise<EntryStatus | undefined>;
  /** Names; none where there is no such folder. */
  list(folder: string): Promise<string[]>;
  /** Bytes that are free where the path is, or would be. */
  free(path: string): Promise<number>;
  openDevice(path: string): Promise<BlockDevice>;
  /** @throws MooringError `lock.busy` */
  lock(path: string): Promise<{ release(): Promise<void> }>;
}

async function unless<T>(codes: readonly string[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codes.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

const writer = (handle: FileHandle): FileWriter => ({
  write: (data) => handle.writeFile(data),
  sync: () => handle.sync(),
  close: () => handle.close(),
});

async function nearest(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    if (at === '/' || at === '.' || (await unless(['ENOENT', 'ENOTDIR'], lstat(at)))) return at;
  }
}

/** The size of a block device is not in its status: its end is. */
async function sizeOf(handle: FileHandle, path: string): Promise<number> {
  const found = await handle.stat();
  if (!found.isBlockDevice()) return found.size;
  const name = path.split('/').at(-1);
  const { readFile } = await import('node:fs/promises');
  const sectors = await unless(['ENOENT'], readFile(`/sys/class/block/${name}/size`, 'utf8'));
  if (sectors !== undefined) return Number(sectors) * 512;
  const one = Buffer.alloc(1);
  let [low, high] = [0, 1];
  const has = async (at: number) => (await handle.read(one, 0, 1, at)).bytesRead === 1;
  while (await has(high)) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await has(middle)) low = middle;
    else high = middle;
  }
  return high;
}

async function openDevice(path: string): Promise<BlockDevice> {
  const handle = await open(path, 'r+');
  const size = await sizeOf(handle, path).catch(async (error: unknown) => {
    await handle.close();
    throw error;
  });
  return {
    size,
    async read(position, length) {
      const found = Buffer.alloc(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(found, filled, length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return found.subarray(0, filled);
    },
    async write(position, data) {
      for (let done = 0; done < data.length; ) {
        done += (await handle.write(data, done, data.length - done, position + done)).bytesWritten;
      }
    },
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

async function readWhole(path: string): Promise<Uint8Array | undefined> {
  const handle = await unless(['ENOENT', 'ENOTDIR'], open(path, 'r'));
  if (!handle) return undefined;
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

export const realDisk: Disk = {
  read: readWhole,
  async create(path, mode) {
    const handle = await open(path, 'wx', mode);
    await handle.chmod(mode);
    return writer(handle);
  },
  append: async (path, mode) => writer(await open(path, 'a', mode)),
  async makeFolder(path, mode) {
    await mkdir(path, { mode });
    await chmod(path, mode);
  },
  symlink,
  readLink: (path) => unless(['ENOENT', 'EINVAL', 'ENOTDIR'], readlink(path)),
  hardLink: link,
  setMode: chmod,
  setOwner: lchown,
  rename,
  remove: (path) => rm(path, { force: true }),
  removeFolder: rmdir,
  syncFolder,
  async status(path) {
    const found = await unless(['ENOENT', 'ENOTDIR'], lstat(path));
    if (!found) return undefined;
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : found.isSymbolicLink() ? 'link' : 'other';
    return { kind, size: found.size };
  },
  list: async (folder) => (await unless(['ENOENT', 'ENOTDIR'], readdir(folder))) ?? [],
  async free(path) {
    const { bavail, bsize } = await statfs(await nearest(path));
    return bavail * bsize;
  },
  openDevice,
  lock: (path) => acquireLock(path, 2_000),
};
