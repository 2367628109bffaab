import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError, platformErrors } from './platform-errors.ts';

/**
 * Replaces a file as a whole: written beside with its final mode, synced, renamed over, folder synced. After a
 * crash at any point the path holds the old content or the new one; a failure removes the file beside.
 *
 * @param mode permission bits from the first byte on, whatever the umask (0o600 for anything secret).
 * @throws MooringError `file.*`
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string, mode = 0o644): Promise<void> {
  const folder = dirname(path);
  const beside = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(beside, 'wx', mode);
    try {
      await file.chmod(mode);
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw fileError(error, path);
  }
}

/** Makes a rename or a new entry in this folder survive a power cut. Windows has no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The content, or undefined where there is no such file. */
export async function readFileIfExists(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path);
  }
}

/**
 * Makes a folder with exactly this mode, whatever the umask; missing parents get the usual one.
 * A folder that is there already keeps its mode.
 *
 * @returns true if it was made now
 */
export async function ensureDirectory(path: string, mode = 0o755): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true });
    try {
      await mkdir(path, { mode });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (!(await stat(path)).isDirectory()) {
        throw platformErrors('file.not.folder', {
          message: `${path} exists and is not a folder.`,
          next: 'Move it away or name another place.',
          data: { path },
        });
      }
      return false;
    }
    await chmod(path, mode);
    return true;
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Removes a file or a folder with all it holds; nothing there is fine. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
    throw fileError(error, path);
  });
}
