import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { runMblCli } from '@mooring/mbl-cli';
import { fixedClock } from '@mooring/platform';
import { startVirtualDevice, type VirtualDevice, type VirtualDeviceOptions } from '@mooring/simulator';
import type { Io } from '@mooring/terminal';

export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

/** A home folder of its own, in which command lines are run. */
export interface World {
  home: string;
  /** What was told of host keys at first contact; it is left out of the `stderr` of a run. */
  met: string[];
  run(argv: string[], options?: { stdin?: string; env?: Record<string, string> }): Promise<Ran>;
  /** The same on a terminal, at which somebody sits. */
  runOnTerminal(argv: string[], person: (terminal: TestTerminal) => Promise<void>): Promise<Ran>;
  /** The same with `--json`, read. */
  json(argv: string[]): Promise<Record<string, unknown>>;
}

export interface TestTerminal {
  type(keys: string): void;
  /** Waits until the screen was written this. */
  shows(text: string | RegExp): Promise<void>;
}

class Collected extends Writable {
  private readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk);
    done();
  }

  has(text: string | RegExp): boolean {
    return typeof text === 'string' ? this.text().includes(text) : text.test(this.text());
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
  const met: string[] = [];
  const runWith = async (
    argv: string[],
    stdin: Io['stdin'],
    stdout: Collected & { isTTY?: boolean },
    env: Record<string, string> = {},
  ): Promise<Ran> => {
    const stderr = new Collected();
    const status = await runMblCli(argv, {
      stdin,
      stdout,
      stderr,
      env: { HOME: home, ...env },
      cwd: home,
      home,
      clock: fixedClock('2026-03-01T12:00:00Z'),
    });
    const others = stderr.text().replace(/^First contact with .*\n(?:It is the key of .*\n)?/m, (text) => {
      met.push(text);
      return '';
    });
    return { status, stdout: stdout.text(), stderr: others };
  };
  const run: World['run'] = (argv, { stdin = '', env = {} } = {}) =>
    runWith(argv, Readable.from([stdin].filter(Boolean)), new Collected(), env);
  return {
    home,
    met,
    run,
    runOnTerminal: async (argv, person) => {
      const keys = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
      const screen = Object.assign(new Collected(), { isTTY: true });
      let ended = false;
      const ran = runWith(argv, keys, screen).finally(() => {
        ended = true;
      });
      await person({
        type: (text) => void keys.write(text),
        shows: async (text) => {
          for (let waited = 0; !screen.has(text); waited += 20) {
            if (ended || waited > 20_000) throw new Error(`The screen never showed ${text}: ${screen.text()}`);
            await setTimeout(20);
          }
        },
      });
      return ran;
    },
    json: async (argv) => JSON.parse((await run(['--json', ...argv])).stdout),
  };
}

/** A virtual device that does not announce itself. */
export async function device(t: TestContext, options: Partial<VirtualDeviceOptions> = {}) {
  const made: VirtualDevice = await startVirtualDevice({ root: await temporaryFolder(t), mdns: false, ...options });
  t.after(() => made.close());
  return { ...made, faults: made.faults, at: `${made.address}:${made.port}`, close: () => made.close() };
}
