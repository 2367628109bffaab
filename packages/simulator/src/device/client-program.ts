import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { env, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { provisioningPlaces } from './provisioning-program.ts';
import type { RootFolder } from './root/root-folder.ts';
import type { UnitProgram } from './services.ts';

/** Where the client keeps its things on the device. */
export const clientPlaces = {
  log: '/var/log/mbl-cloud-client.log',
  state: '/run/mbl-cloud-client/state.json',
} as const;

const program = fileURLToPath(new URL('./cloud-client/main.ts', import.meta.resolve('@mooring/device')));
const endsWithParent = new URL('../ends-with-parent.ts', import.meta.url).href;

/** How long it may take to say goodbye to its server, ms. */
const patience = 8_000;

/** `mbl-cloud-client`: the real daemon, a process of its own, within the device's folder. */
export class ClientProgram implements UnitProgram {
  readonly #root: RootFolder;
  #child: ChildProcess | undefined;

  constructor(root: RootFolder) {
    this.#root = root;
  }

  async start(): Promise<void> {
    if (this.#child && this.#child.exitCode === null) return;
    await this.#root.makeFolders('/run/mbl-cloud-client');
    const host = async (path: string) => (await this.#root.find(path)).host;
    const words = [
      ...['run', '--store', await host(provisioningPlaces.storage), '--key-file', await host(provisioningPlaces.key)],
      ...['--log', await host(clientPlaces.log), '--state-file', await host(clientPlaces.state)],
      // The path of a socket has at most 107 bytes, and the folder of a device may be longer.
      ...['--socket', '-'],
    ];
    const child = spawn(execPath, ['--import', endsWithParent, program, ...words], {
      cwd: this.#root.host,
      env: { PATH: env.PATH, HOME: this.#root.host, NO_COLOR: '1' },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.on('error', () => undefined);
    this.#child = child;
    // As on Linux: a process that lives has its folder.
    const process = `/proc/${child.pid}`;
    child.once('close', () => void this.#root.removeFolder(process).catch(() => undefined));
    await this.#root.makeFolders(process);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), patience);
    await ended;
    clearTimeout(late);
  }
}
