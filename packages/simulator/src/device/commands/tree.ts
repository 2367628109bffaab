import { constants } from 'node:fs';
import { baseName, below, isWithin } from '../root/device-path.ts';
import { errorNumber, isSystemError, reasonOf, SystemCallError } from '../root/errno.ts';
import type { RootFolder } from '../root/root-folder.ts';
import { CommandFailure, type DeviceCommand, type Job } from '../shell/job.ts';
import { readOptions } from '../shell/options.ts';

const longNames = { recursive: 'r', force: 'f', parents: 'p', verbose: 'v' };

/** Goes through operands, says what failed of each, and gives 1 if any did. */
async function forEach(
  job: Job,
  operands: readonly string[],
  describe: (operand: string, reason: string) => string,
  work: (operand: string) => Promise<void>,
): Promise<number> {
  let status = 0;
  for (const operand of operands) {
    if (job.signal.aborted) return 130;
    try {
      await work(operand);
    } catch (error) {
      status = 1;
      if (error instanceof CommandFailure) await job.stderr.write(`${job.name}: ${error.message}\n`);
      else if (isSystemError(error)) await job.stderr.write(`${job.name}: ${describe(operand, reasonOf(error))}\n`);
      else throw error;
    }
  }
  return status;
}

function needOperands(operands: readonly string[], least = 1): void {
  if (operands.length < least) throw new CommandFailure('missing operand');
}

export const rm: DeviceCommand = async (job) => {
  const { root } = job.device;
  const options = readOptions(job.arguments, 'rRfvi', longNames);
  const recursive = options.has('r') || options.has('R');
  if (!options.has('f')) needOperands(options.operands);
  return forEach(
    job,
    options.operands,
    (operand, reason) => `cannot remove '${operand}': ${reason}`,
    async (operand) => {
      if (/(?:^|\/)\.{1,2}\/*$/.test(operand)) {
        throw new CommandFailure(`refusing to remove '.' or '..' directory: skipping '${operand}'`);
      }
      let place: Awaited<ReturnType<RootFolder['find']>>;
      try {
        place = await root.find(operand, job.shell.folder, 'keep');
        if (place.path === '/') throw new CommandFailure(`it is dangerous to operate recursively on '${operand}'`);
        if ((await root.stat(place.path, '/', 'keep')).isDirectory()) {
          if (!recursive) throw new SystemCallError('EISDIR');
          await removeTree(root, place.path, job.signal);
        } else {
          await root.removeFile(place.path);
        }
      } catch (error) {
        const code = errorNumber(error);
        if (options.has('f') && (code === 'ENOENT' || code === 'ENOTDIR')) return;
        throw error;
      }
    },
  );
};

async function removeTree(root: RootFolder, path: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  for (const entry of await root.list(path)) {
    if (entry.isDirectory()) await removeTree(root, below(path, entry.name), signal);
    else await root.removeFile(below(path, entry.name));
  }
  await root.removeFolder(path);
}

export const rmdir: DeviceCommand = async (job) => {
  const options = readOptions(job.arguments, '');
  needOperands(options.operands);
  return forEach(
    job,
    options.operands,
    (operand, reason) => `failed to remove '${operand}': ${reason}`,
    (operand) => job.device.root.removeFolder(operand, job.shell.folder),
  );
};

export const mkdir: DeviceCommand = async (job) => {
  const { root } = job.device;
  const options = readOptions(job.arguments, 'pvm:', longNames);
  needOperands(options.operands);
  const mode = options.value('m');
  if (mode !== undefined && !/^[0-7]{1,4}$/.test(mode)) throw new CommandFailure(`invalid mode '${mode}'`);
  return forEach(
    job,
    options.operands,
    (operand, reason) => `cannot create directory '${operand}': ${reason}`,
    async (operand) => {
      const usual = 0o777 & ~job.shell.mask;
      if (options.has('p')) await root.makeFolders(operand, job.shell.folder, usual | 0o300);
      else await root.makeFolder(operand, job.shell.folder, usual);
      if (mode !== undefined) await root.changeMode(operand, job.shell.folder, Number.parseInt(mode, 8));
    },
  );
};

/** Splits `SOURCE… TARGET` and gives each source's place in the target. */
async function targets(job: Job, operands: readonly string[]): Promise<(source: string) => string> {
  const target = operands.at(-1);
  if (target === undefined || operands.length < 2) throw new CommandFailure('missing file operand');
  const isFolder = await job.device.root.isFolder(target, job.shell.folder);
  if (operands.length > 2 && !isFolder) throw new CommandFailure(`target '${target}': Not a directory`);
  return (source) => (isFolder ? below(target, baseName(source)) : target);
}

export const mv: DeviceCommand = async (job) => {
  const { root } = job.device;
  const { folder } = job.shell;
  const { operands } = readOptions(job.arguments, 'fnv', longNames);
  const targetOf = await targets(job, operands);
  return forEach(
    job,
    operands.slice(0, -1),
    (source, reason) => `cannot move '${source}': ${reason}`,
    async (source) => {
      try {
        await root.stat(source, folder, 'keep');
      } catch (error) {
        if (!isSystemError(error)) throw error;
        throw new CommandFailure(`cannot stat '${source}': ${reasonOf(error)}`);
      }
      const target = targetOf(source);
      const from = (await root.find(source, folder, 'keep')).path;
      const to = (await root.find(target, folder, 'keep')).path;
      if (from === to) throw new CommandFailure(`'${source}' and '${target}' are the same file`);
      if (isWithin(to, from)) {
        throw new CommandFailure(`cannot move '${source}' to a subdirectory of itself, '${target}'`);
      }
      await root.rename(from, to);
    },
  );
};

export const cp: DeviceCommand = async (job) => {
  const { root } = job.device;
  const { folder } = job.shell;
  const options = readOptions(job.arguments, 'rRafpv', longNames);
  const recursive = options.has('r') || options.has('R') || options.has('a');
  const targetOf = await targets(job, options.operands);
  return forEach(
    job,
    options.operands.slice(0, -1),
    (source, reason) => `cannot copy '${source}': ${reason}`,
    async (source) => {
      const stats = await root.stat(source, folder).catch((error: unknown) => {
        if (!isSystemError(error)) throw error;
        throw new CommandFailure(`cannot stat '${source}': ${reasonOf(error)}`);
      });
      if (stats.isDirectory() && !recursive) {
        throw new CommandFailure(`-r not specified; omitting directory '${source}'`);
      }
      const target = targetOf(source);
      const from = (await root.find(source, folder)).path;
      const to = (await root.find(target, folder)).path;
      if (from === to) throw new CommandFailure(`'${source}' and '${target}' are the same file`);
      if (isWithin(to, from))
        throw new CommandFailure(`cannot copy a directory, '${source}', into itself, '${target}'`);
      await copyTree(root, from, to, job.signal);
    },
  );
};

async function copyTree(root: RootFolder, from: string, to: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const stats = await root.stat(from);
  if (!stats.isDirectory()) {
    const source = await root.open(from, '/', constants.O_RDONLY);
    try {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;
      const target = await root.open(to, '/', flags, stats.mode);
      try {
        for (let chunk = await source.read(64 * 1024); chunk.length > 0; chunk = await source.read(64 * 1024)) {
          signal.throwIfAborted();
          await target.append(chunk);
        }
      } finally {
        await target.close();
      }
    } finally {
      await source.close();
    }
    return;
  }
  if (!(await root.isFolder(to))) await root.makeFolder(to, '/', stats.mode | 0o700);
  for (const entry of await root.list(from)) {
    if (entry.isDirectory() || entry.isFile()) {
      await copyTree(root, below(from, entry.name), below(to, entry.name), signal);
    }
  }
}

export const touch: DeviceCommand = async (job) => {
  const { root, clock } = job.device;
  const options = readOptions(job.arguments, 'c');
  needOperands(options.operands);
  return forEach(
    job,
    options.operands,
    (operand, reason) => `cannot touch '${operand}': ${reason}`,
    async (operand) => {
      const present = await root.exists(operand, job.shell.folder);
      if (!present && options.has('c')) return;
      const isFolder = await root.isFolder(operand, job.shell.folder);
      const flags = isFolder ? constants.O_RDONLY : constants.O_WRONLY | constants.O_CREAT;
      const file = await root.open(operand, job.shell.folder, flags, 0o666 & ~job.shell.mask);
      try {
        await file.changeTimes(clock.now(), clock.now());
      } finally {
        await file.close();
      }
    },
  );
};

export const chmod: DeviceCommand = async (job) => {
  const { root } = job.device;
  // A mode such as `-w` is not an option of chmod.
  const recursive = job.arguments[0] === '-R';
  const [mode, ...operands] = recursive ? job.arguments.slice(1) : job.arguments;
  if (mode === undefined) throw new CommandFailure('missing operand');
  needOperands(operands);
  const change = modeChange(mode);
  const apply = async (path: string): Promise<void> => {
    const stats = await root.stat(path);
    await root.changeMode(path, '/', change(stats.mode & 0o777));
    if (!recursive || !stats.isDirectory()) return;
    for (const entry of await root.list(path)) if (!entry.isSymbolicLink()) await apply(below(path, entry.name));
  };
  return forEach(
    job,
    operands,
    (operand, reason) => `cannot access '${operand}': ${reason}`,
    async (operand) => apply((await root.find(operand, job.shell.folder)).path),
  );
};

/** Octal, or `[ugoa…][+-=][rwx…]` with commas. */
function modeChange(text: string): (mode: number) => number {
  if (/^[0-7]{1,4}$/.test(text)) return () => Number.parseInt(text, 8) & 0o777;
  const clauses = text.split(',').map((clause) => {
    const found = /^([ugoa]*)([+\-=])([rwxX]*)$/.exec(clause);
    if (!found) throw new CommandFailure(`invalid mode: '${text}'`);
    const who = found[1] === '' || found[1]?.includes('a') ? 'ugo' : (found[1] as string);
    let bits = 0;
    let mask = 0;
    for (const [letter, shift] of [
      ['u', 6],
      ['g', 3],
      ['o', 0],
    ] as const) {
      if (!who.includes(letter)) continue;
      mask |= 7 << shift;
      if (found[3]?.includes('r')) bits |= 4 << shift;
      if (found[3]?.includes('w')) bits |= 2 << shift;
      if (/[xX]/.test(found[3] ?? '')) bits |= 1 << shift;
    }
    return { operator: found[2], bits, mask };
  });
  return (mode) =>
    clauses.reduce((sum, { operator, bits, mask }) => {
      if (operator === '+') return sum | bits;
      return operator === '-' ? sum & ~bits : (sum & ~mask) | bits;
    }, mode);
}
