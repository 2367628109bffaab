import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { fileError } from '@mooring/platform';
import { extract, pack } from 'tar-stream';
import { backupErrors } from '../errors.ts';
import { type FileFacts, isImageFile, type Manifest, parseManifest } from './manifest.ts';

const manifestName = 'mooring-backup.json';

/** Longest manifest that is read, in bytes: an image takes a few hundred. */
const manifestLimit = 16 << 20;

export async function factsOf(path: string, name: string): Promise<FileFacts> {
  try {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return { name, size: (await stat(path)).size, sha256: hash.digest('hex') };
  } catch (error) {
    throw fileError(error, path);
  }
}

/** The archive as it is to be written: the manifest first, then its files. Ends with an error if one fails. */
export function packBackup(manifest: Manifest, pathOf: (name: string) => string): Readable {
  const tar = pack();
  const zipped = createGzip();
  const fill = async () => {
    const mtime = new Date(manifest.createdAt);
    tar.entry({ name: manifestName, mode: 0o600, mtime }, `${JSON.stringify(manifest, null, 2)}\n`);
    for (const { name, size } of manifest.files) {
      const entry = tar.entry({ name, size, mode: 0o600, mtime });
      await pipeline(createReadStream(pathOf(name)), entry);
    }
    tar.finalize();
  };
  fill().catch((error: Error) => tar.destroy(error));
  pipeline(tar, zipped).catch((error: Error) => zipped.destroy(error));
  return zipped;
}

function damaged(path: string, problem: string, cause?: unknown): Error {
  return backupErrors('backup.damaged', {
    message: `${path} cannot be restored: ${problem}.`,
    next: 'Take another backup file, or copy this one again. Nothing was changed.',
    data: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}

async function textOf(stream: AsyncIterable<Buffer>, path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > manifestLimit) throw damaged(path, 'its manifest is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Unpacks a backup into an empty folder, each file with its checksum verified. Only what the manifest lists is written,
 * and no more of it than it says.
 *
 * @throws MooringError `backup.damaged`, `backup.newer`, `file.*`
 */
export async function unpackBackup(path: string, folder: string): Promise<Manifest> {
  const tar = extract();
  const source = createReadStream(path);
  const flow = pipeline(source, createGunzip(), tar);
  flow.catch(() => undefined);
  let manifest: Manifest | undefined;
  let listed: ReadonlyMap<string, FileFacts> = new Map();
  const seen = new Set<string>();
  try {
    for await (const entry of tar) {
      const { name, type, size } = entry.header;
      if (!manifest) {
        if (name !== manifestName)
          throw damaged(path, 'it does not begin with a manifest, so that it is no backup of Mooring');
        manifest = parseManifest(await textOf(entry as AsyncIterable<unknown> as AsyncIterable<Buffer>, path), path);
        listed = new Map(manifest.files.map((file) => [file.name, file]));
        continue;
      }
      const facts = listed.get(name);
      if (!facts || type !== 'file' || seen.has(name) || size !== facts.size) {
        throw damaged(path, `${JSON.stringify(name)} in it is not as its manifest says`);
      }
      seen.add(name);
      const target = join(folder, name);
      if (isImageFile(name)) await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await pipeline(entry, createWriteStream(target, { mode: 0o600, flags: 'wx', flush: true }));
      if ((await factsOf(target, name)).sha256 !== facts.sha256) throw damaged(path, `the checksum of ${name} differs`);
    }
    await flow;
  } catch (error) {
    tar.destroy();
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== undefined) throw fileError(error, (error as NodeJS.ErrnoException).path ?? path);
    const foreign = code?.startsWith('Z_') || (error as Error).name !== 'MooringError';
    throw foreign ? damaged(path, 'it is cut off, or no tar archive packed with gzip', error) : error;
  }
  if (!manifest) throw damaged(path, 'it is empty');
  const missing = manifest.files.find(({ name }) => !seen.has(name));
  if (missing) throw damaged(path, `${missing.name} is missing in it`);
  return manifest;
}

/** The manifest alone. @throws MooringError `backup.damaged`, `backup.newer`, `file.*` */
export async function readManifest(path: string): Promise<Manifest> {
  const tar = extract();
  const source = createReadStream(path);
  const flow = pipeline(source, createGunzip(), tar);
  flow.catch(() => undefined);
  try {
    for await (const entry of tar) {
      if (entry.header.name !== manifestName) break;
      return parseManifest(await textOf(entry as AsyncIterable<unknown> as AsyncIterable<Buffer>, path), path);
    }
  } finally {
    tar.destroy();
  }
  throw damaged(path, 'it does not begin with a manifest, so that it is no backup of Mooring');
}

/** For a file that was packed as JSON. */
export async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}
