import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileError, isMooringError } from '@mooring/platform';
import { type FileReader, type Files, realFiles } from './files.ts';
import { FormatError, type Header } from './format.ts';
import { type OpenGeneration, readGeneration, WrongKey, writeGeneration } from './generation.ts';
import { type Changes, checkItem, type ItemDescription, isSameItem, mostItems, type StoredItem } from './item.ts';
import type { KeyProvider } from './key-provider.ts';
import { storageErrors, writeFailure } from './storage-errors.ts';

/** One generation of the storage: what is read from it belongs together, whatever is written meanwhile. */
export interface Snapshot {
  /** 0 where nothing was ever stored. */
  readonly generation: bigint;
  readonly items: readonly ItemDescription[];
  /** Decrypts this item alone. @throws MooringError `storage.damaged` */
  get(name: string): Promise<StoredItem | undefined>;
}

export interface StorageOptions {
  /** Made with mode 0700 by the first transaction. */
  readonly folder: string;
  readonly keyProvider: KeyProvider;
  readonly files?: Files;
}

/**
 * The device's items, encrypted and authenticated, in one file of a folder of their own. A transaction writes a new
 * file beside it, syncs it, renames it over and syncs the folder: after a kill or a power cut at any point there is
 * the old set or the new one. Reading takes no lock and changes nothing.
 */
export class SecureStorage {
  readonly folder: string;
  readonly file: string;
  readonly #keyProvider: KeyProvider;
  readonly #files: Files;
  #key: Uint8Array | undefined;

  private constructor({ folder, keyProvider, files = realFiles }: StorageOptions) {
    this.folder = folder;
    this.file = join(folder, 'store');
    this.#keyProvider = keyProvider;
    this.#files = files;
  }

  /**
   * Nothing is made or changed by this; a folder that does not exist is an empty storage.
   *
   * @throws MooringError `storage.damaged`, `storage.version`, `storage.rolled.back`, `storage.key.*`, `file.*`
   */
  static async open(options: StorageOptions): Promise<SecureStorage> {
    const storage = new SecureStorage(options);
    await storage.read(async () => undefined);
    return storage;
  }

  async items(): Promise<readonly ItemDescription[]> {
    return this.read(async ({ items }) => items);
  }

  async get(name: string): Promise<StoredItem | undefined> {
    return this.read((snapshot) => snapshot.get(name));
  }

  /** Several reads of one and the same generation. */
  async read<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    return this.#withGeneration((found) => work(this.#snapshotOf(found)));
  }

  /**
   * Makes all changes or none. Without any effect nothing is written.
   *
   * @returns the generation that the storage has now
   * @throws MooringError besides those of open: `storage.locked`, `storage.full`, `storage.folder.exposed`,
   * `storage.item.invalid`
   */
  async transaction(changes: Changes | ((current: Snapshot) => Promise<Changes>)): Promise<bigint> {
    const decide = typeof changes === 'function' ? changes : async () => changes;
    try {
      await this.#makeFolder();
      const lock = await this.#files.lock(join(this.folder, 'lock'));
      try {
        return await this.#withGeneration((found) => this.#change(found, decide));
      } finally {
        await lock.release();
      }
    } catch (error) {
      throw writeFailure(fileError(error, this.file), this.folder);
    }
  }

  async #change(found: OpenGeneration | undefined, decide: (current: Snapshot) => Promise<Changes>): Promise<bigint> {
    const current = this.#snapshotOf(found);
    const { put = [], remove = [] } = await decide(current);
    for (const item of put) checkItem(item);
    const items = new Map<string, StoredItem>();
    for (const { name } of current.items) items.set(name, (await current.get(name)) as StoredItem);
    const before = [...items.values()];
    for (const name of remove) items.delete(name);
    for (const item of put) items.set(item.name, { ...item, data: Uint8Array.from(item.data) });
    if (items.size > mostItems) {
      throw storageErrors('storage.item.invalid', {
        message: `The secure storage ${this.folder} takes ${mostItems} items and would have ${items.size}.`,
      });
    }
    if (isSameSet(before, items)) return current.generation;
    return this.#write(found?.header, [...items.values()]);
  }

  async #write(old: Header | undefined, items: readonly StoredItem[]): Promise<bigint> {
    const key = old ? await this.#loadKey() : await this.#keyProvider.loadOrMake();
    const counter = this.#keyProvider.generation;
    // After a cut between rename and advance the counter is one behind: it catches up before it goes on.
    if (old) await counter?.advance(old.generation);
    const generation = (old?.generation ?? (await counter?.read()) ?? 0n) + 1n;
    await this.#replaceFile(writeGeneration(key, { storeId: old?.storeId ?? randomBytes(16), generation }, items));
    this.#key = key;
    await counter?.advance(generation);
    return generation;
  }

  async #replaceFile(parts: readonly Uint8Array[]): Promise<void> {
    const beside = join(this.folder, 'store.new');
    await this.#files.remove(beside);
    try {
      const file = await this.#files.create(beside, 0o600);
      try {
        for (const part of parts) await file.write(part);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#files.rename(beside, this.file);
    } catch (error) {
      await this.#files.remove(beside).catch(() => undefined);
      throw error;
    }
    await this.#files.syncFolder(this.folder);
  }

  async #withGeneration<T>(work: (found: OpenGeneration | undefined) => Promise<T>): Promise<T> {
    const file = await this.#files.openToRead(this.file).catch((error: unknown) => {
      throw fileError(error, this.file);
    });
    if (!file) return work(undefined);
    try {
      return await work(await this.#openGeneration(file));
    } finally {
      await file.close();
    }
  }

  async #loadKey(): Promise<Uint8Array> {
    this.#key ??= await this.#keyProvider.load();
    return this.#key;
  }

  async #openGeneration(file: FileReader): Promise<OpenGeneration> {
    const key = await this.#loadKey();
    let found: OpenGeneration;
    try {
      found = await readGeneration(file, key);
    } catch (error) {
      throw this.#explain(error);
    }
    const counted = await this.#keyProvider.generation?.read();
    const { generation } = found.header;
    if (counted !== undefined && generation !== counted && generation !== counted + 1n) {
      throw storageErrors('storage.rolled.back', {
        message: `The secure storage ${this.folder} is at generation ${generation}, and this device has been at ${counted}: an old copy was put back.`,
        next: 'Put the latest copy back, or move the folder away and provision the device again.',
        data: { folder: this.folder },
      });
    }
    return found;
  }

  #snapshotOf(found: OpenGeneration | undefined): Snapshot {
    if (!found) return { generation: 0n, items: [], get: async () => undefined };
    return {
      generation: found.header.generation,
      items: found.entries.map(({ name, type, factory }) => ({ name, type, factory })),
      get: (name) =>
        found.readItem(name).catch((error: unknown) => {
          throw this.#explain(error);
        }),
    };
  }

  #explain(error: unknown): unknown {
    if (error instanceof WrongKey) {
      return storageErrors('storage.key.wrong', {
        message: `The secure storage ${this.folder} was written with another key than that of ${this.#keyProvider.description}.`,
        next: 'Put the right key back. If it is lost, move the folder away and provision the device again.',
        data: { folder: this.folder },
      });
    }
    if (!(error instanceof FormatError)) return isMooringError(error) ? error : fileError(error, this.file);
    if (error.kind === 'newer') {
      return storageErrors('storage.version', {
        message: `${this.file} was written by a later version: ${error.message}.`,
        next: 'Use the software that wrote it, or a later one.',
        data: { path: this.file },
      });
    }
    return storageErrors('storage.damaged', {
      message: `${this.file} is damaged: ${error.message}.`,
      next: `Move the folder ${this.folder} away and provision the device again.`,
      data: { path: this.file },
    });
  }

  /** Each new folder is made safe in its parent before anything is put into it. */
  async #makeFolder(): Promise<void> {
    const missing: string[] = [];
    let path = this.folder;
    while ((await this.#files.status(path)) === undefined) {
      missing.unshift(path);
      path = dirname(path);
    }
    for (const folder of missing) {
      await this.#files.makeFolder(folder, folder === this.folder ? 0o700 : 0o755).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      });
      await this.#files.syncFolder(dirname(folder));
    }
    if (missing.length === 0) await this.#checkFolder();
  }

  async #checkFolder(): Promise<void> {
    const status = await this.#files.status(this.folder);
    if (process.platform === 'win32' || !status?.isFolder || (status.mode & 0o077) === 0) return;
    // One that holds something may be anybody's (a home, /tmp): its mode is not ours to change.
    if ((await this.#files.list(this.folder)).length > 0) {
      throw storageErrors('storage.folder.exposed', {
        message: `The folder ${this.folder} of the secure storage may be entered by other users (mode ${status.mode.toString(8)}).`,
        next: `Run "chmod 700 ${this.folder}", or name a folder that is used for nothing else.`,
        data: { folder: this.folder, mode: status.mode },
      });
    }
    await this.#files.setMode(this.folder, 0o700);
  }
}

function isSameSet(before: readonly StoredItem[], after: ReadonlyMap<string, StoredItem>): boolean {
  return (
    before.length === after.size &&
    before.every((item) => {
      const now = after.get(item.name);
      return now !== undefined && isSameItem(item, now);
    })
  );
}
