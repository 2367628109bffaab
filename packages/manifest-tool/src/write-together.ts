import { randomBytes } from 'node:crypto';
import { realpath, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from '@mooring/platform';
import { type Disk, realDisk } from './disk.ts';

export interface WrittenFile {
  readonly path: string;
  readonly data: Uint8Array | string;
  /** `0o644` unless it is a secret. */
  readonly mode?: number;
}

/** A pipe or a device cannot be replaced; it is written to. */
async function isSpecial(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !found.isFile();
}

/**
 * Writes files that belong together: a failure before all of them are on the disk changes none of them and leaves
 * nothing behind; then they take their places one right after the other. A symbolic link is followed.
 *
 * @param disk for tests that fill it
 */
export async function writeTogether(files: readonly WrittenFile[], disk: Disk = realDisk): Promise<void> {
  const waiting: { from: string; to: string }[] = [];
  const folders = new Set<string>();
  try {
    for (const { path: named, data, mode = 0o644 } of files) {
      const path = await realpath(named).catch(() => named);
      if (await isSpecial(path)) {
        await writeFile(path, data).catch((error: unknown) => {
          throw fileError(error, path);
        });
        continue;
      }
      const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
      waiting.push({ from: beside, to: path });
      folders.add(dirname(path));
      await disk.create(beside, data, mode).catch((error: unknown) => {
        // A person knows this file, and not what stands beside it for a moment.
        throw fileError((error as Error).cause ?? error, named);
      });
    }
    while (waiting[0]) {
      await disk.rename(waiting[0].from, waiting[0].to);
      waiting.shift();
    }
  } catch (error) {
    for (const { from } of waiting) await disk.remove(from).catch(() => undefined);
    throw error;
  }
  for (const folder of folders) await disk.sync(folder);
}
