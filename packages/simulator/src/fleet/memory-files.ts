import { dirname } from 'node:path';
import type { FileReader, Files, FileWriter } from '@mooring/device';

interface Entry {
  readonly isFolder: boolean;
  mode: number;
  data: Uint8Array;
}

/** What a flash memory holds: contents by path. */
export type FlashImage = ReadonlyMap<string, Uint8Array>;

const nothing = new Uint8Array();

const systemError = (code: string, path: string) => Object.assign(new Error(`${code}: ${path}`), { code });

/**
 * The disk of a simulated device, in memory. Devices that are flashed with the same image share its bytes until they
 * write a file of their own.
 */
export class MemoryFiles implements Files {
  readonly #entries = new Map<string, Entry>();
  #lock: Promise<void> | undefined;

  constructor(image: FlashImage = new Map()) {
    this.#entries.set('/', { isFolder: true, mode: 0o700, data: nothing });
    for (const [path, data] of image) this.#entries.set(path, { isFolder: false, mode: 0o600, data });
  }

  /** All files as they are now. */
  image(): FlashImage {
    const files = [...this.#entries].filter(([, { isFolder }]) => !isFolder);
    return new Map(files.map(([path, { data }]) => [path, data]));
  }

  async openToRead(path: string): Promise<FileReader | undefined> {
    const entry = this.#entries.get(path);
    return (
      entry && {
        read: async (offset, length) => entry.data.subarray(offset, offset + length),
        status: async () => statusOf(entry),
        close: async () => undefined,
      }
    );
  }

  async create(path: string, mode: number): Promise<FileWriter> {
    if (this.#entries.has(path)) throw systemError('EEXIST', path);
    if (!this.#entries.get(dirname(path))?.isFolder) throw systemError('ENOENT', path);
    const entry: Entry = { isFolder: false, mode, data: nothing };
    const parts: Uint8Array[] = [];
    this.#entries.set(path, entry);
    return {
      write: async (data) => {
        parts.push(data);
      },
      sync: async () => {
        entry.data = Buffer.concat(parts);
      },
      close: async () => {
        entry.data = Buffer.concat(parts);
      },
    };
  }

  async rename(from: string, to: string): Promise<void> {
    const entry = this.#find(from);
    this.#entries.delete(from);
    this.#entries.set(to, entry);
  }

  async remove(path: string): Promise<void> {
    this.#entries.delete(path);
  }

  async makeFolder(path: string, mode: number): Promise<void> {
    if (this.#entries.has(path)) throw systemError('EEXIST', path);
    this.#entries.set(path, { isFolder: true, mode, data: nothing });
  }

  async setMode(path: string, mode: number): Promise<void> {
    this.#find(path).mode = mode;
  }

  async syncFolder(): Promise<void> {}

  async status(path: string) {
    const entry = this.#entries.get(path);
    return entry && statusOf(entry);
  }

  async list(folder: string): Promise<string[]> {
    return [...this.#entries.keys()]
      .filter((path) => path !== folder && dirname(path) === folder)
      .map((path) => path.slice(folder === '/' ? 1 : folder.length + 1));
  }

  /** One after the other; nobody else has this disk. */
  async lock() {
    const before = this.#lock;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lock = promise;
    await before;
    return { release: async () => resolve() };
  }

  #find(path: string): Entry {
    const entry = this.#entries.get(path);
    if (!entry) throw systemError('ENOENT', path);
    return entry;
  }
}

const statusOf = ({ isFolder, mode, data }: Entry) => ({ size: data.length, mode, owner: 0, isFolder });
