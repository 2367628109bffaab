import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { DeveloperCredentials } from '@mooring/credentials';
import { simulatorErrors } from '../errors.ts';
import { flashWith } from './flash.ts';
import type { FleetSettings } from './settings.ts';
import type { Identity } from './simulated-device.ts';
import { type Seen, Tally, type TallyState } from './tally.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

export interface SimulationOptions {
  readonly devices: number;
  readonly credentials: DeveloperCredentials;
  readonly settings: FleetSettings;
  /** Processes to share the devices; by default as many as this machine has cores, and not more than one for 250 devices. */
  readonly processes?: number;
  readonly version: string;
  /** Told of an error of the program, each once. */
  fault?(text: string): void;
}

/** Devices that are worth a process. */
const worthProcess = 250;

/** Time for devices to deregister, ms. */
const patience = 5_000;

// As source, or beside the bundle that the Debian package has.
const workerFile = import.meta.url.endsWith('.ts') ? './worker.ts' : './simulation-worker.js';

interface Worker {
  readonly process: ChildProcess;
  tally: TallyState | undefined;
  identities: readonly Identity[];
}

/** Thousands of devices against one service, shared by several processes. */
export class Simulation {
  readonly processes: number;
  readonly #workers: Worker[];
  readonly #faults = new Set<string>();
  readonly #fault: (text: string) => void;
  #isStopping = false;
  #answered: (() => void) | undefined;
  /** Fails when a process ends by itself. */
  readonly broken: Promise<never>;

  private constructor(workers: Worker[], fault: (text: string) => void) {
    this.#workers = workers;
    this.processes = workers.length;
    this.#fault = fault;
    const { promise, reject } = Promise.withResolvers<never>();
    this.broken = promise;
    promise.catch(() => undefined);
    for (const worker of workers) {
      worker.process.on('message', (message: FromWorker) => this.#heard(worker, message));
      worker.process.on('exit', (code, signal) => {
        if (!this.#isStopping) reject(ended(signal ?? `exit status ${code}`));
        this.#answered?.();
      });
      worker.process.on('error', (error) => reject(ended(error.message)));
    }
  }

  static async start(options: SimulationOptions): Promise<Simulation> {
    const { devices, credentials, settings, version } = options;
    const wanted = Math.min(availableParallelism(), Math.ceil(devices / worthProcess));
    const count = Math.max(1, Math.min(options.processes ?? wanted, devices));
    const flash = await flashWith(credentials);
    const workers = Array.from({ length: count }, (): Worker => {
      const process = fork(fileURLToPath(new URL(workerFile, import.meta.url)), {
        serialization: 'advanced',
        execArgv: [],
      });
      return { process, tally: undefined, identities: [] };
    });
    const simulation = new Simulation(workers, options.fault ?? (() => undefined));
    for (const [number, { process }] of workers.entries()) {
      const indexes = Array.from({ length: devices }, (_, index) => index).filter((index) => index % count === number);
      send(process, { type: 'start', options: { flash, settings, indexes, total: devices, version } });
    }
    return simulation;
  }

  /** What was seen until now. */
  async seen(): Promise<Seen> {
    for (const worker of this.#workers) worker.tally = undefined;
    await this.#ask({ type: 'tell' });
    return this.#sum();
  }

  /** Times that are seen from now on are of what happens from now on. */
  forgetTimes(): void {
    for (const { process } of this.#workers) send(process, { type: 'forget times' });
  }

  /** All devices deregister. @returns what was seen before that, and who they were */
  async stop(): Promise<{ readonly seen: Seen; readonly identities: readonly Identity[] }> {
    this.#isStopping = true;
    for (const worker of this.#workers) worker.tally = undefined;
    const gone = this.#workers.map(({ process }) => process.exitCode ?? process.signalCode ?? once(process, 'exit'));
    await this.#ask({ type: 'stop', patience });
    const late = setTimeout(() => this.kill(), 2 * patience);
    await Promise.all(gone);
    clearTimeout(late);
    return { seen: this.#sum(), identities: this.#workers.flatMap(({ identities }) => identities) };
  }

  /** Ends all processes at once; the service is not told. */
  kill(): void {
    this.#isStopping = true;
    for (const { process } of this.#workers) process.kill('SIGKILL');
  }

  async #ask(message: ToWorker): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#answered = () => {
      if (this.#workers.every(({ tally, process }) => tally || !process.connected)) resolve();
    };
    for (const { process } of this.#workers) send(process, message);
    this.#answered();
    await promise;
  }

  #heard(worker: Worker, message: FromWorker): void {
    if (message.type === 'seen') {
      worker.tally = message.tally;
      if (message.last) worker.identities = message.identities;
      this.#answered?.();
    } else if (!this.#faults.has(message.text)) {
      this.#faults.add(message.text);
      this.#fault(message.text);
    }
  }

  #sum(): Seen {
    const tally = new Tally();
    for (const worker of this.#workers) if (worker.tally) tally.add(worker.tally);
    return tally.seen;
  }
}

function send(process: ChildProcess, message: ToWorker): void {
  if (process.connected) process.send(message, () => undefined);
}

const ended = (how: string) =>
  simulatorErrors('simulation.process.ended', {
    message: `A process of the simulation ended: ${how}.`,
    next: 'With many devices it may be memory, or the number of open files (ulimit -n): take fewer, or more processes.',
  });
