import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { simulatorErrors } from '../errors.ts';

/** How long a program may take to be ready, and to end in order, in ms. */
const startLimit = 60_000;
const stopLimit = 10_000;

export interface BackgroundOptions {
  /** For messages: `the service`. */
  name: string;
  /** Arguments of node. */
  arguments: readonly string[];
  cwd: string;
  env: Record<string, string>;
  log: string;
  signal: AbortSignal;
}

/** A program that runs beside the commands: its first line of output, a JSON object, says that it is ready. */
export class Background<Ready> {
  readonly name: string;
  readonly ready: Ready;
  /** Resolves when it has ended, on purpose or not. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;

  private constructor(name: string, ready: Ready, child: ChildProcess, ended: Promise<string>) {
    this.name = name;
    this.ready = ready;
    this.#child = child;
    this.ended = ended;
  }

  static async start<Ready>(options: BackgroundOptions): Promise<Background<Ready>> {
    const { name, log } = options;
    const child = spawn(process.execPath, options.arguments, {
      cwd: options.cwd,
      env: options.env,
      stdio: ['pipe', 'pipe', openSync(log, 'a', 0o600)],
      // Ctrl-C on the terminal goes to the quick start alone, which ends this in its own time.
      detached: true,
    });
    child.stdin?.on('error', () => undefined);
    const ended = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `exit status ${code}`));
    });
    const output = createInterface({ input: child.stdout as Readable });
    const rest = createWriteStream(log, { flags: 'a' });
    const first = new Promise<Ready>((resolve, reject) => {
      output.once('line', (line) => {
        try {
          resolve(JSON.parse(line) as Ready);
        } catch (cause) {
          reject(notStarted(name, log, `its first line is no JSON object: ${line}`, cause));
        }
        output.on('line', (next) => rest.write(`${next}\n`));
      });
    });
    const limit = new AbortController();
    try {
      const ready = await Promise.race([
        first,
        ended.then((how): never => {
          throw notStarted(name, log, how);
        }),
        pause(startLimit, undefined, { signal: AbortSignal.any([limit.signal, options.signal]) }).then((): never => {
          throw notStarted(name, log, `no ready line within ${startLimit / 1000} s`);
        }),
      ]);
      return new Background(name, ready, child, ended);
    } catch (error) {
      await stop(child, ended);
      throw error;
    } finally {
      limit.abort();
      first.catch(() => undefined);
    }
  }

  stop(): Promise<void> {
    return stop(this.#child, this.ended);
  }
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.stdin?.end();
  const limit = new AbortController();
  const late = pause(stopLimit, 'late', { signal: limit.signal }).catch(() => 'ended');
  if ((await Promise.race([ended, late])) === 'late') child.kill('SIGKILL');
  limit.abort();
  await ended;
}

function notStarted(name: string, log: string, how: string, cause?: unknown): Error {
  return simulatorErrors('quickstart.start.failed', {
    message: `${name[0]?.toUpperCase()}${name.slice(1)} did not start: ${how}.`,
    next: `Its log is ${log}.`,
    cause,
    data: { log },
  });
}
