import { randomBytes } from 'node:crypto';
import { open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { BinItem } from '@mooring/credentials';
import { fileError, removeTree, syncFolder } from '@mooring/platform';
import { storeErrors } from '../errors.ts';
import { makeFolder, modeOfFile, type StoreModes, setGroup } from './sharing.ts';
import type { StoreConfig } from './store-config.ts';

/*
 * A change to a certificate folder goes through `.change-HEX` in the store, so that a process that is killed leaves
 * something that the next one can bring to an end:
 *   new/NAME   complete and synced before it is renamed to NAME
 *   old/NAME   what NAME was; goes back if nothing took its place
 *   gone/NAME  what was deleted; the list loses it
 */
export const changePrefix = '.change-';

/** In a shared store the others of the group have to be able to bring it to an end. */
export async function beginChange(store: string, modes: StoreModes): Promise<string> {
  const folder = join(store, `${changePrefix}${randomBytes(6).toString('hex')}`);
  await makeFolder(folder, modes.changeFolder, modes.gid);
  return folder;
}

/** Moves the certificate's folder to `old` or `gone`. */
export async function moveAside(
  store: string,
  change: string,
  name: string,
  as: 'old' | 'gone',
  modes: StoreModes,
): Promise<void> {
  await makeFolder(join(change, as), modes.changeFolder, modes.gid);
  await move(join(store, name), join(change, as, name));
  await syncFolder(join(change, as));
}

/** Writes all files, syncs them, and puts them under their name at once. */
export async function writeCertificate(
  store: string,
  change: string,
  name: string,
  items: readonly BinItem[],
  modes: StoreModes,
): Promise<{ putInPlace(): Promise<void> }> {
  const made = join(change, 'new', name);
  await makeFolder(join(change, 'new'), modes.changeFolder, modes.gid);
  await makeFolder(made, modes.certificateFolder, modes.gid);
  for (const item of items) {
    const file = `${item.name}.bin`;
    await writeSynced(join(made, file), item.data, modeOfFile(file, modes), modes.gid);
  }
  await syncFolder(made);
  return {
    async putInPlace() {
      await move(made, join(store, name));
      await syncFolder(store);
    },
  };
}

async function writeSynced(path: string, data: Uint8Array, mode: number, gid: number | undefined): Promise<void> {
  try {
    const file = await open(path, 'wx', mode & 0o700);
    try {
      await setGroup(file, gid);
      await file.chmod(mode);
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

async function move(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    throw fileError(error, from);
  });
}

/** The `.bin` files of a folder, or undefined if there is none. */
export async function binFilesIn(folder: string): Promise<{ files: string[]; others: string[] } | undefined> {
  try {
    const all = (await readdir(folder)).sort();
    const files = all.filter((file) => file.endsWith('.bin'));
    return { files, others: all.filter((file) => !file.endsWith('.bin')) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, folder);
  }
}

/** Refuses to take a folder of the user's for one of ours: it is about to be replaced. */
export async function checkOurs(folder: string): Promise<boolean> {
  const found = await binFilesIn(folder);
  if (found && found.others.length > 0) {
    throw storeErrors('store.folder.foreign', {
      message: `${folder} holds ${found.others[0]}, which is no part of a certificate.`,
      next: 'Move that away, or use another name for the certificate.',
      data: { path: folder, files: found.others },
    });
  }
  return found !== undefined;
}

/**
 * Brings changes of killed processes to an end: the old set or the new one, and the list in step with it.
 * The caller holds the lock.
 *
 * @returns true if `config` was changed and has to be saved before `finish` removes the traces
 */
export async function recover(
  store: string,
  config: StoreConfig,
): Promise<{ changed: boolean; finish(): Promise<void> }> {
  const changes = (await readdir(store))
    .filter((name) => name.startsWith(changePrefix))
    .map((name) => join(store, name));
  let changed = false;
  for (const change of changes) {
    for (const name of (await binFolders(join(change, 'gone'))) ?? []) {
      changed = config.certificates.delete(name) || changed;
    }
    for (const name of (await binFolders(join(change, 'old'))) ?? []) {
      const inPlace = await binFilesIn(join(store, name));
      if (inPlace === undefined) {
        await move(join(change, 'old', name), join(store, name));
      } else if (differs(config.certificates.get(name), inPlace.files)) {
        config.certificates.set(name, inPlace.files);
        changed = true;
      }
    }
  }
  return { changed, finish: async () => void (await Promise.all(changes.map(removeTree))) };
}

const differs = (listed: string[] | undefined, there: string[]) =>
  listed !== undefined && [...listed].sort().join('/') !== there.join('/');

async function binFolders(folder: string): Promise<string[] | undefined> {
  return readdir(folder).catch(() => undefined);
}

export async function hasUnfinishedChange(store: string): Promise<boolean> {
  return (await changesIn(store)).length > 0;
}

async function changesIn(store: string): Promise<string[]> {
  const names = await readdir(store).catch((error: unknown) => {
    throw fileError(error, store);
  });
  return names.filter((name) => name.startsWith(changePrefix));
}
