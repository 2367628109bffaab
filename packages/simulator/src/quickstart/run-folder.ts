import { randomBytes } from 'node:crypto';
import { mkdir, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensureDirectory, removeTree } from '@mooring/platform';

/** Everything that one quick start makes lies in one folder. */
export interface RunFolder {
  path: string;
  /** HOME of all commands. */
  home: string;
  /** Where the commands are typed: the project that manifest-tool prepares. */
  project: string;
  service: string;
  device: string;
  logs: string;
}

/** `.quickstart/20260301-120000-1a2b3c` below the checkout; a name of its own for each of several at once. */
export async function makeRunFolder(checkout: string, now: Date): Promise<RunFolder> {
  const time = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const all = join(checkout, '.quickstart');
  await mkdir(all, { recursive: true });
  const path = join(all, `${time}-${randomBytes(3).toString('hex')}`);
  const folder: RunFolder = {
    path,
    home: join(path, 'home'),
    project: join(path, 'project'),
    service: join(path, 'service'),
    device: join(path, 'device'),
    logs: join(path, 'logs'),
  };
  // It holds an API key and private keys.
  await ensureDirectory(path, 0o700);
  for (const part of [folder.home, folder.project, folder.logs]) await ensureDirectory(part);
  return folder;
}

export async function removeRunFolder(folder: RunFolder): Promise<void> {
  await removeTree(folder.path);
  // Unless there are others.
  await rmdir(dirname(folder.path)).catch(() => undefined);
}
