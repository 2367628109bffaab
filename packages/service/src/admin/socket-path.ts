import { lstat, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileError } from '@mooring/platform';

/** sun_path has 108 bytes on Linux and 104 elsewhere, the final zero among them (unix(7)). */
const longestPath = 103;

const socketName = 'admin.sock';
const folderPrefix = 'mooring-';

/**
 * Where the admin socket goes: into the data folder, or, where that is too deep for a socket, into a new folder of mode
 * 0700 with a short path.
 */
export async function newSocketPath(
  dataFolder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const inside = join(dataFolder, socketName);
  if (Buffer.byteLength(inside) <= longestPath) return inside;
  const parents = [env.XDG_RUNTIME_DIR, tmpdir(), '/tmp'].filter((parent) => parent !== undefined);
  const short = parents.find(
    (parent) => Buffer.byteLength(join(parent, `${folderPrefix}XXXXXX`, socketName)) <= longestPath,
  );
  const parent = short ?? '/tmp';
  try {
    return join(await mkdtemp(join(parent, folderPrefix)), socketName);
  } catch (error) {
    throw fileError(error, parent);
  }
}

/** Removes a socket that a service left or leaves, and the folder that was made for it. */
export async function removeSocket(path: string, dataFolder: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket()) await rm(path, { force: true });
  const folder = dirname(path);
  // The path comes out of a file: only what can have been made by newSocketPath is removed.
  if (folder === dataFolder || basename(path) !== socketName || !basename(folder).startsWith(folderPrefix)) return;
  await rmdir(folder).catch(() => undefined);
}
