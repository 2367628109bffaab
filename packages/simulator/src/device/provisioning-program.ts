import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DevicePaths } from './device-paths.ts';
import { below } from './root/device-path.ts';
import type { RootFolder } from './root/root-folder.ts';
import { CommandFailure, type DeviceCommand } from './shell/job.ts';
import type { Sink } from './shell/pipe.ts';

/** Where the program keeps its things on the device. */
export const provisioningPlaces = {
  certificates: '/scratch/provisioning-certs',
  storage: '/config/user/mooring',
  key: '/config/user/mooring.key',
} as const;

const program = fileURLToPath(new URL('./provisioning/main.ts', import.meta.resolve('@mooring/device')));
const skewedClock = new URL('./skewed-clock.ts', import.meta.url).href;

/** Options of the program that name a path, which has to be one of the device. */
const pathOptions = ['--certs-dir', '--store', '--key-file'];

/** `/opt/arm/pelion-provisioning-util`: the real program, a process of its own, within the device's folder. */
export const provisioningUtility: DeviceCommand = async (job) => {
  const { root, faults } = job.device;
  const places = {
    MOORING_PROVISIONING_CERTS_DIR: await confined(root, provisioningPlaces.certificates, '/'),
    MOORING_STORE_DIR: await confined(root, provisioningPlaces.storage, '/'),
    MOORING_STORE_KEY_FILE: await confined(root, provisioningPlaces.key, '/'),
  };
  const words = await mapArguments(job.arguments, (path) => confined(root, path, job.shell.folder));
  const offset = faults.clockOffset ?? 0;
  const child = spawn(process.execPath, [...(offset === 0 ? [] : ['--import', skewedClock]), program, ...words], {
    cwd: (await root.find(job.shell.folder)).host,
    env: {
      PATH: process.env.PATH,
      HOME: (await root.find('/home/root')).host,
      TMPDIR: (await root.find('/tmp')).host,
      NO_COLOR: '1',
      // Where this machine keeps compiled programs, if it does: most of the program's time is its start.
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...places,
      ...(offset === 0 ? {} : { MOORING_SIMULATED_CLOCK_OFFSET: String(offset) }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = () => child.kill('SIGKILL');
  job.signal.addEventListener('abort', stop);
  try {
    const [status] = await Promise.all([
      exitOf(child),
      relay(child.stdout, job.stdout, root.host),
      relay(child.stderr, job.stderr, root.host),
    ]);
    const { services } = job.device;
    // As the installed program does where there is systemd.
    if (status === 0 && words.some((word) => word.length > 2 && '--provision'.startsWith(word))) {
      if (services.isProvided('mbl-cloud-client')) services.ask('restart', 'mbl-cloud-client');
    }
    return status;
  } finally {
    job.signal.removeEventListener('abort', stop);
  }
};

export function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    // 128 and the number of the signal, as a shell has it; 9 is the only one sent here.
    child.on('close', (code) => resolve(code ?? 137));
  });
}

export async function relay(from: AsyncIterable<Buffer> | null, to: Sink, root: string): Promise<void> {
  const paths = new DevicePaths(root);
  if (!from) return;
  for await (const chunk of from) await to.write(paths.push(chunk));
  await to.write(paths.end());
}

/** The path on this machine; a folder with links in it is not shown to a program that would follow them. */
export async function confined(root: RootFolder, path: string, folder: string): Promise<string> {
  const place = await root.find(path, folder);
  if (await root.isFolder(place.path)) await refuseLinks(root, place.path);
  return place.host;
}

async function refuseLinks(root: RootFolder, path: string): Promise<void> {
  for (const entry of await root.list(path)) {
    const inner = below(path, entry.name);
    if (entry.isSymbolicLink()) {
      throw new CommandFailure(`${inner} is a symbolic link, which the virtual device does not give to programs`, 126);
    }
    if (entry.isDirectory()) await refuseLinks(root, inner);
  }
}

/** The parser of the program takes an unambiguous beginning of an option for the whole, so this does as well. */
async function mapArguments(words: readonly string[], map: (path: string) => Promise<string>): Promise<string[]> {
  const mapped: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    const [name = '', value] = /^(--[^=]+)=(.*)$/s.exec(word)?.slice(1) ?? [word];
    if (name.length < 3 || !pathOptions.some((option) => option.startsWith(name))) {
      mapped.push(word);
    } else if (value !== undefined) {
      mapped.push(`${name}=${await map(value)}`);
    } else {
      const next = words[++at];
      mapped.push(name, ...(next === undefined ? [] : [await map(next)]));
    }
  }
  return mapped;
}
