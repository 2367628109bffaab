import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from '../test/temporary-folder.ts';

export interface Told {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a shell script as root on a copy of this machine: a layer over its root, with processes and network of its own.
 * Nothing of it is left afterwards.
 *
 * @param files are copied to the root of that machine, by the name there
 * @returns undefined where the kernel gives no such layer
 */
export function onLayeredMachine(
  t: TestContext,
  script: string,
  files: Readonly<Record<string, string>>,
): Told | undefined {
  const folder = temporaryFolder(t);
  for (const name of ['disk', 'root', 'files']) mkdirSync(join(folder, name));
  for (const [name, file] of Object.entries(files)) cpSync(file, join(folder, 'files', name), { recursive: true });
  const layered = `
set -eu
mount -t tmpfs layer ${folder}/disk
mkdir ${folder}/disk/upper ${folder}/disk/work
mount -t overlay layer -o lowerdir=/,upperdir=${folder}/disk/upper,workdir=${folder}/disk/work ${folder}/root
mount -t proc proc ${folder}/root/proc
mount --bind /dev ${folder}/root/dev
mount -t tmpfs run ${folder}/root/run
ip link set lo up
cp -r ${folder}/files/. ${folder}/root/
exec chroot ${folder}/root sh -c '${script.replaceAll("'", "'\\''")}'
`;
  const apart = ['--mount', '--pid', '--net', '--fork', '--kill-child'];
  const { status, stdout, stderr } = spawnSync('unshare', [...apart, 'sh', '-c', layered], {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    timeout: 90_000,
    killSignal: 'SIGKILL',
  });
  if (/mount: .*(overlay|permission denied)/i.test(stderr)) return undefined;
  return { status, stdout, stderr };
}
