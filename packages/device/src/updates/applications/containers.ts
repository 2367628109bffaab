import type { Timers } from '@mooring/platform';
import type { Disk } from '../disk.ts';
import { ensureFolder } from '../disk-steps.ts';
import { updateErrors } from '../errors.ts';
import type { Programs } from '../programs.ts';

/** Applications as they run: a container for each, with the name of its package. */
export interface Containers {
  /** Starts the bundle, and sees whether it stays alive or ends well. Fails where it does not. */
  start(name: string, bundle: string): Promise<void>;
  /** Ends it, with a signal, then with force; nothing there is fine. */
  stop(name: string): Promise<void>;
  isRunning(name: string): Promise<boolean>;
}

export interface ContainerTimes {
  /** ms until a program that was asked to end is ended. */
  readonly patience: number;
  /** ms for which a program has to live to count as started. */
  readonly settling: number;
}

/** Those of MBL; it looks at nothing once a program was started. */
export const usualTimes: ContainerTimes = { patience: 3_000, settling: 3_000 };
const killPatience = 1_000;
const lookEvery = 100;

export interface ContainerPlaces {
  /** Standard output and error of each, appended: `NAME.log`. */
  readonly logs: string;
  /** Exit statuses, gone with the next boot. */
  readonly run: string;
}

const failed = (name: string, reason: string) =>
  updateErrors('update.application', {
    message: `The application ${name} ${reason}.`,
    next: `Look at /var/log/app/${name}.log.`,
    data: { application: name },
  });

/** Keeps the container once its program ended, as `runc create` and `start` do, and tells with which status that was. */
const supervisor = 'runc run --keep --bundle "$1" "$2" </dev/null; echo $? >"$3.new"; mv "$3.new" "$3"';

/** Containers by runc. */
export class RuncContainers implements Containers {
  readonly #programs: Programs;
  readonly #disk: Disk;
  readonly #timers: Timers;
  readonly #places: ContainerPlaces;
  readonly #times: ContainerTimes;

  constructor(programs: Programs, disk: Disk, timers: Timers, places: ContainerPlaces, times = usualTimes) {
    this.#programs = programs;
    this.#disk = disk;
    this.#timers = timers;
    this.#places = places;
    this.#times = times;
  }

  async start(name: string, bundle: string): Promise<void> {
    await this.stop(name);
    const exit = `${this.#places.run}/${name}.exit`;
    await ensureFolder(this.#disk, this.#places.run);
    await ensureFolder(this.#disk, this.#places.logs);
    await this.#disk.remove(exit);
    await this.#programs.start('sh', ['-c', supervisor, 'sh', bundle, name, exit], `${this.#places.logs}/${name}.log`);
    const deadline = this.#timers.now() + this.#times.settling;
    for (;;) {
      const ended = await this.#disk.read(exit);
      if (ended) {
        const status = Buffer.from(ended).toString('latin1').trim();
        if (status === '0') return;
        throw failed(name, `ended at once with status ${status}`);
      }
      if (this.#timers.now() >= deadline) break;
      await this.#pause();
    }
    const state = await this.#state(name);
    if (state !== 'running') throw failed(name, `is ${state ?? 'not there'} after it was started`);
  }

  async stop(name: string): Promise<void> {
    const ends = async (within: number) => {
      const deadline = this.#timers.now() + within;
      for (;;) {
        const state = await this.#state(name);
        if (state !== 'running' && state !== 'created') return true;
        if (this.#timers.now() >= deadline) return false;
        await this.#pause();
      }
    };
    const state = await this.#state(name);
    if (state === undefined) return;
    if (state === 'running' || state === 'created') {
      await this.#programs.run('runc', ['kill', name, 'SIGTERM']);
      if (!(await ends(this.#times.patience))) {
        await this.#programs.run('runc', ['kill', name, 'SIGKILL']);
        await ends(killPatience);
      }
    }
    await this.#programs.run('runc', ['delete', '--force', name]);
    if ((await this.#state(name)) !== undefined) throw failed(name, 'cannot be ended');
  }

  async isRunning(name: string): Promise<boolean> {
    return (await this.#state(name)) === 'running';
  }

  async #state(name: string): Promise<string | undefined> {
    const { status, stdout, stderr } = await this.#programs.run('runc', ['state', name]);
    if (status === 0) return (JSON.parse(stdout) as { status?: string }).status ?? 'unknown';
    if (/does not exist/.test(stderr)) return undefined;
    throw failed(name, `cannot be looked at: ${stderr.trim() || 'runc is missing'}`);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#timers.after(lookEvery, resolve));
  }
}
