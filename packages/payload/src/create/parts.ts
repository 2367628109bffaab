import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileError } from '@mooring/platform';
import { openIpk } from '../application/ipk.ts';
import { tarBlock, tarChecksum, tarNumber } from '../archive/tar-header.ts';
import { type TarInput, writeTar } from '../archive/tar-writer.ts';
import { ByteReader, type ByteSource } from '../byte-reader.ts';
import { compressionOf, pack, unpack } from '../compression/compression.ts';
import { payloadErrors } from '../errors.ts';
import { fileBytes } from './staged.ts';

const input = (message: string, next: string) => payloadErrors('payload.input', { message, next });

async function fileInput(path: string, name: string): Promise<TarInput> {
  const found = await stat(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
  if (!found.isFile()) throw input(`${path} is not a file.`, 'Name a file.');
  return { path: name, size: found.size, content: fileBytes(path) };
}

/** An application that goes into a payload. */
export interface AppInput {
  readonly path: string;
  /** From its control file. */
  readonly name: string;
}

/** @throws MooringError `payload.*`, `file.*` */
export async function readApps(paths: readonly string[]): Promise<AppInput[]> {
  const found: AppInput[] = [];
  for (const path of paths) {
    if (!path.endsWith('.ipk'))
      throw input(`${path} is not an .ipk.`, 'Applications are packages whose names end in .ipk.');
    const { control, entries } = await openIpk(fileBytes(path), path);
    const folders = new Set<string>();
    for await (const entry of entries) folders.add(entry.path);
    if (!folders.has('config.json')) {
      throw input(
        `${path} has no config.json at its top.`,
        'An application is an OCI bundle: config.json and its root file system.',
      );
    }
    for (const other of found) {
      if (basename(other.path) === basename(path) || other.name === control.name) {
        throw input(`${other.path} and ${path} are the same application.`, 'Give each application once.');
      }
    }
    found.push({ path, name: control.name });
  }
  return found;
}

/** The packages, flat, in a tar that is packed with xz. */
export async function appsArchive(apps: readonly AppInput[]): Promise<ByteSource> {
  const entries = await Promise.all(apps.map(({ path }) => fileInput(path, basename(path))));
  return pack('xz', writeTar(entries));
}

/**
 * All files of the folder of the boot partition, flat, in the order of their names.
 *
 * @param below the folder in the archive: empty, or `BOOT/`
 */
export async function bootArchive(folder: string, below = ''): Promise<ByteSource> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw fileError(error, folder);
  });
  if (names.length === 0) throw input(`${folder} is empty.`, 'Name the folder with the files of the boot partition.');
  const entries = await Promise.all(names.sort().map((name) => fileInput(join(folder, name), `${below}${name}`)));
  return pack('xz', writeTar(entries));
}

async function startOf(path: string): Promise<Uint8Array> {
  for await (const piece of fileBytes(path)) return piece.slice(0, 512);
  throw input(`${path} is empty.`, 'Name an image.');
}

/** The image of a root file system, packed with gzip; one that is packed already stays as it is. */
export async function rootImage(path: string): Promise<ByteSource> {
  return compressionOf(await startOf(path)) === 'gzip' ? fileBytes(path) : pack('gzip', unpack(fileBytes(path)));
}

/** The root file system as a tar archive, packed with xz: what MBL had up to 0.10. */
export async function rootArchive(path: string): Promise<ByteSource> {
  const reader = new ByteReader(unpack(fileBytes(path)), path);
  const start = await reader.exactly(tarBlock, 'its first block').finally(() => reader.close());
  if (tarNumber(start, 148, 8) !== tarChecksum(start)) {
    throw input(
      `${path} is not a tar archive.`,
      'Payloads for MBL up to 0.10 hold the root file system as a tar archive.',
    );
  }
  return compressionOf(await startOf(path)) === 'xz' ? fileBytes(path) : pack('xz', unpack(fileBytes(path)));
}

/** The raw image of a bootloader, packed with xz. */
export const bootloaderImage = (path: string): ByteSource => pack('xz', fileBytes(path));

/** In a tar archive of one file, as format 1 has it. */
export async function bootloaderArchive(path: string, name: string): Promise<ByteSource> {
  return pack('xz', writeTar([await fileInput(path, name)]));
}

export async function sizeAndDigest(path: string): Promise<{ size: number; sha256: string }> {
  const digest = createHash('sha256');
  let size = 0;
  for await (const piece of fileBytes(path)) {
    digest.update(piece);
    size += piece.length;
  }
  return { size, sha256: digest.digest('hex') };
}
