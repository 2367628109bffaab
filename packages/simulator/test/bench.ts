import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fixedClock } from '@mooring/platform';
import { commands } from '../src/device/commands/index.ts';
import type { Device } from '../src/device/device.ts';
import type { Faults } from '../src/device/faults.ts';
import { openImage } from '../src/device/image.ts';
import { RootFolder } from '../src/device/root/root-folder.ts';
import { Services } from '../src/device/services.ts';
import { Collected, Pipe, type Source } from '../src/device/shell/pipe.ts';
import { runCommandLine } from '../src/device/shell/run.ts';
import { Shell } from '../src/device/shell/shell.ts';

export async function temporaryFolder(test: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-simulator-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

/** A device without network: its folder beside one that nothing may touch. */
export class Bench {
  readonly device: Device;
  /** Folder around the device's root; `outside/secret` in it is what an escape would reach. */
  readonly surroundings: string;

  private constructor(device: Device, surroundings: string) {
    this.device = device;
    this.surroundings = surroundings;
  }

  static async make(test: TestContext, faults: Faults = {}): Promise<Bench> {
    const surroundings = await temporaryFolder(test);
    const folder = join(surroundings, 'root');
    await openImage(folder);
    await writeFile(join(surroundings, 'secret'), 'untouched');
    // Left there by the owner of this machine: the device must not see where it leads.
    await symlink(join(surroundings, 'secret'), join(folder, 'tmp', 'link'));
    await symlink('../../../../../..', join(folder, 'tmp', 'up'));
    const device: Device = {
      root: await RootFolder.open(folder, faults),
      hostname: 'mbed-linux-os-1234',
      faults,
      clock: fixedClock('2026-03-01T12:00:00Z'),
      services: new Services(),
      commands,
      programs: new Map(),
      reboot: () => undefined,
    };
    return new Bench(device, surroundings);
  }

  async run(line: string, input: string | Source = '', signal = new AbortController().signal): Promise<Ran> {
    const stdout = new Collected();
    const stderr = new Collected();
    const stdin = typeof input === 'string' ? new Pipe() : input;
    if (typeof input === 'string') {
      (stdin as Pipe).offer(Buffer.from(input));
      (stdin as Pipe).end();
    }
    const shell = new Shell(this.device);
    const status = await runCommandLine(line, shell, { stdin, stdout, stderr }, { signal, uploaded: () => undefined });
    return { status, stdout: stdout.text, stderr: stderr.text };
  }

  /** What lies around the root folder, which has to stay as it was made. */
  async around(): Promise<unknown> {
    return {
      names: await readdir(this.surroundings),
      secret: await readFile(join(this.surroundings, 'secret'), 'utf8'),
    };
  }
}

export const untouched = { names: ['root', 'secret'], secret: 'untouched' };
