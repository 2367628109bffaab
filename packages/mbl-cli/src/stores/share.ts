import { chmod, chown, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileError } from '@mooring/platform';
import { storeErrors } from '../errors.ts';
import { binFilesIn } from './change-folder.ts';
import { configPath, writeConfig } from './config-file.ts';
import type { Group, Groups } from './groups.ts';
import { modeOfFile, type StoreModes, sharedFolderMode, teamModes } from './sharing.ts';
import { liesInStore, type Sharing, type StoreConfig } from './store-config.ts';
import type { TeamStore } from './team-store.ts';

export interface Shared {
  group: Group;
  mode: number;
  /** Files and folders of other users, whose modes could not be set. */
  foreign: string[];
  /** A folder above the store that the group cannot pass. */
  barrier?: string | undefined;
}

/**
 * Gives the Team Store to a group, and remembers it in the store for everything that is written there from now on.
 *
 * @param privateFolder the User Store
 * @throws MooringError `store.share.*`; nothing was changed then
 */
export async function shareStore(
  team: TeamStore,
  { group: name, write }: Sharing,
  world: { groups: Groups; privateFolder: string; home: string },
): Promise<Shared> {
  const own = world.groups.own();
  if (!own) throw unsupported('This system has no groups that share files.', team.folder);
  if (resolve(world.privateFolder) === resolve(team.folder)) throw isPrivate(team.folder);
  const found = await statOf(team.folder);
  if (found.uid !== own.uid && own.uid !== 0) throw notOwner(team.folder);
  const group = await world.groups.find(name);
  if (!group) throw unknownGroup(name);
  if (own.uid !== 0 && !own.gids.includes(group.gid)) throw foreignGroup(name);

  const sharing = { group: group.name, write };
  const mode = sharedFolderMode(sharing);
  return team.exclusively(async (config) => {
    // Remembered first: whatever is interrupted from here on, the next command writes for the group.
    await give(team.folder, mode, group.gid);
    if (((await statOf(team.folder)).mode & 0o7777) !== mode) {
      throw unsupported(`The file system of ${team.folder} does not keep permissions.`, team.folder);
    }
    config.sharing = sharing;
    await writeConfig(team.folder, config, await teamModes(team.folder, sharing));
    const foreign = await shareContent(team.folder, config, own.uid);
    await openParent(team.folder, world.home, own.uid);
    return { group, mode, foreign, barrier: await barrierAbove(team.folder, group.gid) };
  });
}

/**
 * Gives what the list names to the store's group, with the modes that are due.
 *
 * @returns what belongs to other users and is not as it should be
 */
export async function shareContent(folder: string, config: StoreConfig, uid: number): Promise<string[]> {
  const modes = await teamModes(folder, config.sharing);
  const foreign: string[] = [];
  for (const [path, mode] of await content(folder, config, modes)) {
    const found = await statOf(path);
    if (found.gid === modes.gid && (found.mode & 0o7777) === mode) continue;
    if (found.uid === uid || uid === 0) await give(path, mode, modes.gid ?? found.gid);
    else foreign.push(path);
  }
  return foreign;
}

async function content(folder: string, config: StoreConfig, modes: StoreModes): Promise<[string, number][]> {
  const all: [string, number][] = [[configPath(folder), modes.config]];
  for (const name of config.certificates.keys()) {
    const files = liesInStore(folder, name) ? (await binFilesIn(join(folder, name)))?.files : undefined;
    if (files === undefined) continue;
    all.push([join(folder, name), modes.certificateFolder]);
    for (const file of files) all.push([join(folder, name, file), modeOfFile(file, modes)]);
  }
  return all;
}

/** The group first, so that nothing is for a while open to the one before. */
export async function give(path: string, mode: number, gid: number): Promise<void> {
  try {
    const found = await stat(path);
    if (found.gid !== gid) await chown(path, -1, gid);
    await chmod(path, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTSUP' || code === 'EINVAL') throw unsupported(`The file system of ${path} has no groups.`, path);
    throw fileError(error, path);
  }
}

/** `~/.mbl-store`, which was made for both stores, may be passed; the User Store inside has a mode of its own. */
async function openParent(folder: string, home: string, uid: number): Promise<void> {
  const parent = dirname(folder);
  if (parent !== join(home, '.mbl-store')) return;
  const found = await statOf(parent);
  if (found.uid === uid && (found.mode & 0o011) !== 0o011) await chmod(parent, (found.mode & 0o7777) | 0o011);
}

async function barrierAbove(folder: string, gid: number): Promise<string | undefined> {
  for (let above = dirname(folder); ; above = dirname(above)) {
    const { mode, gid: itsGroup } = await statOf(above);
    if ((mode & (itsGroup === gid ? 0o010 : 0o001)) === 0) return above;
    if (basename(above) === '' || dirname(above) === above) return undefined;
  }
}

const statOf = (path: string) =>
  stat(path).catch((error: unknown) => {
    throw fileError(error, path);
  });

function unsupported(message: string, path: string) {
  return storeErrors('store.share.unsupported', {
    message,
    next: 'Share the folder by the means of the system, or move the store to a file system that has groups.',
    data: { path },
  });
}

function isPrivate(path: string) {
  return storeErrors('store.share.private', {
    message: `${path} is the User Store as well, which holds an API key.`,
    next: 'Give the two stores different folders in ~/.mbl-stores.json first.',
    data: { path },
  });
}

function notOwner(path: string) {
  return storeErrors('store.share.owner', {
    message: `${path} belongs to another user, who alone can share it.`,
    next: 'Ask its owner to run this command.',
    data: { path },
  });
}

function unknownGroup(name: string) {
  return storeErrors('store.share.group.unknown', {
    message: `There is no group '${name}' on this machine.`,
    next: "'id -Gn' shows the groups that you are in; an administrator can add others.",
    data: { group: name },
  });
}

function foreignGroup(name: string) {
  return storeErrors('store.share.group.foreign', {
    message: `You are not in the group '${name}', so you cannot give it the store.`,
    next: "'id -Gn' shows your groups. If you were added just now, log in again.",
    data: { group: name },
  });
}
