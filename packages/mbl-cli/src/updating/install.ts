import { posix } from 'node:path';
import { isMooringError } from '@mooring/platform';
import { firmwareErrors } from '../errors.ts';
import type { Connection } from '../ssh/connection.ts';
import { commandLine } from '../ssh/quote.ts';
import { type Result, type RunOptions, run, succeeded } from '../ssh/remote-command.ts';
import { openFiles, put } from '../ssh/transfer.ts';
import type { FirmwareFile } from './firmware-file.ts';

/** Where packages go; everything temporary of an update is there. */
const scratch = '/scratch';
/** The program of MBL, and ours of the same name. */
const manager = 'mbl-firmware-update-manager';
const places = ['/usr/bin', '/opt/arm', '/usr/sbin'];
/** There while the installed update does without a restart. */
const noRestart = '/tmp/do_not_reboot';

/** @throws MooringError `firmware.program.missing`, with the exit status that a shell has for it */
export async function findManager(connection: Connection, signal: AbortSignal): Promise<string> {
  const paths = places.map((place) => `${place}/${manager}`).join(' ');
  const search = `for p in ${paths}; do if test -x "$p"; then echo "$p"; fi; done`;
  const { stdout } = await run(connection, search, { signal });
  const [found] = stdout.toString('utf8').split('\n');
  if (found) return found;
  throw firmwareErrors('firmware.program.missing', {
    message: `${manager} is not on the device.`,
    next: 'Check that the device runs Mbed Linux OS, or install the package mooring-device on it.',
    exitCode: 127,
  });
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/**
 * The installer unpacks beside the package, so there has to be room for it and something more.
 *
 * @throws MooringError `firmware.space`
 */
export async function checkSpace(connection: Connection, file: FirmwareFile, signal: AbortSignal): Promise<void> {
  const { stdout } = await run(connection, `df -P -k ${scratch}`, { signal });
  const free = Number(stdout.toString('utf8').trim().split('\n').at(-1)?.split(/\s+/)[3]) * 1024;
  if (!Number.isFinite(free) || free >= file.size) return;
  throw firmwareErrors('firmware.space', {
    message: `${file.name} has ${megabytes(file.size)}, and ${scratch} on the device has room for ${megabytes(free)}.`,
    next: `Remove what is not needed there: 'mbl-cli shell "ls -l ${scratch}"' shows it.`,
    data: { size: file.size, free },
  });
}

export interface InstallOptions {
  signal: AbortSignal;
  /** Leave the package on the device. */
  keep: boolean;
  progress(name: string, done: number, total: number): void;
  /** The package is there and is being installed now. */
  begins(): void;
  onOutput?: RunOptions['onStdout'];
}

/**
 * Puts a package on the device and has it installed, without a restart.
 *
 * @returns whether the device has to restart for it
 * @throws MooringError `firmware.*`, `transfer.*`, `ssh.*`
 */
export async function install(connection: Connection, file: FirmwareFile, options: InstallOptions): Promise<boolean> {
  const { signal, keep, progress, begins, onOutput } = options;
  const program = await findManager(connection, signal);
  await checkSpace(connection, file, signal);
  const files = await openFiles(connection);
  const target = posix.join(scratch, file.name);
  await put({ files, recursive: false, signal, progress }, file.path, target);
  begins();
  const words = [program, '--assume-no', ...(keep ? ['--keep'] : []), target];
  try {
    const result = await run(connection, commandLine(words), {
      signal,
      ...(onOutput ? { onStdout: onOutput, onStderr: onOutput } : {}),
    });
    if (!succeeded(result)) throw refused(file, result);
  } catch (error) {
    // The program keeps a package that it could not install.
    if (isMooringError(error) && error.code === 'firmware.failed' && !keep)
      await files.remove(target).catch(() => undefined);
    throw error;
  }
  return !succeeded(await run(connection, `test -e ${noRestart}`, { signal }));
}

function refused(file: FirmwareFile, result: Result): Error {
  const { exit } = result;
  const reason = reasonIn(result);
  return firmwareErrors('firmware.failed', {
    message: `The device did not install ${file.name}: ${reason}`,
    next: 'It runs what it ran before. /var/log/arm_update_activate.log on the device has more.',
    exitCode: 'code' in exit ? exit.code : 255,
    data: { file: file.name, reason, ...exit },
  });
}

/** What the program says besides what it does, on one line. */
export function reasonIn({ exit, stdout, stderr }: Result): string {
  const said = `${stderr.toString('utf8')}\n${stdout.toString('utf8')}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/ - (INFO|DEBUG) - /.test(line));
  if (said.length > 0) return said.join(' ').slice(0, 500);
  return 'code' in exit ? `exit status ${exit.code}` : `ended by ${exit.signal}`;
}
