import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { fileError } from '@mooring/platform';
import { transferErrors } from '../errors.ts';
import { interrupted, unlessInterrupted } from '../interrupted.ts';
import type { Connection } from './connection.ts';
import type { FileKind, RemoteEntry, RemoteFiles } from './remote-files.ts';
import { sftpFiles } from './sftp-files.ts';
import { shellFiles } from './shell-files.ts';

export interface Copy {
  files: RemoteFiles;
  recursive: boolean;
  signal: AbortSignal;
  /** `name` is the base name for put and the local path for get, as the old tool has it. */
  progress(name: string, done: number, total: number): void;
}

export interface Copied {
  /** Regular files. */
  files: number;
  bytes: number;
  /** Neither file nor folder. */
  leftOut: string[];
}

export async function openFiles(connection: Connection): Promise<RemoteFiles> {
  return (await sftpFiles(connection)) ?? shellFiles(connection);
}

const part = () => `.part-${randomBytes(4).toString('hex')}`;

function checkGoingOn({ signal }: Copy): void {
  if (signal.aborted) throw interrupted();
}

/**
 * Copies to the device as `scp` does: into an existing folder under its own name, else as the name given. A file
 * appears whole or not at all.
 *
 * @returns what was copied, and where the first of it is now
 */
export async function put(copy: Copy, source: string, target: string): Promise<Copied & { target: string }> {
  const found = await stat(source).catch((error: unknown) => {
    throw missing(error, source);
  });
  const kind = kindOf(found);
  if (kind === 'folder' && !copy.recursive) throw needsRecursive(source);
  const there = await copy.files.stat(target);
  const place = there?.kind === 'folder' ? posix.join(target, basename(source)) : target.replace(/(?<=.)\/+$/, '');
  if (
    !there &&
    (target.endsWith('/') ? kind !== 'folder' : (await copy.files.stat(posix.dirname(target))) === undefined)
  ) {
    throw noFolder(target.endsWith('/') ? target : posix.dirname(target), 'on the device');
  }
  const copied: Copied = { files: 0, bytes: 0, leftOut: [] };
  await putEntry(copy, source, place, [], copied);
  return { ...copied, target: place };
}

async function putEntry(copy: Copy, source: string, target: string, above: string[], copied: Copied): Promise<void> {
  checkGoingOn(copy);
  const found = await stat(source).catch((error: unknown) => {
    throw fileError(error, source);
  });
  const kind = kindOf(found);
  if (kind === 'other') return void copied.leftOut.push(source);
  if (kind === 'file') {
    await putWhole(copy, source, target, found.mode & 0o777);
    copied.files += 1;
    copied.bytes += found.size;
    return;
  }
  const real = await realpath(source);
  if (above.includes(real)) throw loop(source);
  const there = await copy.files.stat(target);
  if (there && there.kind !== 'folder') throw conflict(target, 'on the device is a file');
  if (!there) await copy.files.makeFolder(target, found.mode & 0o777);
  for (const name of (await readdir(source)).sort()) {
    await putEntry(copy, join(source, name), posix.join(target, name), [...above, real], copied);
  }
}

async function putWhole(copy: Copy, source: string, target: string, mode: number): Promise<void> {
  const { files } = copy;
  const name = basename(source);
  const there = await files.stat(target);
  if (there?.kind === 'folder') throw conflict(target, 'on the device is a folder');
  const report = (done: number, total: number) => copy.progress(name, done, total);
  // A device node or a pipe is written to, not replaced.
  if (there?.kind === 'other') return files.putFile(source, target, mode, report);
  const place = there ? await files.resolve(target) : target;
  const beside = `${place}${part()}`;
  try {
    await unlessInterrupted(copy.signal, files.putFile(source, beside, mode, report));
    await files.rename(beside, place);
  } catch (error) {
    await files.remove(beside).catch(() => undefined);
    throw error;
  }
}

/** The same from the device. */
export async function get(copy: Copy, source: string, target: string): Promise<Copied & { target: string }> {
  const found = await copy.files.stat(source);
  if (!found) {
    throw transferErrors('transfer.source.missing', {
      message: `${source} does not exist on the device.`,
      next: `'mbl-cli shell' shows what is there.`,
      data: { path: source },
    });
  }
  if (found.kind === 'folder' && !copy.recursive) throw needsRecursive(source);
  const there = await localKind(target);
  const name = posix.basename(source);
  const place = there === 'folder' && isName(name) ? join(target, name) : target;
  if (!there && !(await localKind(dirname(target)))) throw noFolder(dirname(target), 'on this machine');
  if (!there && target.endsWith('/') && found.kind !== 'folder') throw noFolder(target, 'on this machine');
  const copied: Copied = { files: 0, bytes: 0, leftOut: [] };
  await getEntry(copy, source, found, place, [], copied);
  return { ...copied, target: place };
}

async function getEntry(
  copy: Copy,
  source: string,
  found: RemoteEntry,
  target: string,
  above: string[],
  copied: Copied,
): Promise<void> {
  checkGoingOn(copy);
  if (found.kind === 'other' && above.length > 0) return void copied.leftOut.push(source);
  if (found.kind !== 'folder') {
    await getWhole(copy, source, found, target);
    copied.files += 1;
    copied.bytes += found.size;
    return;
  }
  const real = await copy.files.resolve(source);
  if (above.includes(real)) throw loop(source);
  const there = await localKind(target);
  if (there && there !== 'folder') throw conflict(target, 'is a file');
  if (!there) await local(target, mkdir(target, { mode: found.mode | 0o700 }));
  for (const name of (await copy.files.list(source)).sort()) {
    if (!isName(name)) throw unsafeName(name, source);
    const path = posix.join(source, name);
    const entry = await copy.files.stat(path);
    if (!entry) copied.leftOut.push(path);
    else await getEntry(copy, path, entry, join(target, name), [...above, real], copied);
  }
}

async function getWhole(copy: Copy, source: string, found: RemoteEntry, target: string): Promise<void> {
  const there = await localKind(target);
  if (there === 'folder') throw conflict(target, 'is a folder');
  const report = (done: number, total: number) => copy.progress(target, done, total);
  if (there === 'other') return copy.files.getFile(source, target, found.size, report);
  const place = there ? await local(target, realpath(target)) : target;
  const beside = `${place}${part()}`;
  try {
    await unlessInterrupted(copy.signal, copy.files.getFile(source, beside, found.size, report));
    await local(target, chmod(beside, (found.mode & 0o777) | 0o400));
    await local(target, rename(beside, place));
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

async function localKind(path: string): Promise<FileKind | undefined> {
  try {
    return kindOf(await stat(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path);
  }
}

function kindOf(found: { isFile(): boolean; isDirectory(): boolean }): FileKind {
  if (found.isFile()) return 'file';
  return found.isDirectory() ? 'folder' : 'other';
}

function local<T>(path: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw fileError(error, path);
  });
}

/** The device chooses these names: they must not lead anywhere. */
const isName = (name: string) => name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);

function missing(error: unknown, path: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return fileError(error, path);
  return transferErrors('transfer.source.missing', {
    message: `No such file or directory: '${path}'.`,
    next: 'Check the path; a relative one starts at the current folder.',
    data: { path },
  });
}

const needsRecursive = (path: string) =>
  transferErrors('transfer.source.folder', {
    message: `${path} is a folder.`,
    next: "Add '-r' to copy it with all it holds.",
    data: { path },
  });

const noFolder = (path: string, where: string) =>
  transferErrors('transfer.target.missing', {
    message: `The folder ${path} does not exist ${where}.`,
    next: 'Make it first, or name another place.',
    data: { path },
  });

const conflict = (path: string, what: string) =>
  transferErrors('transfer.target.conflict', {
    message: `${path} ${what}.`,
    next: 'Remove it, or name another place.',
    data: { path },
  });

const loop = (path: string) =>
  transferErrors('transfer.loop', {
    message: `${path} leads back to a folder that is being copied.`,
    next: 'Remove that symbolic link, or copy the parts one by one.',
    data: { path },
  });

const unsafeName = (name: string, folder: string) =>
  transferErrors('transfer.name.unsafe', {
    message: `The device names a file ${JSON.stringify(name)} in ${folder}, which would lead out of the target folder.`,
    next: 'Nothing more was copied. Look into that folder with care.',
    data: { name, folder },
  });
