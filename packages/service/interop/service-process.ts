import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from '../test/devices/devices-fixture.ts';

const main = join(import.meta.dirname, '../src/main.ts');
const jumpingClock = join(import.meta.dirname, 'jumping-clock.ts');

/** `mooring serve` in a process of its own, to be ended in every way there is. */
export class ServiceProcess {
  readonly url: string;
  readonly #folder: string;
  readonly #words: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(folder: string, httpPort: number, ports: readonly number[]) {
    this.#folder = folder;
    this.url = `http://127.0.0.1:${httpPort}`;
    this.#words = [
      ...['serve', '--data', join(folder, 'data'), '--http', `127.0.0.1:${httpPort}`, '--public-host', '127.0.0.1'],
      ...['--bootstrap-port', String(ports[0]), '--lwm2m-port', String(ports[1]), '--json', '--log-level', 'error'],
      ...['--downloads', 'off'],
    ];
  }

  static async make(test: { after(done: () => Promise<void>): void }): Promise<ServiceProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'mooring-many-'));
    const [[http], devices] = [await freePorts(), await freePorts()];
    const service = new ServiceProcess(folder, http, devices);
    test.after(async () => {
      service.#child?.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    });
    await service.start();
    return service;
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, ['--import', jumpingClock, main, ...this.#words], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    this.#child = child;
    const ended = once(child, 'close').then(([code, signal]) => {
      throw new Error(`the service ended with ${code ?? signal}`);
    });
    ended.catch(() => undefined);
    const [told] = await Promise.race([once(child.stdout as NonNullable<typeof child.stdout>, 'data'), ended]);
    if (!String(told).includes('"url"')) throw new Error(`the service did not start: ${told}`);
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child as ChildProcess;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }

  /** @param milliseconds from the right time */
  setClock(milliseconds: number): void {
    this.#child?.send({ clockOffset: milliseconds });
  }

  /** A new API key of the administrators. */
  async apiKey(): Promise<string> {
    const words = [main, 'api-key', 'create', 'test', '--data', join(this.#folder, 'data'), '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, words);
    return (JSON.parse(stdout) as { key: string }).key;
  }
}
