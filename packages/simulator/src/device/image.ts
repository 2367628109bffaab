import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDirectory, fileError, readFileIfExists } from '@mooring/platform';
import { simulatorErrors } from '../errors.ts';
import { below } from './root/device-path.ts';
import { RootFolder } from './root/root-folder.ts';

const mark = 'etc/mooring-virtual-device';
export const provisioningProgram = '/opt/arm/pelion-provisioning-util';
export const updateProgram = '/usr/bin/mbl-firmware-update-manager';

const folders = [
  '/config/factory',
  '/config/user',
  '/etc',
  '/home/app',
  '/home/root',
  '/opt/arm',
  '/proc/sys/kernel/random',
  '/scratch',
  '/tmp',
  '/usr/bin',
  '/var/log',
] as const;

/** What `cat` shows of a program that is really elsewhere. */
const standIn = `# The virtual device runs Mooring's own program in this place. Remove this file, and the device has it no more.\n`;

/**
 * Lays a device's root file system out in a folder that is new, or looks whether it is one. A folder that holds
 * anything else is left alone.
 *
 * @throws MooringError `device.root.foreign`, `file.*`
 */
export async function openImage(folder: string): Promise<void> {
  await ensureDirectory(folder, 0o700);
  const isDevice = (await readFileIfExists(join(folder, mark))) !== undefined;
  const names = await readdir(folder).catch((error: unknown) => {
    throw fileError(error, folder);
  });
  if (!isDevice && names.length > 0) {
    throw simulatorErrors('device.root.foreign', {
      message: `${folder} is neither empty nor the root of a virtual device.`,
      next: 'Name an empty folder, or one that does not exist yet.',
      data: { folder },
    });
  }
  const layout = await RootFolder.open(folder);
  for (const path of folders) await layout.makeFolders(path);
  await boot(layout);
  if (!isDevice) {
    await layout.write(provisioningProgram, standIn, '/', 0o755);
    await layout.write(updateProgram, standIn, '/', 0o755);
    await layout.write('/etc/build', 'Mooring virtual device, development image\n');
    await layout.write(`/${mark}`, 'The folder around this one is the root file system of a virtual device.\n');
  }
}

/** What is new after each start: the id of the boot, and an empty folder for temporary files. */
export async function boot(layout: RootFolder): Promise<void> {
  await layout.write('/proc/sys/kernel/random/boot_id', `${randomUUID()}\n`);
  await empty(layout, '/tmp');
}

async function empty(layout: RootFolder, folder: string): Promise<void> {
  for (const entry of await layout.list(folder)) {
    const path = below(folder, entry.name);
    if (!entry.isDirectory()) await layout.removeFile(path);
    else {
      await empty(layout, path);
      await layout.removeFolder(path);
    }
  }
}
