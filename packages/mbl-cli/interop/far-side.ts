// A device as far as its network goes: a namespace and a root file system of its own, in which Debian's own servers run.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { checkout, Namespace, type Started, temporaryFolder } from './namespaces.ts';

export type SshServer = 'openssh' | 'dropbear';
export type Responder = 'avahi' | 'resolved' | 'none';

export interface FarSideOptions {
  name: string;
  ssh?: SshServer;
  responder?: Responder;
  /** Root's password; empty, as development images have it. */
  password?: string;
  /** Without the provisioning program. */
  bare?: boolean;
  /** Bytes that `/scratch` holds. */
  scratchSize?: number;
  /** Where systemd-resolved is. */
  resolved?: string;
}

/** A file of the package mooring-device. */
const packaged = (name: string): string => readFileSync(join(checkout, 'packaging/device/files', name), 'utf8');

/** A device that Debian's own servers make. */
export class FarSide extends Namespace {
  /** Its root file system, as it is laid out here; what it mounts for itself is seen from within only. */
  readonly root: string;
  readonly options: FarSideOptions;
  #running: Started | undefined;

  private constructor(t: TestContext, root: string, options: FarSideOptions) {
    super(t, 'dev');
    this.root = root;
    this.options = options;
  }

  static async make(t: TestContext, options: FarSideOptions): Promise<FarSide> {
    const device = new FarSide(t, await temporaryFolder(t), options);
    await device.#layOut();
    return device;
  }

  async #layOut(): Promise<void> {
    const { root, options } = this;
    for (const folder of [
      'usr',
      'dev',
      'proc',
      'tmp',
      'etc',
      'run/sshd',
      'run/avahi-daemon',
      'var/log',
      'var/empty',
      'root',
    ]) {
      await mkdir(join(root, folder), { recursive: true });
    }
    for (const folder of [
      'opt/arm',
      'scratch',
      'config/user',
      'home/root',
      'etc/avahi/services',
      'etc/systemd/dnssd',
      'etc/dropbear',
    ]) {
      await mkdir(join(root, folder), { recursive: true });
    }
    for (const folder of [checkout, dirname(process.execPath)]) await mkdir(join(root, folder), { recursive: true });
    const { name, password = '' } = options;
    const hash =
      password === '' ? '' : execFileSync('openssl', ['passwd', '-6', password], { encoding: 'utf8' }).trim();
    const files: Record<string, string> = {
      'etc/passwd': `root:x:0:0:root:/home/root:/bin/sh\nsshd:x:101:65534::/run/sshd:/usr/sbin/nologin\navahi:x:102:102::/run/avahi-daemon:/usr/sbin/nologin\nsystemd-resolve:x:103:103::/:/usr/sbin/nologin\nmessagebus:x:104:104::/:/usr/sbin/nologin\nnobody:x:65534:65534::/:/usr/sbin/nologin\n`,
      'etc/shadow': `root:${hash}:19000:0:99999:7:::\n`,
      'etc/group': 'root:x:0:\navahi:x:102:\nsystemd-resolve:x:103:\nnogroup:x:65534:\nnetdev:x:105:\n',
      'etc/shells': '/bin/sh\n',
      'etc/hostname': `${name}\n`,
      'etc/hosts': `127.0.0.1 localhost\n::1 localhost\n127.0.1.1 ${name}\n`,
      'etc/nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n',
      'etc/machine-id': `${randomBytes(16).toString('hex')}\n`,
      'etc/sshd_config': [
        'HostKey /etc/ssh_host_ed25519_key',
        'PermitRootLogin yes',
        'PermitEmptyPasswords yes',
        'PasswordAuthentication yes',
        'UsePAM no',
        'PidFile none',
        'Subsystem sftp internal-sftp',
        '',
      ].join('\n'),
      'etc/avahi/avahi-daemon.conf': `[server]\nhost-name=${name}\nenable-dbus=no\nuse-ipv4=yes\nuse-ipv6=yes\n[publish]\npublish-workstation=no\npublish-hinfo=no\n`,
      'etc/avahi/services/ssh.service': packaged('avahi.service'),
      'etc/systemd/resolved.conf': '[Resolve]\nMulticastDNS=yes\nLLMNR=no\nDNSStubListener=no\n',
      'etc/systemd/dnssd/ssh.dnssd': packaged('ssh.dnssd'),
    };
    for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), text);
    await chmod(join(root, 'etc/shadow'), 0o600);
    if (!options.bare) {
      const program = join(checkout, 'packages/device/src/provisioning/main.ts');
      await writeFile(
        join(root, 'opt/arm/pelion-provisioning-util'),
        `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`,
        { mode: 0o755 },
      );
    }
    this.newHostKey();
  }

  /** As when the board is flashed anew. */
  newHostKey(): void {
    const path = join(this.root, 'etc/ssh_host_ed25519_key');
    execFileSync('rm', ['-f', path, `${path}.pub`]);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
    if (this.options.ssh !== 'dropbear') return;
    const own = join(this.root, 'etc/dropbear/dropbear_ecdsa_host_key');
    execFileSync('rm', ['-f', own]);
    execFileSync('dropbearkey', ['-t', 'ecdsa', '-s', '256', '-f', own], { stdio: 'ignore' });
  }

  /** Boots it: root file system, SSH server, announcement. What was written to `/scratch` and `/config` is new each time. */
  async boot(t: TestContext): Promise<void> {
    const { root } = this;
    const { ssh = 'openssh', responder = 'avahi', name, scratchSize, resolved = '' } = this.options;
    const bind = (path: string) => `mount --rbind ${path} ${root}${path}`;
    const node = dirname(process.execPath);
    const servers = {
      openssh: '/usr/sbin/sshd -D -e -f /etc/sshd_config',
      dropbear: 'dropbear -F -E -B -p 22 -r /etc/dropbear/dropbear_ecdsa_host_key',
    };
    const responders = {
      avahi: 'avahi-daemon --no-drop-root --no-chroot -f /etc/avahi/avahi-daemon.conf &',
      resolved: '/resolved &',
      none: '',
    };
    const script = [
      'set -e',
      `hostname ${name}`,
      `for d in bin sbin lib lib64; do [ -L ${root}/$d ] || ln -s usr/$d ${root}/$d; done`,
      ...['/usr', '/dev', checkout, ...(node.startsWith(checkout) ? [] : [node])].map(bind),
      `mount -t proc proc ${root}/proc`,
      `mkdir -p ${root}/run/systemd/resolve/netif && chmod 755 ${root} ${root}/run/sshd`,
      // What resolvectl would have set, by the number of the interface: the default is no mDNS.
      `for n in 2 3 4; do printf "MDNS=yes\\n" > ${root}/run/systemd/resolve/netif/$n; done`,
      `chown -R 103:103 ${root}/run/systemd/resolve`,
      `mount -t tmpfs -o size=${scratchSize ?? 16_000_000} tmpfs ${root}/scratch`,
      ...(resolved === '' ? [] : [`touch ${root}/resolved && mount --bind ${resolved} ${root}/resolved`]),
      `exec chroot ${root} /bin/sh -c '${responders[responder]} echo booted; exec ${servers[ssh]}'`,
    ].join('\n');
    const words = ['--mount', '--uts', '--pid', '--fork', '--kill-child=KILL', 'sh', '-c', script];
    this.#running = this.start(t, 'unshare', words);
    await this.#running.says(ssh === 'openssh' ? /Server listening on :: port 22/ : /Not backgrounding/);
  }

  get output(): string {
    return this.#running?.output ?? '';
  }

  /** As when the power goes. */
  async off(): Promise<void> {
    await this.#running?.kill();
  }

  /** Runs a command on the running device, past its SSH server. */
  inside(command: string): string {
    const pid = this.#running?.child.pid;
    // `ip netns exec` becomes `unshare`, whose only child is the first process of the device.
    const first = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' }).trim();
    return execFileSync(
      'nsenter',
      ['-t', first, '-m', '-p', '-n', '-u', 'chroot', this.root, '/bin/sh', '-c', command],
      {
        encoding: 'utf8',
      },
    );
  }
}
