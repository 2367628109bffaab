import { randomBytes } from 'node:crypto';
import { link, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileError, platformErrors } from './platform-errors.ts';

/** How long a lock of another machine (a shared folder) is believed without a sign of life, in ms. */
const foreignLockAge = 10 * 60_000;

export interface Lock {
  release(): Promise<void>;
}

interface Holder {
  host: string;
  pid: number;
  /** Boot and clock tick at which that process started, where the system tells: a pid alone is soon used again. */
  started: string | null;
}

async function processStart(pid: number): Promise<string | null> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
    const text = await readFile(`/proc/${pid}/stat`, 'latin1');
    return `${boot} ${text.slice(text.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return null;
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return holder.started === null || (await processStart(holder.pid)) === holder.started;
}

async function isStale(path: string): Promise<boolean> {
  try {
    const holder = JSON.parse(await readFile(path, 'utf8')) as Holder;
    if (holder.host === hostname()) return !(await isAlive(holder));
    return Date.now() - (await stat(path)).mtimeMs > foreignLockAge;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    // Not ours to read, or not JSON: a file this small is linked in whole, so only age can tell.
    return stat(path).then(
      (found) => Date.now() - found.mtimeMs > foreignLockAge,
      () => false,
    );
  }
}

/** Two processes may find the same stale lock: what is renamed away is judged again, and put back if it is a new one. */
async function takeAway(path: string, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (!(await isStale(aside))) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

/** Removes what processes have left beside the lock that were killed while they asked for it. */
async function tidyUp(path: string): Promise<void> {
  const beside = /^\.[0-9a-f]{12}(?:\.stale)?$/;
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    if (!name.startsWith(basename(path)) || !beside.test(name.slice(basename(path).length))) continue;
    const file = join(dirname(path), name);
    if (await isStale(file)) await rm(file, { force: true }).catch(() => undefined);
  }
}

/**
 * Takes the lock file `path`, made by linking a finished file into place so that it is never seen half written.
 * The lock of a process that has died is taken over.
 *
 * @param wait how long to wait for another holder, in ms
 * @throws MooringError `lock.busy`
 */
export async function acquireLock(path: string, wait = 10_000): Promise<Lock> {
  const mine = `${path}.${randomBytes(6).toString('hex')}`;
  const holder: Holder = { host: hostname(), pid: process.pid, started: await processStart(process.pid) };
  const deadline = Date.now() + wait;
  try {
    await writeFile(mine, JSON.stringify(holder), { mode: 0o644, flag: 'wx' });
    for (;;) {
      try {
        await link(mine, path);
        await tidyUp(path);
        return { release: () => rm(path, { force: true }) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      if (await isStale(path)) {
        await takeAway(path, `${mine}.stale`);
        continue;
      }
      if (Date.now() >= deadline) {
        throw platformErrors('lock.busy', {
          message: `${path} is held by another process.`,
          next: 'Wait for the other command to end, then repeat.',
          data: { path },
        });
      }
      await sleep(50);
    }
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await rm(mine, { force: true });
  }
}

/** Runs `work` while holding the lock file. */
export async function withLock<T>(path: string, work: () => Promise<T>, wait?: number): Promise<T> {
  const lock = await acquireLock(path, wait);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
