import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, open, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import {
  ensureDirectory,
  fileError,
  isMooringError,
  readFileIfExists,
  removeTree,
  syncFolder,
  writeFileAtomic,
} from '@mooring/platform';
import { storeErrors } from '../errors.ts';
import { isRecord, jsonLine, parseJson } from '../json-line.ts';
import { readConfig, writeConfig } from './config-file.ts';
import { setTeamLocation } from './locations.ts';
import { give, shareContent } from './share.ts';
import { sharedFolderMode, teamModes } from './sharing.ts';
import type { StoreConfig } from './store-config.ts';
import type { TeamStore } from './team-store.ts';

export interface Moved {
  from: string;
  to: string;
  certificates: number;
  /** Why the old folder is still there. */
  oldRemains?: string | undefined;
}

/** In a folder that is being filled: whose copy it will be. One that was interrupted is begun anew. */
const marker = '.mooring-move.json';

/**
 * Copies the Team Store to a folder that is new or empty, compares the copy, names it in ~/.mbl-stores.json, and removes
 * the old one. That file alone says which is in use, so a process killed at any point leaves one whole store in use.
 *
 * @throws MooringError `store.move.*`, `file.*`; the old store is in use then, as it was
 */
export async function moveStore(team: TeamStore, target: string, home: string): Promise<Moved> {
  const [from, to] = [team.folder, resolve(target)];
  checkPlaces(from, to);
  return team.exclusively(async (config) => {
    const content = await contentOf(from);
    const begun = await begin(from, to, content);
    if (begun !== 'complete') {
      try {
        await copyAll(from, to, content);
        await finishCopy(to, config, from);
        await checkUnchanged(from, content);
      } catch (error) {
        await clear(to, begun === 'made');
        throw error;
      }
      // Gone before the store is in use: what it marks may be cleared.
      await rm(join(to, marker), { force: true });
      await syncFolder(to);
    }
    await setTeamLocation(home, to);
    return { from, to, certificates: config.certificates.size, oldRemains: await removeOld(from, content) };
  });
}

function checkPlaces(from: string, to: string): void {
  if (from === to) throw refused(`The Team Store is at ${to} already.`, 'Nothing needs to be done.', to);
  for (const [inner, outer] of [
    [to, from],
    [from, to],
  ] as const) {
    if (relative(outer, inner).split(sep)[0] === '..') continue;
    throw refused(`One of ${from} and ${to} lies in the other.`, 'Name a folder beside it.', to);
  }
}

/** @returns `complete` if an interrupted command had done the whole copy */
async function begin(
  from: string,
  to: string,
  content: ReadonlyMap<string, string>,
): Promise<'made' | 'empty' | 'complete'> {
  const old = await stat(from);
  const made = await ensureDirectory(to, old.mode & 0o7777);
  if (made) await sameGroup(to, old);
  const all = await readdir(to).catch((error: unknown) => {
    throw fileError(error, to);
  });
  // Of a command that was killed while it wrote the marker.
  const unfinished = all.filter((name) => name.startsWith(`.${marker}.`) && name.endsWith('.tmp'));
  for (const name of unfinished) await rm(join(to, name), { force: true });
  const there = all.filter((name) => !unfinished.includes(name));
  if (there.includes(marker)) {
    const known = parseJson((await readFileIfExists(join(to, marker)))?.toString('utf8') ?? '')?.value;
    if (!isRecord(known) || known.from !== from) {
      throw refused(`Another store is being moved to ${to}.`, 'Name another folder.', to);
    }
    for (const name of there) if (name !== marker) await removeTree(join(to, name));
  } else if (there.length > 0) {
    if (there.includes('config.json') && isSame(withoutList(await contentOf(to)), withoutList(content))) {
      return 'complete';
    }
    throw refused(
      `${to} is not empty.`,
      there.includes('config.json')
        ? 'To use the store that is there, name it in ~/.mbl-stores.json.'
        : 'Name a folder that is new or empty.',
      to,
    );
  } else {
    await writeFileAtomic(join(to, marker), jsonLine({ from }), 0o600);
  }
  return made ? 'made' : 'empty';
}

/** The list names another place in each of the two. */
const withoutList = (content: ReadonlyMap<string, string>) =>
  new Map([...content].filter(([path]) => path !== 'config.json'));

/** Takes away what a failed copy has made; the marker last, for this may be interrupted too. */
async function clear(to: string, made: boolean): Promise<void> {
  for (const name of await readdir(to).catch(() => [])) {
    if (name !== marker) await removeTree(join(to, name)).catch(() => undefined);
  }
  await rm(join(to, marker), { force: true }).catch(() => undefined);
  if (made) await rmdir(to).catch(() => undefined);
}

const isOfTheLock = (path: string) => path === '.lock' || path.startsWith('.lock.');

/** Files by their path in the store, with what they hold; folders end with a slash. */
async function contentOf(folder: string): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  const walk = async (below: string): Promise<void> => {
    for (const name of (await readdir(join(folder, below))).sort()) {
      const path = join(below, name);
      if (isOfTheLock(path)) continue;
      const found = await lstat(join(folder, path));
      if (found.isDirectory()) {
        content.set(path + sep, '');
        await walk(path);
      } else if (found.isFile()) {
        content.set(path, digest(await readFile(join(folder, path))));
      } else {
        throw storeErrors('store.move.content', {
          message: `${join(folder, path)} is neither a file nor a folder.`,
          next: 'Move it away, then repeat.',
          data: { path: join(folder, path) },
        });
      }
    }
  };
  try {
    await walk('');
  } catch (error) {
    throw fileError(error, (error as NodeJS.ErrnoException).path ?? folder);
  }
  return content;
}

const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

async function copyAll(from: string, to: string, content: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, hash] of content) {
    const [old, copy] = [join(from, path), join(to, path)];
    try {
      const its = await stat(old);
      if (path.endsWith(sep)) await mkdir(copy, { mode: 0o700 });
      else await writeSynced(copy, await readFile(old));
      await sameGroup(copy, its);
      await chmod(copy, its.mode & 0o7777);
      if (!path.endsWith(sep) && digest(await readFile(copy)) !== hash) throw notCopied(copy);
    } catch (error) {
      throw fileError(error, copy);
    }
  }
}

async function writeSynced(path: string, data: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** As far as the user may: only a shared store has to be of a certain group. */
async function sameGroup(path: string, { gid, mode }: { gid: number; mode: number }): Promise<void> {
  if ((await stat(path)).gid === gid) return;
  await chown(path, -1, gid).then(
    () => chmod(path, mode & 0o7777),
    () => undefined,
  );
}

/** The list names the new places, and a shared store is shared again. */
async function finishCopy(to: string, config: StoreConfig, from: string): Promise<void> {
  if (config.sharing) await give(to, sharedFolderMode(config.sharing), (await stat(from)).gid);
  await writeConfig(to, config, await teamModes(to, config.sharing));
  if (config.sharing) await shareContent(to, config, process.getuid?.() ?? -1);
  for (const name of config.certificates.keys()) await syncFolder(join(to, name)).catch(() => undefined);
  await syncFolder(to);
  await syncFolder(dirname(to)).catch(() => undefined);
  const copied = await readConfig(to);
  if (copied.certificates.size !== config.certificates.size) throw notCopied(to);
}

/** Programs without our lock (Arm's tool, sync programs) may have written meanwhile. */
async function checkUnchanged(from: string, content: ReadonlyMap<string, string>): Promise<void> {
  if (isSame(await contentOf(from), content)) return;
  throw storeErrors('store.move.changed', {
    message: `Another program changed ${from} while it was being moved.`,
    next: 'Wait until it is done, then repeat. The store is where it was.',
    data: { path: from },
  });
}

const isSame = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>) =>
  one.size === other.size && [...one].every(([path, hash]) => other.get(path) === hash);

/** The new store is in use: what goes wrong here is a remark. */
async function removeOld(from: string, content: ReadonlyMap<string, string>): Promise<string | undefined> {
  try {
    if (!isSame(await contentOf(from), content)) return 'another program has written there meanwhile';
    await rm(from, { recursive: true, force: true });
    return undefined;
  } catch (error) {
    const told = fileError(error, from);
    return isMooringError(told) ? told.message.replace(/\.$/, '') : String(error);
  }
}

function refused(message: string, next: string, path: string) {
  return storeErrors('store.move.target', { message, next, data: { path } });
}

function notCopied(path: string) {
  return storeErrors('store.move.copy', {
    message: `${path} does not hold what was written to it.`,
    next: 'Check that disk, or name another place. The store is where it was.',
    data: { path },
  });
}
