import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from './inspection.ts';
import { isPrivateKey, modeOfFile, type StoreModes, sharedFolderMode } from './sharing.ts';
import type { StoreConfig } from './store-config.ts';

const octal = (mode: number) => (mode & 0o7777).toString(8).padStart(4, '0');

/**
 * What may be read or changed by more people than it should, and what the group of a shared store cannot use. Modes of
 * Arm's tool (0755, 0644) are as good as ours, but for private keys.
 *
 * @param paths files by certificate; under the empty name those of the store itself
 */
export async function checkModes(
  folder: string,
  { sharing }: StoreConfig,
  modes: StoreModes,
  paths: ReadonlyMap<string, readonly string[]>,
): Promise<Problem[]> {
  if (process.platform === 'win32') return [];
  const problems: Problem[] = [];
  const check = async (path: string, due: number, open: number, certificate?: string) => {
    const found = await stat(path).catch(() => undefined);
    if (!found) return;
    const mode = found.mode & 0o7777;
    const group = { path, certificate };
    if ((mode & open) !== 0) {
      const whom = isPrivateKey(path) ? 'The private key' : 'It';
      problems.push({
        ...group,
        kind: 'too-open',
        says: `${path} is ${octal(mode)} and should be ${octal(due)}. ${whom} is open to more users than it should be.`,
      });
    } else if (sharing && (mode & due) !== due) {
      const says = `${path} is ${octal(mode)} and should be ${octal(due)} for the group ${sharing.group}.`;
      problems.push({ ...group, kind: 'too-closed', says });
    } else if (sharing && found.gid !== modes.gid) {
      const says = `${path} is not of the group that the store is shared with.`;
      problems.push({ ...group, kind: 'group', says });
    }
  };
  const folderMode = sharing ? sharedFolderMode(sharing) : 0o760;
  await check(folder, folderMode, sharing ? 0o007 : 0o002);
  for (const [name, files] of paths) {
    if (name !== '') await check(join(folder, name), modes.certificateFolder, 0o002, name);
    for (const file of files) {
      const due = name === '' ? modes.config : modeOfFile(file, modes);
      const open = isPrivateKey(file) ? 0o077 & ~modes.privateKey : 0o002;
      await check(join(folder, name, file), due, open, name || undefined);
    }
  }
  return problems;
}
