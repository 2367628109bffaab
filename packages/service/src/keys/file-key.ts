import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError, readFileIfExists, syncFolder } from '@mooring/platform';
import { masterKeyErrors } from '../errors.ts';
import { formatMasterKey, parseMasterKey } from './key-text.ts';
import type { MasterKeyProvider } from './master-key.ts';
import { masterKeyLength } from './vault.ts';

/** @throws MooringError `master.key.exposed` if others may read the file */
async function refuseExposed(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const found = await stat(path);
  if (!found.isFile() || (found.mode & 0o077) === 0) return;
  throw masterKeyErrors('master.key.exposed', {
    message: `The master key in ${path} can be read by other users (mode ${(found.mode & 0o777).toString(8).padStart(4, '0')}).`,
    next: `Run: chmod 600 ${path}`,
    data: { path },
  });
}

async function loadFile(path: string, place: string): Promise<Uint8Array | undefined> {
  const content = await readFileIfExists(path);
  if (!content) return undefined;
  await refuseExposed(path);
  return parseMasterKey(content, place);
}

/**
 * Puts a key into a file of mode 0600 that was not there: a whole file is linked into place, so that no other is ever
 * replaced and a crash leaves none or all.
 *
 * @returns false if there was a file already
 */
export async function writeNewKeyFile(path: string, key: Uint8Array): Promise<boolean> {
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(formatMasterKey(key));
      await file.sync();
    } finally {
      await file.close();
    }
    await link(beside, path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileError(error, path);
  } finally {
    await rm(beside, { force: true }).catch(() => undefined);
  }
}

/** A file outside the data folder, so that a copy of the one is worth nothing without the other. */
export function fileMasterKey(path: string): MasterKeyProvider {
  const place = `the file ${path}`;
  return {
    place,
    load: () => loadFile(path, place),
    async create() {
      const key = randomBytes(masterKeyLength);
      if (await writeNewKeyFile(path, key)) return key;
      return (await loadFile(path, place)) ?? key;
    },
  };
}
