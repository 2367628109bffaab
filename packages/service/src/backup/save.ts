import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileError, syncFolder } from '@mooring/platform';

/**
 * Puts an archive into a file of mode 0600: written beside and renamed, so that an older backup of that name stays until
 * the new one is whole.
 *
 * @throws MooringError `file.*`, or what the archive ends with
 */
export async function saveArchive(archive: Readable, file: string): Promise<void> {
  const beside = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await pipeline(archive, createWriteStream(beside, { mode: 0o600, flags: 'wx', flush: true }));
    await rename(beside, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw fileError(error, file);
  }
}
