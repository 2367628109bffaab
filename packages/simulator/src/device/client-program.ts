import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { dirname } from 'node:path/posix';
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

/** What the client, and the update program, take for their places on a device. */
const updatePlaces = {
  MOORING_UPDATES_DIR: '/config/user/mooring-updates',
  MOORING_SCRATCH_DIR: '/scratch',
  MOORING_APPS_DIR: '/home/app',
  MOORING_APPS_RUN_DIR: '/run/mooring/apps',
  MOORING_PART_INFO_DIR: '/config/factory/part-info',
  MOORING_BOOT_FLAGS_DIR: '/var/log/bootflags',
  MOORING_BOOT_DIRS: '/boot',
  MOORING_AGENT_DIR: '/opt/mooring/agent',
  MOORING_NO_REBOOT_FLAG: '/tmp/do_not_reboot',
} as const;

/** A device that is a process restarts itself and nothing else, and runs no containers. */
export async function updateEnvironment(root: RootFolder): Promise<Record<string, string>> {
  const places: Record<string, string> = {};
  for (const [name, path] of Object.entries(updatePlaces)) {
    await root.makeFolders(dirname(path));
    places[name] = (await root.find(path)).host;
  }
  return {
    ...places,
    // Programs of this checkout: those in the device's folder could be anybody's.
    MOORING_PLUGINS_DIR: fileURLToPath(new URL('./installers', import.meta.url)),
    MOORING_CONTAINERS: 'none',
    MOORING_SWUPDATE: 'never',
    MOORING_REBOOT: 'true',
  };
}

/** Status of the client that wants to be started anew, for an update. */
const startAgain = 75;

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
      env: {
        PATH: env.PATH,
        HOME: this.#root.host,
        NO_COLOR: '1',
        ...(await updateEnvironment(this.#root)),
        // Each start is one of the device.
        MOORING_BOOT_ID: randomUUID(),
      },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.on('error', () => undefined);
    this.#child = child;
    // As on Linux: a process that lives has its folder.
    const process = `/proc/${child.pid}`;
    child.once('close', (status) => {
      void this.#root.removeFolder(process).catch(() => undefined);
      if (status === startAgain && this.#child === child) void this.start().catch(() => undefined);
    });
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
