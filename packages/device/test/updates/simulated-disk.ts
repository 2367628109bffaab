import { basename, dirname } from 'node:path';
import type { BlockDevice, Disk, EntryStatus } from '../../src/updates/disk.ts';

interface Inode {
  kind: 'file' | 'folder' | 'link';
  mode: number;
  target: string;
  /** What is on the platter. */
  safe: Uint8Array;
  /** Written since the last sync, in order. */
  loose: { at: number; data: Uint8Array }[];
  /** Of folders: as programs see them, and as they are on the platter. */
  entries: Map<string, Inode>;
  safeEntries: Map<string, Inode>;
}

const inode = (kind: Inode['kind'], mode: number): Inode => ({
  kind,
  mode,
  target: '',
  safe: new Uint8Array(),
  loose: [],
  entries: new Map(),
  safeEntries: new Map(),
});

interface EntryChange {
  unset?: { folder: Inode; name: string };
  set?: { folder: Inode; name: string; inode: Inode };
}

/** What a power cut left of a disk. */
export type DiskImage = Inode;

/**
 * A disk in memory that loses, at a power cut, any of what was written since the last sync, in any order: pieces of files,
 * blocks of devices, and entries of folders. `afterEach` is called after each operation, the moment to cut the power.
 */
export class SimulatedDisk implements Disk {
  afterEach: (operation: string) => void = () => undefined;
  /** Called before each write with its bytes; throws where the disk is to be full. */
  beforeWrite: (path: string, bytes: number) => void = () => undefined;
  operations = 0;
  room = 1e9;
  readonly #root: Inode;
  #changes: EntryChange[] = [];

  constructor(image?: DiskImage) {
    this.#root = image ? restored(image, new Map()) : inode('folder', 0o755);
  }

  #done(operation: string): void {
    this.operations += 1;
    this.afterEach(operation);
  }

  #find(path: string): Inode | undefined {
    let at: Inode | undefined = this.#root;
    for (const part of path.split('/').filter((one) => one !== '')) at = at?.entries.get(part);
    return at;
  }

  #existing(path: string): Inode {
    const found = this.#find(path);
    if (!found) throw systemError('ENOENT', path);
    return found;
  }

  #folderOf(path: string): Inode {
    const folder = this.#existing(dirname(path));
    if (folder.kind !== 'folder') throw systemError('ENOTDIR', path);
    return folder;
  }

  #change(change: EntryChange): void {
    this.#changes.push(change);
    apply(change, 'entries');
  }

  #add(path: string, added: Inode): Inode {
    if (this.#find(path)) throw systemError('EEXIST', path);
    this.beforeWrite(path, 0);
    this.#change({ set: { folder: this.#folderOf(path), name: basename(path), inode: added } });
    return added;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const found = this.#find(path);
    return found && contentOf(found);
  }

  #writer(path: string, file: Inode) {
    return {
      write: async (data: Uint8Array) => {
        this.beforeWrite(path, data.length);
        file.loose.push({ at: contentOf(file).length, data: Uint8Array.from(data) });
        this.#done(`write ${path}`);
      },
      sync: async () => {
        flush(file);
        this.#done(`sync ${path}`);
      },
      close: async () => undefined,
    };
  }

  async create(path: string, mode: number) {
    const file = this.#add(path, inode('file', mode));
    this.#done(`create ${path}`);
    return this.#writer(path, file);
  }

  async append(path: string, mode: number) {
    return this.#writer(path, this.#find(path) ?? this.#add(path, inode('file', mode)));
  }

  async makeFolder(path: string, mode: number): Promise<void> {
    this.#add(path, inode('folder', mode));
    this.#done(`makeFolder ${path}`);
  }

  async symlink(target: string, path: string): Promise<void> {
    this.#add(path, { ...inode('link', 0o777), target });
    this.#done(`symlink ${path}`);
  }

  async readLink(path: string): Promise<string | undefined> {
    const found = this.#find(path);
    return found?.kind === 'link' ? found.target : undefined;
  }

  async hardLink(existing: string, path: string): Promise<void> {
    this.#add(path, this.#existing(existing));
    this.#done(`link ${path}`);
  }

  async setMode(path: string, mode: number): Promise<void> {
    this.#existing(path).mode = mode;
  }

  async setOwner(): Promise<void> {}

  async rename(from: string, to: string): Promise<void> {
    const moved = this.#existing(from);
    const there = this.#find(to);
    if (there?.kind === 'folder' && there.entries.size > 0) throw systemError('ENOTEMPTY', to);
    this.#change({
      unset: { folder: this.#folderOf(from), name: basename(from) },
      set: { folder: this.#folderOf(to), name: basename(to), inode: moved },
    });
    this.#done(`rename ${from} ${to}`);
  }

  async remove(path: string): Promise<void> {
    const found = this.#find(path);
    if (!found) return;
    if (found.kind === 'folder') throw systemError('EISDIR', path);
    this.#change({ unset: { folder: this.#folderOf(path), name: basename(path) } });
    this.#done(`remove ${path}`);
  }

  async removeFolder(path: string): Promise<void> {
    if (this.#existing(path).entries.size > 0) throw systemError('ENOTEMPTY', path);
    this.#change({ unset: { folder: this.#folderOf(path), name: basename(path) } });
    this.#done(`removeFolder ${path}`);
  }

  async syncFolder(path: string): Promise<void> {
    const folder = this.#existing(path);
    const touches = ({ set, unset }: EntryChange) => set?.folder === folder || unset?.folder === folder;
    for (const change of this.#changes) if (touches(change)) apply(change, 'safeEntries');
    this.#changes = this.#changes.filter((change) => !touches(change));
    this.#done(`syncFolder ${path}`);
  }

  async status(path: string): Promise<EntryStatus | undefined> {
    const found = this.#find(path);
    return found && { kind: found.kind, size: contentOf(found).length };
  }

  async list(folder: string): Promise<string[]> {
    return [...(this.#find(folder)?.entries.keys() ?? [])];
  }

  async free(): Promise<number> {
    return this.room;
  }

  async openDevice(path: string): Promise<BlockDevice> {
    const device = this.#existing(path);
    const size = device.safe.length;
    return {
      size,
      read: async (position, length) => contentOf(device).subarray(position, position + length),
      write: async (position, data) => {
        if (position + data.length > size) throw systemError('ENOSPC', path);
        device.loose.push({ at: position, data: Uint8Array.from(data) });
        this.#done(`write ${path}`);
      },
      sync: async () => {
        flush(device);
        this.#done(`sync ${path}`);
      },
      close: async () => undefined,
    };
  }

  async lock() {
    return { release: async () => undefined };
  }

  /** Puts a file or device there that was always there. */
  put(path: string, data: Uint8Array | string): void {
    let folder = this.#root;
    for (const part of dirname(path)
      .split('/')
      .filter((one) => one !== '')) {
      const next = folder.entries.get(part) ?? inode('folder', 0o755);
      folder.entries.set(part, next);
      folder.safeEntries.set(part, next);
      folder = next;
    }
    const file = { ...inode('file', 0o644), safe: typeof data === 'string' ? Buffer.from(data) : data };
    folder.entries.set(basename(path), file);
    folder.safeEntries.set(basename(path), file);
  }

  /** What a power cut now may leave. `keeps` is asked for each thing that is loose whether it reached the platter. */
  afterPowerCut(keeps: () => boolean): DiskImage {
    const copies = new Map<Inode, Inode>();
    const image = frozen(this.#root, copies, keeps);
    for (const { set, unset } of this.#changes) {
      if (!keeps()) continue;
      const copy = (one: Inode) => frozen(one, copies, keeps);
      apply(
        {
          ...(unset ? { unset: { ...unset, folder: copy(unset.folder) } } : {}),
          ...(set ? { set: { ...set, folder: copy(set.folder), inode: copy(set.inode) } } : {}),
        },
        'safeEntries',
      );
    }
    return image;
  }

  /** Paths of files with their contents, and of links with their targets, below a folder. */
  tree(folder = '/'): Map<string, string> {
    const found = new Map<string, string>();
    const walk = (at: Inode | undefined, path: string) => {
      if (at?.kind === 'folder') for (const [name, one] of at.entries) walk(one, `${path}/${name}`);
      else if (at)
        found.set(path, at.kind === 'link' ? `-> ${at.target}` : Buffer.from(contentOf(at)).toString('latin1'));
    };
    walk(this.#find(folder), folder === '/' ? '' : folder);
    return found;
  }
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, syscall: 'simulated', path });
}

function contentOf({ safe, loose }: Inode): Uint8Array {
  if (loose.length === 0) return safe;
  const size = Math.max(safe.length, ...loose.map(({ at, data }) => at + data.length));
  const whole = Buffer.alloc(size);
  whole.set(safe);
  for (const { at, data } of loose) whole.set(data, at);
  return whole;
}

function flush(file: Inode): void {
  file.safe = contentOf(file);
  file.loose = [];
}

function apply({ set, unset }: EntryChange, which: 'entries' | 'safeEntries'): void {
  if (unset) unset.folder[which].delete(unset.name);
  if (set) set.folder[which].set(set.name, set.inode);
}

/** The platter after a power cut: of what is loose in a file, some, the last of it perhaps torn. */
function frozen(one: Inode, copies: Map<Inode, Inode>, keeps: () => boolean): Inode {
  const known = copies.get(one);
  if (known) return known;
  const copy: Inode = { ...one, entries: new Map(), safeEntries: new Map(), loose: [] };
  copies.set(one, copy);
  const kept = one.loose.filter(() => keeps());
  const last = kept.at(-1);
  if (last && !keeps()) kept[kept.length - 1] = { at: last.at, data: last.data.subarray(0, last.data.length >> 1) };
  copy.safe = contentOf({ ...one, loose: kept });
  for (const [name, child] of one.safeEntries) copy.safeEntries.set(name, frozen(child, copies, keeps));
  return copy;
}

/** A disk that is started from an image: all that is there is safe. */
function restored(one: Inode, copies: Map<Inode, Inode>): Inode {
  const known = copies.get(one);
  if (known) return known;
  const copy: Inode = { ...one, loose: [], entries: new Map(), safeEntries: new Map() };
  copies.set(one, copy);
  for (const [name, child] of one.safeEntries) {
    const made = restored(child, copies);
    copy.entries.set(name, made);
    copy.safeEntries.set(name, made);
  }
  return copy;
}
