import { firmwareErrors } from '../errors.ts';
import type { Connection } from '../ssh/connection.ts';
import { describeTarget, type Target } from '../ssh/target.ts';
import type { FirmwareFile } from './firmware-file.ts';
import { type InstallOptions, install } from './install.ts';
import { type RestartOptions, restart, waitForRestart } from './restart.ts';
import { type SoftwareOnDevice, softwareOn } from './software-on-device.ts';

export interface UpdateOptions {
  /** Leave the packages on the device. */
  keep: boolean;
  /** Install and leave the restart to somebody else. */
  noRestart: boolean;
  restart: Omit<RestartOptions, 'onDevice' | 'signal'>;
}

export interface UpdateWorld {
  signal: AbortSignal;
  onDevice<T>(work: (connection: Connection) => Promise<T>, target: Target): Promise<T>;
  progress: InstallOptions['progress'];
  /** What the program on the device writes. */
  onOutput?: InstallOptions['onOutput'];
  say(text: string): void;
}

export interface Installed {
  file: FirmwareFile;
  /** `waits`: the device has to restart, and was not told to. */
  restart: 'none' | 'done' | 'waits';
}

export interface Updated {
  installed: Installed[];
  before: SoftwareOnDevice;
  after: SoftwareOnDevice;
}

/**
 * Installs packages on a device, one after the other, with a restart after each that needs one.
 *
 * @throws MooringError `firmware.*`, `transfer.*`, `ssh.*`
 */
export async function updateDevice(
  target: Target,
  files: readonly FirmwareFile[],
  options: UpdateOptions,
  world: UpdateWorld,
): Promise<Updated> {
  const { signal, say } = world;
  const installed: Installed[] = [];
  let before: SoftwareOnDevice | undefined;
  let after: SoftwareOnDevice | undefined;
  for (const file of files) {
    const found = await world.onDevice(async (connection) => {
      const software = await softwareOn(connection, signal);
      const needsRestart = await install(connection, file, {
        signal,
        keep: options.keep,
        progress: world.progress,
        begins: () => say(`Installing ${file.name} on the device.`),
        ...(world.onOutput ? { onOutput: world.onOutput } : {}),
      });
      if (needsRestart && !options.noRestart) {
        say(`${file.name} is installed; the device restarts.`);
        await restart(connection, signal);
      }
      return { software, needsRestart, now: needsRestart ? software : await softwareOn(connection, signal) };
    }, target);
    before ??= found.software;
    after = found.now;
    installed.push({ file, restart: !found.needsRestart ? 'none' : options.noRestart ? 'waits' : 'done' });
    if (found.needsRestart && !options.noRestart) {
      after = await waitForRestart(target, found.software, { ...options.restart, signal, onDevice: world.onDevice });
      checkNotTakenBack(target, file, found.software, after);
    }
  }
  return { installed, before: before ?? {}, after: after ?? {} };
}

/** A device that falls back by itself comes up as before. */
function checkNotTakenBack(
  target: Target,
  file: FirmwareFile,
  before: SoftwareOnDevice,
  { rootDevice, digest }: SoftwareOnDevice,
): void {
  const sameRoot = file.hasRoot && rootDevice !== undefined && rootDevice === before.rootDevice;
  const otherPackage = digest !== undefined && digest !== file.sha256;
  if (!sameRoot && !otherPackage) return;
  throw firmwareErrors('firmware.taken.back', {
    message: `${describeTarget(target)} has restarted and runs what it ran before ${file.name}${sameRoot ? `, from ${rootDevice}` : ''}.`,
    next: 'Its logs are in /var/log; `mbl-cli get` fetches them.',
    data: { rootDevice, digest },
  });
}
