import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileError, isMooringError } from '@mooring/platform';
import { type FileReader, type Files, realFiles } from './files.ts';
import { FormatError, type Header } from './format.ts';
import {
  type OpenGeneration,
  type ReadHeader,
  readGeneration,
  readHeader,
  WrongKey,
  writeGeneration,
} from './generation.ts';
import { type Changes, checkItem, type ItemDescription, isSameItem, mostItems, type StoredItem } from './item.ts';
import type { KeyProvider, OpenKey, ProviderKind } from './key-provider.ts';
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

export interface Protection extends Pick<OpenKey, 'place' | 'sees'> {
  readonly provider: ProviderKind;
  readonly description: string;
}

export interface KeyMigration {
  /** False where the storage had its key there already. */
  readonly changed: boolean;
  readonly generation: bigint;
  /** What the operator still has to do about the old key. */
  readonly left?: string;
}

interface Counted extends OpenGeneration {
  /** Where the provider's counter stands; without one, at the generation of the file. */
  readonly counted: bigint;
}

/**
 * The device's items, encrypted and authenticated, in one file of a folder of their own. A transaction writes a new
 * file beside it, syncs it, renames it over and syncs the folder: after a kill or a power cut at any point there is
 * the old set or the new one. Reading takes no lock and changes nothing.
 */
export class SecureStorage {
  readonly folder: string;
  readonly file: string;
  #keyProvider: KeyProvider;
  readonly #files: Files;
  #key: OpenKey | undefined;

  private constructor({ folder, keyProvider, files = realFiles }: StorageOptions) {
    this.folder = folder;
    this.file = join(folder, 'store');
    this.#keyProvider = keyProvider;
    this.#files = files;
  }

  /**
   * Nothing is made or changed in the folder by this; one that does not exist is an empty storage. A counter that a cut
   * left behind is moved on, where the folder may be written.
   *
   * @throws MooringError `storage.damaged`, `storage.version`, `storage.rolled.back`, `storage.key.*`, `file.*`
   */
  static async open(options: StorageOptions): Promise<SecureStorage> {
    const storage = new SecureStorage(options);
    const isAhead = await storage.#withGeneration(async (found) => found && found.header.generation > found.counted);
    if (isAhead) await storage.#catchUp();
    return storage;
  }

  /** The one that the storage was opened with, or migrated to. */
  get keyProvider(): KeyProvider {
    return this.#keyProvider;
  }

  /** What guards the storage now; undefined while nothing is stored. */
  async protection(): Promise<Protection | undefined> {
    return this.#withGeneration(async (found) => {
      if (!found) return undefined;
      const { place, sees } = await this.#loadKey(found.header);
      return { provider: found.header.provider, description: this.#keyProvider.description, place, sees };
    });
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
    return this.#locked(() => this.#withGeneration((found) => this.#change(found, decide)));
  }

  /**
   * Encrypts everything anew with the key of another provider, in one transaction: the storage file names the provider
   * and holds the sealed key, so that one rename changes both. Then the old provider retires its key.
   *
   * @throws MooringError as transaction, and `storage.key.unused` where there is no storage yet
   */
  async migrateKey(to: KeyProvider): Promise<KeyMigration> {
    return this.#locked(async () => {
      const [old, items] = await this.#withGeneration(async (found) => [found?.header, await this.#allItems(found)]);
      if (!old) {
        throw storageErrors('storage.key.unused', {
          message: `There is no secure storage in ${this.folder} yet, so there is no key to change.`,
          next: 'Provision the device; --key names the key that its storage is made with.',
          data: { folder: this.folder },
        });
      }
      const from = await this.#loadKey(old);
      const key = await to.loadOrMake();
      if (from.place === key.place) return { changed: false, generation: old.generation };
      await from.generation?.advance(old.generation);
      const generation = ((await key.generation?.read()) ?? old.generation) + 1n;
      const identity = { provider: to.kind, storeId: old.storeId, generation };
      await this.#replaceFile(writeGeneration(key, identity, items));
      const before = this.#keyProvider;
      this.#keyProvider = to;
      this.#key = key;
      await key.generation?.advance(generation);
      const left = await before.retire?.(from.sealed);
      return { changed: true, generation, ...(left !== undefined && { left }) };
    });
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    try {
      await this.#makeFolder();
      const lock = await this.#files.lock(join(this.folder, 'lock'));
      try {
        return await work();
      } finally {
        await lock.release();
      }
    } catch (error) {
      throw writeFailure(fileError(error, this.file), this.folder);
    }
  }

  async #allItems(found: OpenGeneration | undefined): Promise<StoredItem[]> {
    const current = this.#snapshotOf(found);
    const items: StoredItem[] = [];
    for (const { name } of current.items) items.push((await current.get(name)) as StoredItem);
    return items;
  }

  async #change(found: OpenGeneration | undefined, decide: (current: Snapshot) => Promise<Changes>): Promise<bigint> {
    const current = this.#snapshotOf(found);
    const { put = [], remove = [] } = await decide(current);
    for (const item of put) checkItem(item);
    const before = await this.#allItems(found);
    const items = new Map(before.map((item) => [item.name, item]));
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
    const key = old ? await this.#loadKey(old) : await this.#keyProvider.loadOrMake();
    const counter = key.generation;
    // After a cut between rename and advance the counter is one behind: it catches up before it goes on.
    if (old) await counter?.advance(old.generation);
    const generation = (old?.generation ?? (await counter?.read()) ?? 0n) + 1n;
    const identity = { provider: this.#keyProvider.kind, storeId: old?.storeId ?? randomBytes(16), generation };
    await this.#replaceFile(writeGeneration(key, identity, items));
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

  async #withGeneration<T>(work: (found: Counted | undefined) => Promise<T>): Promise<T> {
    let refused: bigint | undefined;
    for (;;) {
      const file = await this.#files.openToRead(this.file).catch((error: unknown) => {
        throw fileError(error, this.file);
      });
      if (!file) return work(undefined);
      try {
        const found = await this.#openGeneration(file);
        const { generation } = found.header;
        if (generation === found.counted || generation === found.counted + 1n) return await work(found);
        // A writer may have come between the file and the counter: then another file is there by now.
        if (generation === refused) throw this.#rolledBack(found);
        refused = generation;
      } finally {
        await file.close();
      }
    }
  }

  async #loadKey({ provider, sealedKey }: Header): Promise<OpenKey> {
    if (provider !== this.#keyProvider.kind) throw this.#otherProvider(provider);
    // Another process may have migrated the storage since.
    if (!this.#key || Buffer.compare(this.#key.sealed, sealedKey) !== 0) {
      this.#key = await this.#keyProvider.load(sealedKey);
    }
    return this.#key;
  }

  async #openGeneration(file: FileReader): Promise<Counted> {
    let read: ReadHeader;
    try {
      read = await readHeader(file);
    } catch (error) {
      throw this.#explain(error);
    }
    const key = await this.#loadKey(read.header);
    let found: OpenGeneration;
    try {
      found = await readGeneration(file, read, key.bytes);
    } catch (error) {
      throw this.#explain(error);
    }
    const { generation } = found.header;
    const counted = (await key.generation?.read()) ?? generation;
    return { ...found, counted };
  }

  #rolledBack({ header: { generation }, counted }: Counted): Error {
    return storageErrors('storage.rolled.back', {
      message: `The secure storage ${this.folder} is at generation ${generation}, and this device has been at ${counted}: an old copy was put back.`,
      next: 'Put the latest copy back, or move the folder away and provision the device again.',
      data: { folder: this.folder },
    });
  }

  /** Until the counter follows a generation that a cut left ahead of it, the copy before that one is as good. */
  async #catchUp(): Promise<void> {
    const advance = async (found: Counted | undefined): Promise<void> => {
      if (found) await (await this.#loadKey(found.header)).generation?.advance(found.header.generation);
    };
    await this.#locked(() => this.#withGeneration(advance)).catch((error: unknown) => {
      // Who may only read leaves it to the next who may write.
      if (!isMooringError(error)) throw error;
    });
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

  #otherProvider(provider: ProviderKind): Error {
    return storageErrors('storage.key.provider', {
      message: `The secure storage ${this.folder} was written with a key of the kind "${provider}", and the kind "${this.#keyProvider.kind}" was asked for.`,
      next: `Leave --key (and MOORING_STORE_KEY) out to use the one it was written with, or change it: --migrate-key --key ${this.#keyProvider.kind}.`,
      data: { folder: this.folder, needed: provider, given: this.#keyProvider.kind },
    });
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
