import { dirname } from 'node:path';
import type { FileReader, Files, FileWriter } from '../../src/secure-storage/files.ts';

interface Inode {
  folder: boolean;
  mode: number;
  /** What is on the platter. */
  safe: Uint8Array;
  /** Written since the last sync, in order. */
  loose: Uint8Array[];
}

/** A change of a folder's entries; loose until that folder is synced. */
interface EntryChange {
  folder: string;
  set?: { path: string; inode: Inode };
  unset?: string;
}

/** A disk as it may be found after a power cut: entries and contents, nothing loose. */
export type DiskImage = ReadonlyMap<string, { folder: boolean; mode: number; data: Uint8Array }>;

/**
 * A disk in memory that remembers what a power cut may take: data since the last sync of its file, entries since
 * the last sync of their folder. After each operation `afterEach` is called, the moment to cut the power.
 */
export class SimulatedDisk implements Files {
  readonly operations: string[] = [];
  afterEach: (operation: string) => void = () => undefined;
  #entries = new Map<string, Inode>();
  #safeEntries = new Map<string, Inode>();
  #looseEntries: EntryChange[] = [];

  constructor(image: DiskImage = new Map([['/', { folder: true, mode: 0o755, data: new Uint8Array() }]])) {
    for (const [path, { folder, mode, data }] of image) {
      const inode = { folder, mode, safe: data, loose: [] };
      this.#entries.set(path, inode);
      this.#safeEntries.set(path, inode);
    }
  }

  #done(operation: string): void {
    this.operations.push(operation);
    this.afterEach(operation);
  }

  #find(path: string): Inode {
    const inode = this.#entries.get(path);
    if (!inode) throw systemError('ENOENT', path);
    return inode;
  }

  #change(change: EntryChange): void {
    if (!this.#find(change.folder).folder) throw systemError('ENOTDIR', change.folder);
    this.#looseEntries.push(change);
    apply(this.#entries, change);
  }

  async openToRead(path: string): Promise<FileReader | undefined> {
    const inode = this.#entries.get(path);
    return (
      inode && {
        read: async (offset, length) => contentOf(inode).slice(offset, offset + length),
        status: async () => statusOf(inode),
        close: async () => undefined,
      }
    );
  }

  async create(path: string, mode: number): Promise<FileWriter> {
    if (this.#entries.has(path)) throw systemError('EEXIST', path);
    const inode: Inode = { folder: false, mode, safe: new Uint8Array(), loose: [] };
    this.#change({ folder: dirname(path), set: { path, inode } });
    this.#done(`create ${path}`);
    return {
      write: async (data) => {
        inode.loose.push(Uint8Array.from(data));
        this.#done(`write ${path}`);
      },
      sync: async () => {
        inode.safe = contentOf(inode);
        inode.loose = [];
        this.#done(`sync ${path}`);
      },
      close: async () => undefined,
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#change({ folder: dirname(to), set: { path: to, inode: this.#find(from) }, unset: from });
    this.#done(`rename ${from} ${to}`);
  }

  async remove(path: string): Promise<void> {
    if (!this.#entries.has(path)) return;
    this.#change({ folder: dirname(path), unset: path });
    this.#done(`remove ${path}`);
  }

  async makeFolder(path: string, mode: number): Promise<void> {
    if (this.#entries.has(path)) throw systemError('EEXIST', path);
    const inode: Inode = { folder: true, mode, safe: new Uint8Array(), loose: [] };
    this.#change({ folder: dirname(path), set: { path, inode } });
    this.#done(`makeFolder ${path}`);
  }

  async setMode(path: string, mode: number): Promise<void> {
    this.#find(path).mode = mode;
  }

  async syncFolder(path: string): Promise<void> {
    this.#find(path);
    for (const change of this.#looseEntries) if (change.folder === path) apply(this.#safeEntries, change);
    this.#looseEntries = this.#looseEntries.filter((change) => change.folder !== path);
    this.#done(`syncFolder ${path}`);
  }

  async status(path: string) {
    const inode = this.#entries.get(path);
    return inode && statusOf(inode);
  }

  async list(folder: string): Promise<string[]> {
    return [...this.#entries.keys()]
      .filter((path) => path !== folder && dirname(path) === folder)
      .map((path) => path.slice(folder.length + 1));
  }

  async lock() {
    return { release: async () => undefined };
  }

  /**
   * Every disk that a power cut now could leave: any selection of the loose entry changes, and for each file with
   * loose writes any selection of them, a lost one in the middle read as zeros, the last one also torn.
   */
  *afterPowerCut(): Generator<DiskImage> {
    for (const kept of subsets(this.#looseEntries)) {
      const entries = new Map(this.#safeEntries);
      for (const change of kept) apply(entries, change);
      const reachable = [...entries].filter(([path]) => isReachable(path, entries));
      const loose = [...new Set(reachable.map(([, inode]) => inode))].filter((inode) => inode.loose.length > 0);
      for (const contents of choices(loose.map((inode) => [...possibleContents(inode)]))) {
        const content = new Map(loose.map((inode, index) => [inode, contents[index] as Uint8Array]));
        yield new Map(
          reachable.map(([path, inode]) => [
            path,
            { folder: inode.folder, mode: inode.mode, data: content.get(inode) ?? inode.safe },
          ]),
        );
      }
    }
  }
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, syscall: 'simulated', path });
}

function contentOf(inode: Inode): Uint8Array {
  return Buffer.concat([inode.safe, ...inode.loose]);
}

function statusOf(inode: Inode) {
  return { size: contentOf(inode).length, mode: inode.mode, owner: 0, isFolder: inode.folder };
}

function apply(entries: Map<string, Inode>, { set, unset }: EntryChange): void {
  if (unset !== undefined) entries.delete(unset);
  if (set) entries.set(set.path, set.inode);
}

function isReachable(path: string, entries: ReadonlyMap<string, Inode>): boolean {
  return path === '/' || (entries.has(dirname(path)) && isReachable(dirname(path), entries));
}

function* subsets<T>(of: readonly T[]): Generator<T[]> {
  for (let bits = 0; bits < 2 ** of.length; bits += 1) yield of.filter((_, index) => (bits >> index) & 1);
}

function* choices<T>(lists: readonly (readonly T[])[]): Generator<T[]> {
  const [first, ...rest] = lists;
  if (!first) {
    yield [];
    return;
  }
  for (const one of first) for (const others of choices(rest)) yield [one, ...others];
}

function* possibleContents({ safe, loose }: Inode): Generator<Uint8Array> {
  for (const kept of subsets(loose.map((_, index) => index))) {
    const last = kept.at(-1) ?? -1;
    const parts = loose
      .slice(0, last + 1)
      .map((part, index) => (kept.includes(index) ? part : Buffer.alloc(part.length)));
    yield Buffer.concat([safe, ...parts]);
    const torn = parts.at(-1);
    if (torn) yield Buffer.concat([safe, ...parts.slice(0, -1), torn.subarray(0, torn.length >> 1)]);
  }
}
