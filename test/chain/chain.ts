// The whole system as processes of its own, for tests that look at it from outside: the service, a virtual device, and the
// commands as a user types them, in a HOME of their own.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

export const root = dirname(dirname(import.meta.dirname));

export interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  stdin?: string;
  cwd?: string;
  env?: Record<string, string>;
  /** Called with the process once it runs, so that a test can kill it. */
  started?(child: ChildProcess): void;
}

interface Running {
  ready: Record<string, unknown>;
  child: ChildProcess;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a program that prints one JSON object when it is ready, perhaps over several lines. */
async function startReady(file: string, args: string[], env: NodeJS.ProcessEnv): Promise<Running> {
  const child = spawn(process.execPath, [file, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr?.on('data', (data) => {
    errors += data;
  });
  const ended = once(child, 'exit');
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    let text = '';
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      text += line;
      try {
        resolve(JSON.parse(text));
      } catch {
        // The object is not complete yet.
      }
    });
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code} before it was ready:\n${errors}`)));
  });
  return {
    ready,
    child,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
    },
  };
}

export class Chain {
  readonly folder: string;
  readonly home: string;
  readonly data: string;
  readonly deviceRoot: string;
  service!: Running;
  device!: Running;

  private constructor(folder: string) {
    this.folder = folder;
    this.home = join(folder, 'home');
    this.data = join(folder, 'data');
    this.deviceRoot = join(folder, 'device');
  }

  static async start(): Promise<Chain> {
    const chain = new Chain(await mkdtemp(join(tmpdir(), 'chain-')));
    await mkdir(chain.home);
    await Promise.all([chain.startService(), chain.startDevice()]);
    return chain;
  }

  get env(): NodeJS.ProcessEnv {
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    return { PATH, NODE_COMPILE_CACHE, HOME: this.home, TZ: 'UTC', LANG: 'C.UTF-8', MOORING_DEVICES: 'off' };
  }

  async startService(port = 0): Promise<void> {
    this.service = await startReady(
      join(root, 'bin/mooring'),
      ['serve', '--data', this.data, '--http', `127.0.0.1:${port}`, '--json'],
      this.env,
    );
  }

  async startDevice(extra: string[] = []): Promise<void> {
    this.device = await startReady(
      join(root, 'packages/simulator/src/device-process.ts'),
      ['--root', this.deviceRoot, '--address', '127.0.0.1', '--port', '0', '--json', ...extra],
      this.env,
    );
  }

  get url(): string {
    return String(this.service.ready.url);
  }

  get deviceAddress(): string {
    return `127.0.0.1:${this.device.ready.port}`;
  }

  /** Runs one of the commands in `bin/` as a user would and waits for its end. */
  async run(command: string, args: string[], options: RunOptions = {}): Promise<Ended> {
    const child = spawn(process.execPath, [join(root, 'bin', command), ...args], {
      cwd: options.cwd ?? this.home,
      env: { ...this.env, ...options.env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      stderr += data;
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
    options.started?.(child);
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return { status, signal, stdout, stderr };
  }

  /** The same, and it has to succeed. */
  async ok(command: string, args: string[], options: RunOptions = {}): Promise<Ended> {
    const ended = await this.run(command, args, options);
    assert.equal(ended.status, 0, `${command} ${args.join(' ')}\n${ended.stdout}${ended.stderr}`);
    return ended;
  }

  async apiKey(name: string): Promise<string> {
    return (await this.ok('mooring', ['api-key', 'create', name, '--data', this.data])).stdout.trim();
  }

  async stop(): Promise<void> {
    await Promise.all([this.service?.stop(), this.device?.stop()]);
    await rm(this.folder, { recursive: true, force: true });
  }
}
