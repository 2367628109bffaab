import { chmod, chown, type FileHandle, stat } from 'node:fs/promises';
import { ensureDirectory, fileError } from '@mooring/platform';
import type { Sharing } from './store-config.ts';

/** Permission bits, and the group, of what is made inside a store. */
export interface StoreModes {
  config: number;
  certificateFolder: number;
  /** Of the folders in which a change is prepared. */
  changeFolder: number;
  privateKey: number;
  other: number;
  /** The group that everything has to be of; undefined in a store that is not shared. */
  gid?: number | undefined;
}

const setgid = 0o2000;

export const sharedFolderMode = ({ write }: Sharing): number => setgid | (write ? 0o770 : 0o750);

/**
 * What is made in a shared store is for its group, whatever the umask and the group of who makes it. A store is shared
 * if `mbl-cli store share` said so, or if somebody let its group list and enter it by hand; the mode that it is made
 * with (drwxrw----) does not allow that. Private keys are then for the group to read, else for the owner alone.
 */
export async function teamModes(folder: string, sharing: Sharing | undefined): Promise<StoreModes> {
  const { mode, gid } = await stat(folder).catch((error: unknown) => {
    throw fileError(error, folder);
  });
  const shared = sharing !== undefined || (mode & 0o050) === 0o050;
  if (!shared) return { config: 0o640, certificateFolder: 0o700, changeFolder: 0o700, privateKey: 0o600, other: 0o640 };
  const inside = sharing ? sharedFolderMode(sharing) : 0o700 | (mode & (setgid | 0o070));
  return {
    // The old tool touches the file when it reads it, which needs leave to write.
    config: sharing?.write === false ? 0o640 : 0o660,
    certificateFolder: inside,
    changeFolder: inside,
    privateKey: 0o640,
    other: 0o640,
    gid,
  };
}

export const isPrivateKey = (file: string): boolean => file.endsWith('PRIVATE_KEY.bin');

export const modeOfFile = (file: string, modes: StoreModes): number =>
  isPrivateKey(file) ? modes.privateKey : modes.other;

/** Makes a folder of exactly this mode and group; one that is there is left as it is. */
export async function makeFolder(path: string, mode: number, gid: number | undefined): Promise<void> {
  if (await ensureDirectory(path, mode)) await keepGroup(path, mode, gid);
}

/** Gives the path to the group if it is of another: without the setgid bit it is that of the process. */
export async function keepGroup(path: string, mode: number, gid: number | undefined): Promise<void> {
  if (gid === undefined) return;
  try {
    if ((await stat(path)).gid === gid) return;
    await chown(path, -1, gid);
    // A change of the group takes the setgid bit away.
    await chmod(path, mode);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** For a file that nothing was written to yet. */
export async function setGroup(file: FileHandle, gid: number | undefined): Promise<void> {
  if (gid === undefined || (await file.stat()).gid === gid) return;
  await file.chown(-1, gid);
}
