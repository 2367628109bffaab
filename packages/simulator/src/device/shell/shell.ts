import type { Device } from '../device.ts';
import { absolutePath } from '../root/device-path.ts';

/** What a shell remembers between commands. */
export class Shell {
  readonly device: Device;
  folder: string;
  readonly variables: Map<string, string>;
  /** `$?` */
  status = 0;
  /** What new files and folders are not allowed, as `umask` sets it. */
  mask = 0o022;
  /** Shells within shells and scripts that call each other end somewhere. */
  readonly depth: number;

  constructor(device: Device, folder = '/home/root', variables?: ReadonlyMap<string, string>, depth = 0) {
    this.device = device;
    this.folder = folder;
    this.depth = depth;
    this.variables = new Map(
      variables ?? [
        ['HOME', '/home/root'],
        ['USER', 'root'],
        ['LOGNAME', 'root'],
        ['SHELL', '/bin/sh'],
        ['PATH', '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin'],
        ['PWD', folder],
      ],
    );
  }

  parameter(name: string): string {
    if (name === '?') return String(this.status);
    if (name === '$') return '1';
    if (name === '#') return '0';
    return this.variables.get(name) ?? '';
  }

  absolute(path: string): string {
    return absolutePath(path, this.folder);
  }

  /** A shell of its own with the same state, for `( … )`, pipelines and `$( … )`. */
  fork(): Shell {
    const copy = new Shell(this.device, this.folder, this.variables, this.depth + 1);
    copy.status = this.status;
    copy.mask = this.mask;
    return copy;
  }
}

/** Thrown by `exit`, caught where the shell began. */
export class ExitShell extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`exit ${status}`);
    this.status = status & 0xff;
  }
}
