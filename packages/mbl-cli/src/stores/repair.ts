import { chmod, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { BinItem } from '@mooring/credentials';
import { fileError, isMooringError, readFileIfExists, removeTree } from '@mooring/platform';
import { checkCertificate } from '../provisioning/completeness.ts';
import { checkCertificateName } from './certificate-name.ts';
import { certificateIn, checkTeamStore, readCopy } from './check.ts';
import { configPath, writeConfig } from './config-file.ts';
import { conflictCopyOf, mergeCopy } from './conflict-copies.ts';
import type { Inspection } from './inspection.ts';
import { give, shareContent } from './share.ts';
import { modeOfFile, type StoreModes, sharedFolderMode, teamModes } from './sharing.ts';
import type { StoreConfig } from './store-config.ts';
import { sameItems, storedCertificate } from './stored-certificate.ts';
import type { TeamStore } from './team-store.ts';

/**
 * Does what is safe: nothing that another copy does not hold is lost, and no entry is taken off the list.
 *
 * @returns what was done, as sentences
 */
export async function repairTeamStore(team: TeamStore, now: Date): Promise<string[]> {
  const { folder } = team;
  const done: string[] = [];
  const before = await checkTeamStore(folder, now);
  if (!before.exists || before.problems.some(({ kind }) => kind === 'list-malformed')) return done;
  const interrupted = before.problems.filter(({ kind }) => kind === 'interrupted');
  for (const { path } of interrupted) done.push(`Brought the change ${basename(path)} to its end.`);
  await team.exclusively(async (config, modes) => {
    await mergeLists(folder, config, modes, await checkTeamStore(folder, now), done);
    await listFolders(folder, config, modes, await checkTeamStore(folder, now), done);
    for (const { path } of (await checkTeamStore(folder, now)).problems.filter(({ kind }) => kind === 'leftover')) {
      await rm(path, { force: true });
      done.push(`Removed ${basename(path)}.`);
    }
    await mendModes(folder, config, await checkTeamStore(folder, now), done);
  });
  // These are stored as any other certificate, which takes the lock anew.
  await settleFiles(team, await checkTeamStore(folder, now), done);
  return done;
}

async function mergeLists(
  folder: string,
  config: StoreConfig,
  modes: StoreModes,
  { problems }: Inspection,
  done: string[],
): Promise<void> {
  const there = new Map<string, boolean>();
  const copies: { path: string; copy: StoreConfig }[] = [];
  for (const { path, kind, certificate } of problems) {
    if (kind !== 'conflict-copy' || certificate !== undefined || dirname(path) !== folder) continue;
    const copy = (await stat(path)).isFile() ? await readCopy(path) : undefined;
    if (!copy) continue;
    copies.push({ path, copy });
    for (const [name, files] of [...config.certificates, ...copy.certificates]) {
      for (const file of files) there.set(join(name, file), await exists(join(folder, name, file)));
    }
  }
  const isWhole = (name: string, files: readonly string[]) => files.every((file) => there.get(join(name, file)));
  for (const { path, copy } of copies) {
    const added = mergeCopy(config, copy, isWhole);
    await writeConfig(folder, config, modes);
    await rm(path, { force: true });
    const names =
      added.length > 0 ? `${added.map((name) => `'${name}'`).join(', ')} came in` : 'it had nothing besides';
    done.push(`Merged ${basename(path)} into the list: ${names}.`);
  }
}

/** Lists whole certificates that lost their entry; of a conflict copy that holds the same as its original, removes it. */
async function listFolders(
  folder: string,
  config: StoreConfig,
  modes: StoreModes,
  { problems }: Inspection,
  done: string[],
): Promise<void> {
  for (const { path, kind, certificate: original } of problems) {
    const name = basename(path);
    if (dirname(path) !== folder || (kind !== 'unlisted' && kind !== 'conflict-copy')) continue;
    const found = await certificateIn(folder, name);
    if (!found) continue;
    const first = original === undefined ? undefined : await certificateIn(folder, original);
    if (first && sameItems(first.items, found.items)) {
      await removeTree(path);
      done.push(`Removed the folder ${name}: it holds the same as '${original}'.`);
      continue;
    }
    config.certificates.set(
      name,
      found.items.map((item) => `${item.name}.bin`),
    );
    await writeConfig(folder, config, modes);
    done.push(`Listed the certificate '${name}'.`);
  }
}

async function mendModes(folder: string, config: StoreConfig, { problems }: Inspection, done: string[]): Promise<void> {
  const found = problems.filter(({ kind }) => kind === 'too-open' || kind === 'too-closed' || kind === 'group');
  if (found.length === 0) return;
  const uid = process.getuid?.() ?? -1;
  const modes = await teamModes(folder, config.sharing);
  if (config.sharing) {
    const its = await stat(folder);
    if (its.uid === uid || uid === 0) await give(folder, sharedFolderMode(config.sharing), its.gid);
    await shareContent(folder, config, uid);
  } else {
    for (const { path } of found) {
      const its = await stat(path);
      if (its.uid !== uid && uid !== 0) continue;
      const due = path === configPath(folder) ? modes.config : modeOfFile(basename(path), modes);
      await setMode(path, its.isDirectory() ? its.mode & 0o7775 : its.mode & due);
    }
  }
  done.push(`Set the permissions of ${found.length === 1 ? found[0]?.path : `${found.length} files and folders`}.`);
}

/** The User Store is for its owner alone. */
export async function repairUserStore(inspection: Inspection): Promise<string[]> {
  const done: string[] = [];
  for (const { path, kind } of inspection.problems) {
    if (kind !== 'too-open') continue;
    await setMode(path, path === inspection.folder ? 0o700 : 0o600);
    done.push(`Set the permissions of ${path}.`);
  }
  return done;
}

async function setMode(path: string, mode: number): Promise<void> {
  await chmod(path, mode & 0o7777).catch((error: unknown) => {
    throw fileError(error, path);
  });
}

/**
 * Conflict copies of single files: one that holds the same goes; others, put over the files of the certificate, give
 * the certificate of the other machine, which is stored beside under a name of its own if it is whole.
 */
async function settleFiles(team: TeamStore, { problems }: Inspection, done: string[]): Promise<void> {
  const variants = new Map<string, { name: string; label: string; paths: { path: string; original: string }[] }>();
  for (const { path, kind, certificate: name } of problems) {
    if (kind !== 'conflict-copy' || name === undefined || dirname(path) !== team.folderOf(name)) continue;
    const listed = new Set((await team.look(name).catch(() => undefined))?.items.map((item) => `${item.name}.bin`));
    const copy = conflictCopyOf(basename(path), 'file', (original) => listed.has(original));
    if (!copy) continue;
    const key = JSON.stringify([name, copy.label]);
    const variant = variants.get(key) ?? { name, label: copy.label, paths: [] };
    variant.paths.push({ path, original: copy.original.slice(0, -'.bin'.length) });
    variants.set(key, variant);
  }
  for (const { name, label, paths } of variants.values()) {
    const certificate = await team.look(name);
    if (!certificate) continue;
    const items: BinItem[] = [];
    for (const item of certificate.items) {
      const path = paths.find(({ original }) => original === item.name)?.path;
      const data = path === undefined ? undefined : await readFileIfExists(path);
      items.push(data ? { name: item.name, data } : item);
    }
    if (!sameItems(items, certificate.items)) {
      const beside = `${name} (${label})`;
      if (!isUsable(beside, items) || !(await stored(team, beside, items))) continue;
      done.push(`Stored the conflict copies of '${name}' as the certificate '${beside}'.`);
    } else {
      done.push(`Removed conflict copies of '${name}' that hold the same.`);
    }
    for (const { path } of paths) await rm(path, { force: true });
  }
}

/** False if the name stands for something else. */
async function stored(team: TeamStore, name: string, items: BinItem[]): Promise<boolean> {
  try {
    await team.put(name, items, false);
    return true;
  } catch (error) {
    if (isMooringError(error) && error.code === 'store.name.taken') return false;
    throw error;
  }
}

function isUsable(name: string, items: BinItem[]): boolean {
  try {
    checkCertificateName(name);
    const certificate = storedCertificate(name, items);
    checkCertificate(certificate, certificate.kind === 'update' ? 'update' : 'developer');
    return true;
  } catch {
    return false;
  }
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
