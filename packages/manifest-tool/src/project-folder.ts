import { randomBytes } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { withLock } from '@mooring/platform';
import type { Disk } from './disk.ts';
import { manifestToolErrors } from './errors.ts';
import type { Log } from './log.ts';

/** Files of the project, relative to its folder, as 1.4.8 names them. */
export const projectFiles = {
  settings: '.manifest_tool.json',
  cloudSettings: '.mbed_cloud_config.json',
  resources: 'update_default_resources.c',
  certificates: '.update-certificates',
  certificate: '.update-certificates/default.der',
  privateKey: '.update-certificates/default.key.pem',
  masterKey: '.update-certificates/default.master.psk',
} as const;

/** What an interrupted command leaves. */
export const unfinishedRecord = '.manifest_tool.unfinished';
const record = unfinishedRecord;
const recordBeside = `${record}.new`;
const lock = '.manifest_tool.lock';

export interface NewFile {
  path: string;
  data: Uint8Array | string;
  mode: number;
}

/**
 * What a set of files needs to be finished or taken back after a kill: while `preparing` nothing but staged files
 * exists, which are removed; once `ready` all of them are complete, and only renames are left.
 */
interface Unfinished {
  state: 'preparing' | 'ready';
  folderMade: boolean;
  files: { staged: string; path: string }[];
}

/** A record comes with whatever folder one stands in: it may name places inside the project only. */
const insidePath = /^(?:\.update-certificates\/)?(?!\.{1,2}$)[^/\\\0]+$/;

function parseRecord(text: string): Unfinished {
  try {
    const found = JSON.parse(text) as Unfinished;
    const sound =
      (found.state === 'preparing' || found.state === 'ready') &&
      found.files.every(({ staged, path }) => insidePath.test(staged) && insidePath.test(path));
    if (sound) return found;
  } catch {}
  throw manifestToolErrors('manifest.unfinished', {
    message: `${record} is not a record that manifest-tool wrote.`,
    next: `Look at it, then remove it and repeat; files ending in .new belong to it.`,
    data: { path: record },
  });
}

/**
 * The folder of a project: reads its files, and changes several of them as one. A kill at any point leaves every
 * file whole, and the next command that calls `recover` finds all of the old files or all of the new ones.
 */
export class ProjectFolder {
  readonly #root: string;
  readonly #disk: Disk;
  readonly #seen = new Map<string, Buffer | undefined>();

  constructor(root: string, disk: Disk) {
    this.#root = root;
    this.#disk = disk;
  }

  /** The path as given on a command line, made absolute. */
  at(path: string): string {
    return resolve(this.#root, path);
  }

  /** The content, or undefined where there is none. What was read must still be so when files are written. */
  async read(path: string): Promise<Buffer | undefined> {
    const data = await this.#disk.read(this.at(path));
    this.#seen.set(path, data);
    return data;
  }

  /** Finishes or takes back what a killed command left. */
  async recover(log: Log): Promise<void> {
    const traces = await Promise.all([record, recordBeside].map((path) => this.#disk.read(this.at(path))));
    if (traces.every((trace) => trace === undefined)) return;
    await withLock(this.at(lock), async () => {
      const text = (await this.#disk.read(this.at(record)))?.toString('utf8');
      if (text === undefined) return await this.#dropRecord();
      const unfinished = parseRecord(text);
      if (unfinished.state === 'preparing') {
        await this.#takeBack(unfinished);
        log.warning('An earlier command was interrupted before its files were complete; nothing of it was kept.');
      } else {
        await this.#putInPlace(unfinished);
        const names = unfinished.files.map((file) => file.path).join(', ');
        log.warning(`An earlier command was interrupted while its files were put in place; that is now done: ${names}`);
      }
    });
  }

  /**
   * Writes all of these files or none; files that hold the same already are left alone.
   *
   * @returns the paths that were changed
   * @throws MooringError `manifest.changed` if a file that was read has changed since
   */
  async write(files: readonly NewFile[]): Promise<string[]> {
    return await withLock(this.at(lock), async () => {
      for (const [path, data] of this.#seen) await this.#checkUnchanged(path, data);
      const changed: NewFile[] = [];
      for (const file of files) {
        if (!(await this.#holds(file))) changed.push(file);
      }
      if (changed.length > 0) await this.#writeAsOne(changed);
      return changed.map((file) => file.path);
    });
  }

  /** Permission bits, or undefined where there is no such file. */
  mode(path: string): Promise<number | undefined> {
    return this.#disk.mode(this.at(path));
  }

  async #holds(file: NewFile): Promise<boolean> {
    const current = await this.#disk.read(this.at(file.path));
    if (current === undefined || Buffer.compare(current, bytesOf(file)) !== 0) return false;
    // A secret that others can read is written anew, which mends its mode.
    return file.mode !== 0o600 || (((await this.mode(file.path)) ?? 0) & 0o077) === 0;
  }

  async #checkUnchanged(path: string, data: Buffer | undefined): Promise<void> {
    const current = await this.#disk.read(this.at(path));
    if (data === undefined ? current === undefined : current?.equals(data)) return;
    throw manifestToolErrors('manifest.changed', {
      message: `${path} was changed by another program while this command ran; nothing was written.`,
      next: 'Repeat the command.',
      data: { path },
    });
  }

  async #writeAsOne(files: readonly NewFile[]): Promise<void> {
    const mark = randomBytes(4).toString('hex');
    const unfinished: Unfinished = {
      state: 'preparing',
      folderMade: !(await this.#disk.hasFolder(this.at(projectFiles.certificates))),
      files: files.map(({ path }) => ({ path, staged: join(dirname(path), `.${basename(path)}.${mark}.new`) })),
    };
    try {
      await this.#stage(files, unfinished);
      await this.#writeRecord({ ...unfinished, state: 'ready' });
    } catch (error) {
      // Once the record says ready it is a promise, even if the call that wrote it reported a failure.
      if ((await this.#recordedState()) === 'preparing') await this.#takeBack(unfinished).catch(() => undefined);
      throw error;
    }
    await this.#putInPlace(unfinished);
  }

  async #stage(files: readonly NewFile[], unfinished: Unfinished): Promise<void> {
    await this.#writeRecord(unfinished);
    if (foldersOf(unfinished).includes(projectFiles.certificates)) {
      await this.#disk.makeFolder(this.at(projectFiles.certificates), 0o700);
    }
    for (const [index, { staged }] of unfinished.files.entries()) {
      const file = files[index] as NewFile;
      await this.#disk.create(this.at(staged), file.data, file.mode);
    }
    await this.#syncFolders(unfinished);
  }

  async #putInPlace(unfinished: Unfinished): Promise<void> {
    for (const { staged, path } of unfinished.files) {
      if ((await this.#disk.read(this.at(staged))) !== undefined) {
        await this.#disk.rename(this.at(staged), this.at(path));
      }
    }
    await this.#syncFolders(unfinished);
    await this.#dropRecord();
  }

  async #takeBack(unfinished: Unfinished): Promise<void> {
    for (const { staged } of unfinished.files) await this.#disk.remove(this.at(staged));
    if (unfinished.folderMade) await this.#disk.removeFolder(this.at(projectFiles.certificates));
    await this.#dropRecord();
  }

  async #writeRecord(unfinished: Unfinished): Promise<void> {
    const beside = this.at(recordBeside);
    await this.#disk.remove(beside);
    await this.#disk.create(beside, `${JSON.stringify(unfinished)}\n`, 0o644);
    await this.#disk.rename(beside, this.at(record));
    await this.#disk.sync(this.at('.'));
  }

  async #recordedState(): Promise<Unfinished['state']> {
    const text = await this.#disk.read(this.at(record));
    return text === undefined ? 'preparing' : parseRecord(text.toString('utf8')).state;
  }

  async #dropRecord(): Promise<void> {
    await this.#disk.remove(this.at(recordBeside));
    await this.#disk.remove(this.at(record));
    await this.#disk.sync(this.at('.'));
  }

  async #syncFolders(unfinished: Unfinished): Promise<void> {
    for (const folder of foldersOf(unfinished)) await this.#disk.sync(this.at(folder));
  }
}

function bytesOf({ data }: NewFile): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data;
}

function foldersOf(unfinished: Unfinished): string[] {
  return [...new Set(unfinished.files.map(({ path }) => dirname(path)))];
}
