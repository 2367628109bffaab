import { spawn } from 'node:child_process';
import { env, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { updateEnvironment } from './client-program.ts';
import { confined, exitOf, relay } from './provisioning-program.ts';
import type { DeviceCommand } from './shell/job.ts';

const program = fileURLToPath(new URL('./updates/local/main.ts', import.meta.resolve('@mooring/device')));

/** `/usr/bin/mbl-firmware-update-manager`: the real program, a process of its own, within the device's folder. */
export const updateManager: DeviceCommand = async (job) => {
  const { root } = job.device;
  // A path that is no option is the package, which has to be one of the device.
  const words = await Promise.all(
    job.arguments.map((word) => (word.includes('/') ? confined(root, word, job.shell.folder) : word)),
  );
  const child = spawn(execPath, [program, ...words], {
    cwd: (await root.find(job.shell.folder)).host,
    env: {
      PATH: env.PATH,
      HOME: root.host,
      NO_COLOR: '1',
      NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE,
      ...(await updateEnvironment(root)),
      MOORING_BOOT_ID: (await root.read('/proc/sys/kernel/random/boot_id')).toString('utf8').trim(),
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
    return status;
  } finally {
    job.signal.removeEventListener('abort', stop);
  }
};
