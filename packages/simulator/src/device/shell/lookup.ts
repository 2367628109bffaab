import { folderOf } from '../root/device-path.ts';
import { errorNumber } from '../root/errno.ts';
import { CommandFailure, type DeviceCommand } from './job.ts';
import type { Shell } from './shell.ts';

const systemFolders = new Set(['/bin', '/sbin', '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin']);

/**
 * What a command's name stands for: one of the device's own commands, one of its programs, or a script in a file.
 *
 * @throws CommandFailure with status 127 (not found) or 126 (found, but cannot be run)
 */
export async function findCommand(name: string, shell: Shell): Promise<DeviceCommand> {
  const { commands } = shell.device;
  if (!name.includes('/')) {
    const command = commands.get(name);
    if (command) return command;
    throw notFound(name);
  }
  const path = shell.absolute(name);
  const inSystemFolder = systemFolders.has(folderOf(path))
    ? commands.get(path.slice(path.lastIndexOf('/') + 1))
    : undefined;
  if (inSystemFolder) return inSystemFolder;
  return fileCommand(name, shell);
}

async function fileCommand(name: string, shell: Shell): Promise<DeviceCommand> {
  const { device } = shell;
  try {
    const place = await device.root.find(name, shell.folder);
    const stats = await device.root.stat(place.path);
    if (device.faults.missingPrograms?.includes(place.path)) throw notFound(name);
    if (stats.isDirectory() || (stats.mode & 0o111) === 0) {
      throw new CommandFailure(`${name}: Permission denied`, 126);
    }
    const text = (await device.root.read(place.path)).toString('utf8');
    if (!/^#! ?\/(?:usr\/)?bin\/(?:env )?(?:ba)?sh\b/.test(text)) {
      // A script that somebody put in the place of a program counts for more.
      const program = device.programs.get(place.path);
      if (program) return program;
      throw new CommandFailure(`${name}: Exec format error`, 126);
    }
    return async (job) => {
      const { runCommandLine } = await import('./run.ts');
      return runCommandLine(text, job.shell.fork(), job, job.session);
    };
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    const code = errorNumber(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw notFound(name);
    throw new CommandFailure(`${name}: Permission denied`, 126);
  }
}

function notFound(name: string): CommandFailure {
  return new CommandFailure(`${name}: not found`, 127);
}
