import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type DeveloperCredentials, readDeveloperCredentials } from '@mooring/credentials';
import { RestClient } from '@mooring/rest';
import type { Taken } from './asked.ts';

const root = join(import.meta.dirname, '../..');
const asked = join(import.meta.dirname, 'asked.ts');

/** A tick of the processor's account, which Linux keeps at 100 a second. */
const tick = 10;

/** Milliseconds of the processor that a process has had, all threads. */
export function processorOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');

  return (Number(fields[11]) + Number(fields[12])) * tick;
}

/** Below those that clients get: thousands of connections may take all of these. */
function ports(count: number): number[] {
  const first = 10_000 + Math.floor(Math.random() * 20_000);
  return Array.from({ length: count }, (_, index) => first + index);
}

/** A server that is measured, in a process of its own. */
export class ServerProcess {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Milliseconds. */
  get processor(): number {
    return processorOf(this.#child.pid as number);
  }

  /** Memory, after the garbage is collected. */
  async taken(): Promise<Taken> {
    this.#child.send('taken');
    const [taken] = (await once(this.#child, 'message')) as [Taken];
    return taken;
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill(signal);
    await closed;
  }
}

const execArgv = ['--expose-gc', '--import', asked];

/** The server that does nothing but TLS; it is the one of bench/transport.ts. */
export async function bareServer(): Promise<ServerProcess & { readonly port: number }> {
  const program = join(root, 'bench/transport/server.ts');
  const child = spawn(process.execPath, ['--expose-gc', program, 'bare'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return Object.assign(new ServerProcess(child), { port });
}

export interface Service extends ServerProcess {
  readonly url: string;
  readonly apiKey: string;
  readonly credentials: DeveloperCredentials;
}

/** `mooring serve` on a folder of its own, on the disk that `TMPDIR` is on. */
export async function service(more: readonly string[] = []): Promise<Service> {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-bench-'));
  const [http, bootstrap, lwm2m] = ports(3);
  const main = join(root, 'packages/service/src/main.ts');
  const words = [
    ...['serve', '--data', folder, '--http', `127.0.0.1:${http}`, '--public-host', '127.0.0.1', '--json'],
    ...['--bootstrap-port', String(bootstrap), '--lwm2m-port', String(lwm2m), '--downloads', 'off', ...more],
  ];
  // As systemd has it: the log goes somewhere, and nobody reads it here.
  const child = spawn(process.execPath, [...execArgv, ...(process.env.BENCH_NODE?.split(' ') ?? []), main, ...words], {
    stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
  });
  child.once('close', () => void rm(folder, { recursive: true, force: true }));
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  const key = await promisify(execFile)(process.execPath, [
    ...[main, 'api-key', 'create', 'bench', '--data', folder, '--json'],
  ]);
  const { key: apiKey } = JSON.parse(key.stdout) as { key: string };
  const url = `http://127.0.0.1:${http}`;
  const rest = new RestClient({ url, apiKey, userAgent: 'bench' });
  const { security_file_content: source } = await rest.developerCertificates.create({ name: 'bench' });
  rest.close();
  return Object.assign(new ServerProcess(child), {
    url,
    apiKey,
    credentials: readDeveloperCredentials(source ?? '', ''),
  });
}
