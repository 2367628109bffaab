import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { deltaMagic } from '@mooring/manifest';
import { inMemory, openForReading, piecesOf, type RandomAccess } from '@mooring/platform';
import type { CommandContext } from '@mooring/terminal';
import { readStandardInput } from '../argument-file.ts';
import { versionString } from '../delta-tool/client-version.ts';
import type { Source } from './item.ts';

/** What is looked into; of larger files only packages and deltas are more than an image, and those show it at once. */
const headSize = 1024 * 1024;

async function read(file: string, access: RandomAccess, place: Pick<Source, 'path' | 'mode'>): Promise<Source> {
  const { size } = access;
  const hash = createHash('sha256');
  let deltaVersion: string | undefined;
  let before = '';
  for await (const piece of piecesOf(access)) {
    hash.update(piece);
    if (deltaVersion !== undefined) continue;
    const text = before + Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('latin1');
    deltaVersion = versionString.exec(text)?.[0];
    before = text.slice(-deltaMagic.length);
  }
  const head = (await access.read(0, Math.min(size, headSize))).slice();
  return { file, head, size, sha256: hash.digest('hex'), deltaVersion, ...place };
}

/**
 * @param file as typed, `-` for standard input
 * @throws MooringError `file.*`
 */
export async function readSource(context: CommandContext, file: string): Promise<Source> {
  if (file === '-') {
    const data = await readStandardInput(context);
    return await read('<stdin>', inMemory(data), { path: undefined, mode: undefined });
  }
  const path = resolve(context.cwd, file);
  const found = await stat(path);
  // A pipe, as `<(…)` of a shell makes it, has no size and can be read once.
  if (!found.isFile()) return await read(file, inMemory(await readFile(path)), { path: undefined, mode: undefined });
  const access = await openForReading(path);
  try {
    return await read(file, access, { path, mode: found.mode & 0o777 });
  } finally {
    await access.close();
  }
}
