import type { Stats } from 'node:fs';
import { below } from '../root/device-path.ts';
import { isSystemError, reasonOf } from '../root/errno.ts';
import type { RootFolder } from '../root/root-folder.ts';
import { CommandFailure, type DeviceCommand, type Job } from '../shell/job.ts';
import { type Options, readOptions } from '../shell/options.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `-rw-r--r--` */
export function modeText(stats: Stats): string {
  const kind = stats.isDirectory() ? 'd' : stats.isSymbolicLink() ? 'l' : '-';
  const bits = [...'rwxrwxrwx'].map((letter, index) => ((stats.mode >> (8 - index)) & 1 ? letter : '-'));
  return kind + bits.join('');
}

/** One line of `ls -l`; everything on the device belongs to root. */
export function longLine(name: string, stats: Stats, now: Date, link?: string, owner = 'root root'): string {
  const time = stats.mtime;
  const day = `${months[time.getUTCMonth()]} ${String(time.getUTCDate()).padStart(2)}`;
  const recent = Math.abs(now.getTime() - time.getTime()) < 182 * 86_400_000;
  const clock = recent ? time.toISOString().slice(11, 16) : ` ${time.getUTCFullYear()}`;
  const size = String(stats.size).padStart(8);
  return `${modeText(stats)} ${String(stats.nlink).padStart(2)} ${owner} ${size} ${day} ${clock} ${name}${link === undefined ? '' : ` -> ${link}`}`;
}

interface Listed {
  name: string;
  path: string;
  stats: Stats;
}

export const ls: DeviceCommand = async (job) => {
  const { root } = job.device;
  const options = readOptions(job.arguments, 'laA1dhRrtFLn', { all: 'a' });
  const operands = options.operands.length > 0 ? options.operands : ['.'];
  const files: Listed[] = [];
  const folders: { name: string; path: string }[] = [];
  let status = 0;
  for (const operand of operands) {
    try {
      const last = options.has('l') && !options.has('L') && !operand.endsWith('/') ? 'keep' : 'follow';
      const place = await root.find(operand, job.shell.folder, last);
      const stats = await root.stat(place.path, '/', 'keep');
      if (stats.isDirectory() && !options.has('d')) folders.push({ name: operand, path: place.path });
      else files.push({ name: operand, path: place.path, stats });
    } catch (error) {
      if (!isSystemError(error)) throw error;
      status = 1;
      await job.stderr.write(`ls: cannot access '${operand}': ${reasonOf(error)}\n`);
    }
  }
  await show(job, files, options);
  const queue = [...folders];
  let first = files.length === 0;
  for (let folder = queue.shift(); folder; folder = queue.shift()) {
    if (job.signal.aborted) return 130;
    if (operands.length > 1 || options.has('R')) {
      await job.stdout.write(`${first ? '' : '\n'}${folder.name}:\n`);
      first = false;
    }
    const listed = await entriesOf(root, folder.path, options.has('a'), options.has('A'));
    if (options.has('r')) listed.reverse();
    if (options.has('l')) await job.stdout.write(`total ${blocksOf(listed)}\n`);
    await show(job, listed, options);
    if (!options.has('R')) continue;
    const inner = listed.filter(({ name, stats }) => stats.isDirectory() && name !== '.' && name !== '..');
    queue.unshift(...inner.map(({ name, path }) => ({ name: below(folder.name, name), path })));
  }
  return status;
};

async function entriesOf(root: RootFolder, path: string, all: boolean, almost: boolean): Promise<Listed[]> {
  const names = (await root.list(path)).map((entry) => entry.name);
  const shown = all ? ['.', '..', ...names] : names.filter((name) => almost || !name.startsWith('.'));
  const listed: Listed[] = [];
  for (const name of shown) {
    try {
      const place = await root.find(name, path, 'keep');
      listed.push({ name, path: place.path, stats: await root.stat(place.path, '/', 'keep') });
    } catch (error) {
      // Removed in between.
      if (!isSystemError(error)) throw error;
    }
  }
  return listed;
}

async function show(job: Job, listed: readonly Listed[], options: Options): Promise<void> {
  const { root, clock } = job.device;
  for (const { name, path, stats } of listed) {
    if (!options.has('l')) {
      await job.stdout.write(`${name}\n`);
      continue;
    }
    const link = stats.isSymbolicLink() ? await root.readLink(path) : undefined;
    await job.stdout.write(`${longLine(name, stats, clock.now(), link, options.has('n') ? '0 0' : undefined)}\n`);
  }
}

function blocksOf(listed: readonly Listed[]): number {
  return listed.reduce((sum, { stats }) => sum + Math.ceil(stats.size / 4096) * 4, 0);
}

/** `readlink FILE`, and `readlink -f PATH` for where a path really leads. */
export const readlink: DeviceCommand = async (job) => {
  const { root } = job.device;
  const options = readOptions(job.arguments, 'fn');
  const [path] = options.operands;
  if (path === undefined) throw new CommandFailure('missing operand');
  try {
    const target = options.has('f')
      ? (await root.find(path, job.shell.folder)).path
      : await root.readLink(path, job.shell.folder);
    await job.stdout.write(options.has('n') ? target : `${target}\n`);
    return 0;
  } catch (error) {
    // As the real one, it says nothing.
    if (!isSystemError(error)) throw error;
    return 1;
  }
};

export const stat: DeviceCommand = async (job) => {
  const { root } = job.device;
  const options = readOptions(job.arguments, 'c:L');
  if (options.operands.length === 0) throw new CommandFailure('missing operand');
  const format = options.value('c');
  let status = 0;
  for (const operand of options.operands) {
    try {
      const stats = await root.stat(operand, job.shell.folder, options.has('L') ? 'follow' : 'keep');
      await job.stdout.write(
        `${format === undefined ? statText(operand, stats) : formatted(format, operand, stats)}\n`,
      );
    } catch (error) {
      if (!isSystemError(error)) throw error;
      status = 1;
      await job.stderr.write(`stat: cannot stat '${operand}': ${reasonOf(error)}\n`);
    }
  }
  return status;
};

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symbolic link';
  return stats.size === 0 ? 'regular empty file' : 'regular file';
}

function octal(stats: Stats): string {
  return (stats.mode & 0o777).toString(8);
}

function statText(name: string, stats: Stats): string {
  return [
    `  File: ${name}`,
    `  Size: ${stats.size}\tBlocks: ${Math.ceil(stats.size / 512)}\t${kindOf(stats)}`,
    `Access: (0${octal(stats)}/${modeText(stats)})  Uid: (0/root)   Gid: (0/root)`,
    `Modify: ${stats.mtime.toISOString()}`,
  ].join('\n');
}

function formatted(format: string, name: string, stats: Stats): string {
  const values: Record<string, string> = {
    a: octal(stats),
    A: modeText(stats),
    F: kindOf(stats),
    n: name,
    s: String(stats.size),
    u: '0',
    U: 'root',
    g: '0',
    G: 'root',
    Y: String(Math.floor(stats.mtimeMs / 1000)),
    '%': '%',
  };
  return format.replace(/%(.)/g, (whole, letter: string) => values[letter] ?? whole);
}

export const du: DeviceCommand = async (job) => {
  const { root } = job.device;
  const options = readOptions(job.arguments, 'ksahc');
  const walk = async (path: string, name: string, top: boolean): Promise<number> => {
    job.signal.throwIfAborted();
    const stats = await root.stat(path, '/', 'keep');
    let blocks = Math.ceil(stats.size / 4096) * 4;
    if (stats.isDirectory()) {
      for (const entry of await root.list(path)) {
        blocks += await walk(below(path, entry.name), below(name, entry.name), false);
      }
    }
    if (top || (!options.has('s') && (stats.isDirectory() || options.has('a')))) {
      await job.stdout.write(`${blocks}\t${name}\n`);
    }
    return blocks;
  };
  for (const operand of options.operands.length > 0 ? options.operands : ['.']) {
    await walk((await root.find(operand, job.shell.folder, 'keep')).path, operand, true);
  }
  return 0;
};

/** The partitions of an MBL device (mbl-device.md §2); sizes are told, not kept, except where space was made short. */
const partitions = [
  { name: '/dev/mmcblk1p3', kilobytes: 512_000, on: '/' },
  { name: '/dev/mmcblk1p7', kilobytes: 19_400, on: '/config/user' },
  { name: '/dev/mmcblk1p9', kilobytes: 128_000, on: '/var/log' },
  { name: '/dev/mmcblk1p10', kilobytes: 655_360, on: '/scratch' },
  { name: '/dev/mmcblk1p11', kilobytes: 512_000, on: '/home' },
] as const;

export const df: DeviceCommand = async (job) => {
  const options = readOptions(job.arguments, 'khP');
  const only: string[] = [];
  for (const operand of options.operands) {
    const { path } = await job.device.root.find(operand, job.shell.folder);
    const holding = partitions.filter(({ on }) => on === '/' || path === on || path.startsWith(`${on}/`));
    only.push(holding.at(-1)?.on ?? '/');
  }
  await job.stdout.write('Filesystem           1K-blocks      Used Available Use% Mounted on\n');
  for (const { name, kilobytes, on } of partitions) {
    if (options.operands.length > 0 && !only.includes(on)) continue;
    const limited = job.device.faults.freeSpace?.[on];
    const free = limited === undefined ? Math.floor(kilobytes * 0.9) : Math.floor(limited / 1024);
    const used = kilobytes - free;
    const share = `${Math.ceil((used / kilobytes) * 100)}%`;
    await job.stdout.write(
      `${name.padEnd(20)} ${String(kilobytes).padStart(9)} ${String(used).padStart(9)} ${String(free).padStart(9)} ${share.padStart(4)} ${on}\n`,
    );
  }
  return 0;
};
