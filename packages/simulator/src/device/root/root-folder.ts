import { constants, type Dirent, type Stats } from 'node:fs';
import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { Faults } from '../faults.ts';
import { isWithin, partsOf } from './device-path.ts';
import { errorNumber, SystemCallError } from './errno.ts';
import { RootFile } from './root-file.ts';

/** A place on the device: the path that the device sees, and the one on this machine. */
export interface Place {
  path: string;
  host: string;
}

const maximumLinks = 40;

/**
 * A folder of this machine as a device's whole file system. Every path is walked part by part from the folder:
 * `..` ends at it, and a link is read as the device would read it (absolute ones start at the folder), never
 * followed by this machine. So no path leads out, whatever it says.
 */
export class RootFolder {
  readonly host: string;
  readonly faults: Faults;

  private constructor(host: string, faults: Faults) {
    this.host = host;
    this.faults = faults;
  }

  static async open(folder: string, faults: Faults = {}): Promise<RootFolder> {
    return new RootFolder(await realpath(folder), faults);
  }

  /**
   * @param last whether a link at the end is followed, or is itself the place
   * @throws SystemCallError ENOENT, ENOTDIR, ELOOP, EINVAL
   */
  async find(path: string, folder = '/', last: 'follow' | 'keep' = 'follow'): Promise<Place> {
    if (path === '') throw new SystemCallError('ENOENT', path);
    if (path.includes('\0')) throw new SystemCallError('EINVAL');
    const ahead = partsOf(path, folder).reverse();
    const mustBeFolder = /\/\.{0,2}$/.test(path);
    const found: string[] = [];
    let links = 0;
    for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
      if (part === '..') {
        found.pop();
        continue;
      }
      const stats = await this.#look(join(this.host, ...found, part));
      if (stats?.isSymbolicLink() && (ahead.length > 0 || last === 'follow' || mustBeFolder)) {
        if (++links > maximumLinks) throw new SystemCallError('ELOOP', path);
        const target = await readlink(join(this.host, ...found, part));
        if (target.startsWith('/')) found.length = 0;
        ahead.push(...partsOf(target, '/').reverse());
        continue;
      }
      if (ahead.length > 0) {
        if (stats === undefined) throw new SystemCallError('ENOENT', path);
        if (!stats.isDirectory()) throw new SystemCallError('ENOTDIR', path);
      } else if (mustBeFolder && stats !== undefined && !stats.isDirectory()) {
        throw new SystemCallError('ENOTDIR', path);
      }
      found.push(part);
    }
    return { path: `/${found.join('/')}`, host: join(this.host, ...found) };
  }

  async #look(host: string): Promise<Stats | undefined> {
    try {
      return await lstat(host);
    } catch (error) {
      if (errorNumber(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async stat(path: string, folder = '/', last: 'follow' | 'keep' = 'follow'): Promise<Stats> {
    return lstat((await this.find(path, folder, last)).host);
  }

  async exists(path: string, folder = '/'): Promise<boolean> {
    try {
      await this.stat(path, folder);
      return true;
    } catch {
      return false;
    }
  }

  async isFolder(path: string, folder = '/'): Promise<boolean> {
    try {
      return (await this.stat(path, folder)).isDirectory();
    } catch {
      return false;
    }
  }

  /** Entries of a folder, sorted by name as bytes. */
  async list(path: string, folder = '/'): Promise<Dirent[]> {
    const entries = await readdir((await this.find(path, folder)).host, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async readLink(path: string, folder = '/'): Promise<string> {
    return readlink((await this.find(path, folder, 'keep')).host);
  }

  /**
   * @param flags of `fs.open`, as numbers
   * @param mode of a file that is made, before this process's umask
   */
  async open(path: string, folder: string, flags: number, mode = 0o644): Promise<RootFile> {
    const place = await this.find(path, folder);
    const writes = (flags & (constants.O_WRONLY | constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC)) !== 0;
    if (writes) {
      this.#mayChange(place);
      if ((await this.#look(place.host))?.isDirectory()) throw new SystemCallError('EISDIR', path);
    }
    // A pipe or device that someone put into the folder must not hang or reach out.
    const stats = await this.#look(place.host);
    if (stats && !stats.isFile() && !stats.isDirectory()) throw new SystemCallError('EACCES', path);
    const handle: FileHandle = await open(place.host, flags | constants.O_NOFOLLOW, mode & 0o777);
    return new RootFile(handle, (bytes) => this.#takeSpace(place.path, bytes));
  }

  async read(path: string, folder = '/'): Promise<Buffer> {
    const file = await this.open(path, folder, constants.O_RDONLY);
    try {
      return await file.readAll();
    } finally {
      await file.close();
    }
  }

  async write(path: string, data: Uint8Array | string, folder = '/', mode = 0o644): Promise<void> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;
    const file = await this.open(path, folder, flags, mode);
    try {
      await file.append(typeof data === 'string' ? Buffer.from(data) : data);
    } finally {
      await file.close();
    }
  }

  async makeFolder(path: string, folder = '/', mode = 0o755): Promise<void> {
    const place = await this.find(path.replace(/(?<=.)\/+$/, ''), folder);
    if (place.path === '/') throw new SystemCallError('EEXIST', path);
    this.#mayChange(place);
    await mkdir(place.host, { mode: mode & 0o777 });
  }

  async makeFolders(path: string, folder = '/', mode = 0o755): Promise<void> {
    let walked = path.startsWith('/') ? '/' : '.';
    for (const part of path.split('/').filter((name) => name !== '')) {
      walked = `${walked}/${part}`;
      if (part === '.' || part === '..') continue;
      try {
        await this.makeFolder(walked, folder, mode);
      } catch (error) {
        if (!(await this.exists(walked, folder))) throw error;
        if (!(await this.isFolder(walked, folder))) {
          throw new SystemCallError(walked.endsWith(path) ? 'EEXIST' : 'ENOTDIR', walked);
        }
      }
    }
  }

  async removeFile(path: string, folder = '/'): Promise<void> {
    const place = await this.find(path, folder, 'keep');
    this.#mayChange(place);
    if ((await lstat(place.host)).isDirectory()) throw new SystemCallError('EISDIR', path);
    await rm(place.host);
  }

  async removeFolder(path: string, folder = '/'): Promise<void> {
    const place = await this.find(path, folder, 'keep');
    if (place.path === '/') throw new SystemCallError('EBUSY', path);
    this.#mayChange(place);
    await rmdir(place.host);
  }

  async rename(from: string, to: string, folder = '/'): Promise<void> {
    const source = await this.find(from, folder, 'keep');
    const target = await this.find(to, folder, 'keep');
    if (source.path === '/' || target.path === '/') throw new SystemCallError('EBUSY', from);
    this.#mayChange(source);
    this.#mayChange(target);
    await lstat(source.host);
    if (target.path !== source.path && isWithin(target.path, source.path)) throw new SystemCallError('EINVAL', to);
    await rename(source.host, target.host);
  }

  async changeMode(path: string, folder: string, mode: number): Promise<void> {
    const place = await this.find(path, folder);
    this.#mayChange(place);
    if ((await lstat(place.host)).isSymbolicLink()) throw new SystemCallError('ELOOP', path);
    await chmod(place.host, mode & 0o777);
  }

  #mayChange(place: Place): void {
    if (this.faults.readOnly?.some((folder) => isWithin(place.path, folder))) {
      throw new SystemCallError('EROFS', place.path);
    }
  }

  #takeSpace(path: string, bytes: number): void {
    const free = this.faults.freeSpace;
    if (!free) return;
    for (const [folder, left] of Object.entries(free)) {
      if (!isWithin(path, folder)) continue;
      if (left < bytes) throw new SystemCallError('ENOSPC', path);
      free[folder] = left - bytes;
    }
  }
}
