// Copies of this machine that are thrown away: a layer over its root, with processes and network of its own. Needs root.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { missing, notTested } from './missing.ts';

export interface Told {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** For `skip`: false where this machine can be copied so. */
export function noLayers(): string | false {
  if (process.getuid?.() !== 0) return notTested('a layer over this machine needs root');
  return missing(['unshare', 'chroot', 'ip'], 'util-linux coreutils iproute2');
}

/** Lays the copy out in `folder` and goes there; it is yet to be entered. */
const layOut = (folder: string): string => `
set -eu
mount -t tmpfs layer ${folder}/disk
mkdir ${folder}/disk/upper ${folder}/disk/work
mount -t overlay layer -o lowerdir=/,upperdir=${folder}/disk/upper,workdir=${folder}/disk/work ${folder}/root
cd ${folder}/root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 dev dev
mknod -m 666 dev/null c 1 3; mknod -m 666 dev/zero c 1 5; mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8; mknod -m 666 dev/urandom c 1 9; mknod -m 666 dev/tty c 5 0; mknod -m 666 dev/ptmx c 5 2
ln -s /proc/self/fd dev/fd; mkdir dev/shm
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=1777 tmp tmp
ip link set lo up
cp -r ${folder}/files/. .
`;

function enter(
  t: TestContext,
  {
    files,
    apart,
    enterBy,
    timeout,
  }: {
    files: Readonly<Record<string, string>>;
    apart: readonly string[];
    enterBy(folder: string): string;
    timeout: number;
  },
): (Told & { folder: string }) | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-machine-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['disk', 'root', 'files', 'told']) mkdirSync(join(folder, name));
  for (const [name, file] of Object.entries(files)) cpSync(file, join(folder, 'files', name), { recursive: true });
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    [...apart, '--mount', '--pid', '--net', '--fork', '--kill-child', 'sh', '-c', layOut(folder) + enterBy(folder)],
    {
      encoding: 'utf8',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', container: 'mooring' },
      timeout,
      killSignal: 'SIGKILL',
    },
  );
  if (!/mount: .*(overlay|permission denied)/i.test(stderr)) return { status, stdout, stderr, folder };
  t.skip(notTested(`this machine mounts no layer over its root: ${stderr}`));
  return undefined;
}

const quoted = (script: string): string => `'${script.replaceAll("'", "'\\''")}'`;

/**
 * Runs a shell script as root on a copy of this machine.
 *
 * @param files are copied to the root of it, by the name there
 * @returns undefined where the kernel gives no such layer; the test is skipped then
 */
export function onLayeredMachine(
  t: TestContext,
  script: string,
  files: Readonly<Record<string, string>>,
  timeout = 90_000,
): Told | undefined {
  return enter(t, {
    files,
    apart: [],
    timeout,
    enterBy: (folder) => `exec chroot ${folder}/root sh -c ${quoted(script)}`,
  });
}

/**
 * The same on a copy that its own systemd has booted: the script runs as a service when the system is up. Of this
 * machine's own services none is started.
 */
export function onBootedMachine(
  t: TestContext,
  script: string,
  files: Readonly<Record<string, string>>,
  timeout = 100_000,
): Told | undefined {
  const ran = enter(t, {
    files,
    apart: ['--cgroup', '--uts', '--ipc'],
    timeout,
    enterBy: (folder) => {
      writeFileSync(join(folder, 'files/script.sh'), script);
      return `
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir told; mount --bind ${folder}/told told
rm -rf etc/systemd/system/*.wants etc/systemd/system/default.target usr/sbin/policy-rc.d; : > etc/machine-id
cat > etc/systemd/system/script.service <<'END'
[Unit]
After=basic.target
[Service]
Type=oneshot
StandardOutput=file:/told/stdout
StandardError=file:/told/stderr
ExecStart=/bin/sh -c "sh /script.sh; echo $$? > /told/status; systemctl exit 0"
END
mkdir old; pivot_root . old; umount -l old; mount --make-rshared /
exec /lib/systemd/systemd --system --unit=script.service --log-target=null --show-status=false
`;
    },
  });
  if (!ran) return undefined;
  const told = (name: string): string => {
    const path = join(ran.folder, 'told', name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  const status = told('status').trim();
  return { status: status === '' ? null : Number(status), stdout: told('stdout'), stderr: told('stderr') + ran.stderr };
}
