import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BinItem } from '@mooring/credentials';
import { fileError, readFileIfExists, removeTree, withLock } from '@mooring/platform';
import { storeErrors } from '../errors.ts';
import { checkCertificateName } from './certificate-name.ts';
import {
  beginChange,
  binFilesIn,
  checkOurs,
  hasUnfinishedChange,
  moveAside,
  recover,
  writeCertificate,
} from './change-folder.ts';
import { readConfig, storeLock, writeConfig } from './config-file.ts';
import { type StoreModes, teamModes } from './sharing.ts';
import { liesInStore, type StoreConfig } from './store-config.ts';
import { type StoredCertificate, sameItems, storedCertificate } from './stored-certificate.ts';

/** Developer and update certificates by name, as `.bin` files that the device's provisioning program reads. */
export class TeamStore {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  folderOf(name: string): string {
    return join(this.folder, name);
  }

  /** All names, in order of first addition. */
  async names(): Promise<string[]> {
    return [...(await this.settled()).certificates.keys()];
  }

  /**
   * @returns undefined if the store does not list the name
   * @throws MooringError `store.certificate.damaged`
   */
  async find(name: string): Promise<StoredCertificate | undefined> {
    const config = await this.settled();
    // Another process may be replacing the folder just now; under the lock it is whole.
    return this.read(name, config).catch(() => this.exclusively((settled) => this.read(name, settled)));
  }

  /** The same without bringing an interrupted change to an end: nothing is written. */
  async look(name: string): Promise<StoredCertificate | undefined> {
    return this.read(name, await readConfig(this.folder));
  }

  private async read(name: string, config: StoreConfig): Promise<StoredCertificate | undefined> {
    const files = config.certificates.get(name);
    if (files === undefined) return undefined;
    const items: BinItem[] = [];
    for (const file of files) {
      const path = join(this.folder, name, file);
      const data = liesInStore(this.folder, name) ? await readFileIfExists(path) : undefined;
      if (data === undefined || !file.endsWith('.bin')) throw damaged(name, path);
      items.push({ name: file.slice(0, -'.bin'.length), data });
    }
    if (items.length === 0) throw damaged(name, join(this.folder, name));
    return storedCertificate(name, items);
  }

  /**
   * Stores a certificate whole. What the store has already is left alone.
   *
   * @param replace false: a name taken by other content is refused. True: it is replaced, no old file remains
   * @throws MooringError `store.name.taken`
   */
  async put(name: string, items: readonly BinItem[], replace: boolean): Promise<'added' | 'unchanged' | 'replaced'> {
    checkCertificateName(name);
    return this.exclusively(async (config, modes) => {
      const current = await this.read(name, config).catch(() => undefined);
      if (current && sameItems(current.items, items)) return 'unchanged';
      const taken = config.certificates.has(name);
      if (taken && !replace) throw nameTaken(name, this.folder);
      const change = await beginChange(this.folder, modes);
      try {
        const written = await writeCertificate(this.folder, change, name, items, modes);
        if (await checkOurs(this.folderOf(name))) await moveAside(this.folder, change, name, 'old', modes);
        await written.putInPlace();
        config.certificates.set(
          name,
          items.map((item) => `${item.name}.bin`),
        );
        await writeConfig(this.folder, config, modes);
        await removeTree(change);
      } catch (error) {
        await this.settle(await readConfig(this.folder), modes);
        throw error;
      }
      return taken ? 'replaced' : 'added';
    });
  }

  /**
   * Takes a certificate off the list and removes its files.
   *
   * @throws MooringError `store.certificate.unknown`, `store.files.left`
   */
  async delete(name: string): Promise<void> {
    await this.exclusively(async (config, modes) => {
      if (!config.certificates.has(name)) throw notThere(name);
      config.certificates.delete(name);
      if (!liesInStore(this.folder, name)) {
        await writeConfig(this.folder, config, modes);
        throw filesLeft(name);
      }
      const found = await binFilesIn(this.folderOf(name));
      if (found && found.others.length === 0) {
        await moveAside(this.folder, await beginChange(this.folder, modes), name, 'gone', modes);
      }
      await writeConfig(this.folder, config, modes);
      await this.settle(config, modes);
      if (found && found.others.length > 0) throw filesLeft(name);
    });
  }

  /**
   * Runs `work` while no other process changes the store, after what an interrupted one left was brought to an end.
   *
   * @throws MooringError `store.gone`, `lock.busy`, `store.config.malformed`
   */
  async exclusively<T>(work: (config: StoreConfig, modes: StoreModes) => Promise<T>): Promise<T> {
    // Never made here: another process may have moved the store since it was opened.
    await stat(this.folder).catch((error: unknown) => {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? gone(this.folder) : fileError(error, this.folder);
    });
    const lock = storeLock(this.folder);
    return withLock(lock, async () => {
      // It was made by the umask; another member has to see whether its holder still lives.
      await chmod(lock, 0o644).catch(() => undefined);
      const config = await readConfig(this.folder);
      const modes = await teamModes(this.folder, config.sharing);
      await this.settle(config, modes);
      return work(config, modes);
    });
  }

  private async settle(config: StoreConfig, modes: StoreModes): Promise<void> {
    const { changed, finish } = await recover(this.folder, config);
    if (changed) await writeConfig(this.folder, config, modes);
    await finish();
  }

  private async settled(): Promise<StoreConfig> {
    if (!(await hasUnfinishedChange(this.folder))) return readConfig(this.folder);
    return this.exclusively(async (config) => config);
  }
}

function gone(folder: string) {
  return storeErrors('store.gone', {
    message: `The Team Store is no longer at ${folder}.`,
    next: 'If it was moved just now, repeat the command; else check that the folder is mounted.',
    data: { path: folder },
  });
}

function damaged(name: string, path: string) {
  return storeErrors('store.certificate.damaged', {
    message: `The certificate '${name}' in the Team Store is not complete: ${path} is missing.`,
    next: "Put the file back, or delete the certificate with 'mbl-cli delete-certificate' and store it anew.",
    data: { name, path },
  });
}

function nameTaken(name: string, folder: string) {
  return storeErrors('store.name.taken', {
    message: `The Team Store (${folder}) has another certificate named '${name}'.`,
    next: "Use another name, or delete that one with 'mbl-cli delete-certificate'.",
    data: { name },
  });
}

function notThere(name: string) {
  return storeErrors('store.certificate.unknown', {
    message: `Certificate '${name}' not found in the store, so could not be deleted.`,
    next: "'mbl-cli list-certificates' shows the names.",
    data: { name },
  });
}

function filesLeft(name: string) {
  return storeErrors('store.files.left', {
    message:
      'There was an error removing the certificate files. The certificate has been removed from the store config. Please check and delete the files manually.',
    next: `The entry '${name}' names files that do not belong to a certificate of this store.`,
    data: { name },
  });
}
