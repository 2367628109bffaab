import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { runMblCli } from '@mooring/mbl-cli';
import { fixedClock } from '@mooring/platform';
import { startVirtualDevice, type VirtualDevice, type VirtualDeviceOptions } from '@mooring/simulator';

export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

/** A home folder of its own, in which command lines are run. */
export interface World {
  home: string;
  run(argv: string[], options?: { stdin?: string; env?: Record<string, string> }): Promise<Ran>;
  /** The same with `--json`, read. */
  json(argv: string[]): Promise<Record<string, unknown>>;
}

class Collected extends Writable {
  private readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk);
    done();
  }

  text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mbl-cli-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function world(t: TestContext): Promise<World> {
  const home = join(await temporaryFolder(t), 'home');
  await mkdir(home);
  const run: World['run'] = async (argv, { stdin = '', env = {} } = {}) => {
    const [stdout, stderr] = [new Collected(), new Collected()];
    const status = await runMblCli(argv, {
      stdin: Readable.from([stdin].filter(Boolean)),
      stdout,
      stderr,
      env: { HOME: home, ...env },
      cwd: home,
      home,
      clock: fixedClock('2026-03-01T12:00:00Z'),
    });
    return { status, stdout: stdout.text(), stderr: stderr.text() };
  };
  return {
    home,
    run,
    json: async (argv) => JSON.parse((await run(['--json', ...argv])).stdout),
  };
}

/** A virtual device that does not announce itself. */
export async function device(t: TestContext, options: Partial<VirtualDeviceOptions> = {}) {
  const made: VirtualDevice = await startVirtualDevice({ root: await temporaryFolder(t), mdns: false, ...options });
  t.after(() => made.close());
  return { ...made, faults: made.faults, at: `${made.address}:${made.port}`, close: () => made.close() };
}
