import { isSystemError, reasonOf, SystemCallError } from '../root/errno.ts';
import { CommandFailure, type DeviceCommand } from '../shell/job.ts';
import { findCommand } from '../shell/lookup.ts';
import { readOptions } from '../shell/options.ts';
import { evaluate, runCommandLine } from '../shell/run.ts';
import { ExitShell } from '../shell/shell.ts';

export const cd: DeviceCommand = async ({ arguments: [to], shell, device }) => {
  const target = to ?? shell.parameter('HOME');
  try {
    const place = await device.root.find(target, shell.folder);
    if (!(await device.root.stat(place.path)).isDirectory()) throw new SystemCallError('ENOTDIR');
    shell.folder = place.path;
    shell.variables.set('PWD', place.path);
    return 0;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new CommandFailure(`can't cd to ${target}: ${reasonOf(error)}`, 2);
  }
};

export const pwd: DeviceCommand = async ({ stdout, shell }) => {
  await stdout.write(`${shell.folder}\n`);
  return 0;
};

export const exit: DeviceCommand = async ({ arguments: [code], shell }) => {
  if (code === undefined) throw new ExitShell(shell.status);
  if (!/^\d{1,9}$/.test(code)) throw new CommandFailure(`Illegal number: ${code}`, 2);
  throw new ExitShell(Number(code));
};

export const success: DeviceCommand = async () => 0;

export const failure: DeviceCommand = async () => 1;

export const exportVariables: DeviceCommand = async ({ arguments: words, shell }) => {
  for (const word of words) {
    const found = /^([A-Za-z_][A-Za-z0-9_]*)(?:=(.*))?$/s.exec(word);
    if (!found) throw new CommandFailure(`${word}: bad variable name`, 2);
    if (found[2] !== undefined) shell.variables.set(found[1] as string, found[2]);
  }
  return 0;
};

export const unset: DeviceCommand = async ({ arguments: words, shell }) => {
  for (const word of words) shell.variables.delete(word);
  return 0;
};

export const umask: DeviceCommand = async ({ arguments: [mode], stdout, shell }) => {
  if (mode === undefined) await stdout.write(`${shell.mask.toString(8).padStart(4, '0')}\n`);
  else if (/^[0-7]{1,4}$/.test(mode)) shell.mask = Number.parseInt(mode, 8) & 0o777;
  else throw new CommandFailure(`illegal mode: ${mode}`, 2);
  return 0;
};

export const env: DeviceCommand = async ({ stdout, shell }) => {
  for (const [name, value] of shell.variables) await stdout.write(`${name}=${value}\n`);
  return 0;
};

/** `sh -c TEXT`, `sh -l -c TEXT`, `sh FILE`, or commands from standard input. */
export const sh: DeviceCommand = async (job) => {
  const options = readOptions(job.arguments, 'lcexis');
  const inner = job.shell.fork();
  const streams = { stdin: job.stdin, stdout: job.stdout, stderr: job.stderr };
  const [first] = options.operands;
  if (options.has('c')) {
    if (first === undefined) throw new CommandFailure('-c requires an argument', 2);
    return runCommandLine(first, inner, streams, job.session);
  }
  if (first !== undefined) {
    const text = (await job.device.root.read(first, job.shell.folder)).toString('utf8');
    return runCommandLine(text, inner, streams, job.session);
  }
  const { ByteReader } = await import('../shell/byte-reader.ts');
  const lines = new ByteReader(job.stdin);
  for (let line = await lines.line(); line !== null; line = await lines.line()) {
    try {
      await evaluate(line.toString('utf8'), inner, { ...streams, stdin: lines }, job.session);
    } catch (error) {
      if (error instanceof ExitShell) return error.status;
      throw error;
    }
  }
  return inner.status;
};

/** `which NAME…` and `command -v NAME…`. */
export const which: DeviceCommand = async ({ arguments: words, stdout, shell, device }) => {
  let missing = 0;
  for (const name of words) {
    try {
      await findCommand(name, shell);
      await stdout.write(`${name.includes('/') ? name : `${device.commands.has(name) ? '/usr/bin/' : ''}${name}`}\n`);
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      missing++;
    }
  }
  return missing === 0 ? 0 : 1;
};

export const command: DeviceCommand = async (job) => {
  const [first, ...rest] = job.arguments;
  if (first === undefined) return 0;
  if (first === '-v' || first === '-V') return (await which({ ...job, arguments: rest })) === 0 ? 0 : 127;
  return (await findCommand(first, job.shell))({ ...job, name: first, arguments: rest });
};
