import { dirname, join } from 'node:path';
import type { Disk } from './disk.ts';

/** Replaces a small file as a whole, safe from power cuts. */
export async function replaceFile(disk: Disk, path: string, data: Uint8Array, mode = 0o644): Promise<void> {
  const beside = join(dirname(path), `.${path.split('/').at(-1)}.new`);
  await disk.remove(beside);
  await writeNew(disk, beside, mode, [data]);
  await disk.rename(beside, path);
  await disk.syncFolder(dirname(path));
}

/** A new file, its content synced; its name is not. */
export async function writeNew(
  disk: Disk,
  path: string,
  mode: number,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const file = await disk.create(path, mode);
  try {
    for await (const piece of content) await file.write(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A folder with those above it, their names synced. */
export async function ensureFolder(disk: Disk, path: string, mode = 0o755): Promise<void> {
  if (await disk.status(path)) return;
  const above = dirname(path);
  if (above !== path) await ensureFolder(disk, above);
  await disk.makeFolder(path, mode);
  await disk.syncFolder(above);
}

/** Removes a file, link or folder with all it holds; nothing there is fine. */
export async function removeTree(disk: Disk, path: string): Promise<void> {
  const found = await disk.status(path);
  if (!found) return;
  if (found.kind === 'folder') {
    for (const name of await disk.list(path)) await removeTree(disk, join(path, name));
    await disk.removeFolder(path);
  } else await disk.remove(path);
}
