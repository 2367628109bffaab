import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A board: what Debian calls its architecture, and which processor of the boards that MBL ran on is emulated. */
export interface Board {
  readonly architecture: 'armhf' | 'arm64';
  readonly emulator: string;
  readonly processor: string;
}

export const armhf: Board = { architecture: 'armhf', emulator: 'qemu-arm-static', processor: 'cortex-a7' };
export const arm64: Board = { architecture: 'arm64', emulator: 'qemu-aarch64-static', processor: 'cortex-a53' };

/** The first release of Debian whose own Node is recent enough, and the one that it has. */
const suite = 'trixie';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

function apt(folder: string, ...args: string[]): void {
  const { status, stderr } = spawnSync('apt-get', ['-q', '-y', ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, APT_CONFIG: join(folder, 'apt.conf') },
    timeout: 100_000,
    killSignal: 'SIGKILL',
  });
  if (status !== 0) throw new Error(`apt-get ${args.join(' ')}: ${stderr}`);
}

/**
 * Debian's own `nodejs` of another architecture with all that it needs, unpacked into `folder`: nothing of this machine
 * is changed.
 *
 * @returns the root of it, in which `usr/bin/node` is
 */
export function distributionNode(architecture: string, folder: string): string {
  const root = join(folder, 'root');
  for (const name of ['root', 'etc/preferences.d', 'etc/apt.conf.d', 'state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  writeFileSync(join(folder, 'state/status'), '');
  writeFileSync(
    join(folder, 'sources.list'),
    `deb [arch=${architecture} signed-by=${keyring}] http://deb.debian.org/debian ${suite} main\n`,
  );
  writeFileSync(
    join(folder, 'apt.conf'),
    `Dir "${folder}/";
Dir::Etc "etc";
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "state";
Dir::State::status "${folder}/state/status";
Dir::Cache "cache";
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
`,
  );
  apt(folder, 'update');
  apt(folder, '--download-only', 'install', `nodejs:${architecture}`);
  for (const deb of globSync(join(folder, 'cache/archives/*.deb'))) {
    const { status, stderr } = spawnSync('dpkg-deb', ['--extract', deb, root], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`dpkg-deb: ${stderr}`);
  }
  // base-files would make them.
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    if (existsSync(join(root, 'usr', name)) && !existsSync(join(root, name)))
      symlinkSync(`usr/${name}`, join(root, name));
  }
  return root;
}

/** The command line that runs that Node on this machine; its arguments go behind it. */
export function emulated({ emulator, processor }: Board, root: string): [program: string, ...args: string[]] {
  return [emulator, '-cpu', processor, '-L', root, join(root, 'usr/bin/node')];
}
