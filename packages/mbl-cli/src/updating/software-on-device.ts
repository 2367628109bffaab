import type { Connection } from '../ssh/connection.ts';
import { run } from '../ssh/remote-command.ts';

/** What runs on a device, as far as it tells. */
export interface SoftwareOnDevice {
  /** Another one after each start. */
  bootId?: string;
  /** Where the root file system is: `/dev/mmcblk1p3`. */
  rootDevice?: string;
  /** `Linux 4.14.112 armv7l` */
  kernel?: string;
  /** SHA-256 of the update package that was installed last, 64 hex digits. */
  digest?: string;
}

/** Of the header of the firmware that runs: magic, hash field (SHA-256 and zeros), and its size as a whole. */
const header = { magic: 0x5a51b3d4, hashStart: 24, hashEnd: 56, size: 112, path: '/var/log/bootflags/header' } as const;

const questions = [
  'cat /proc/sys/kernel/random/boot_id',
  "grep ' / ' /proc/mounts",
  'uname -s -r -m',
  // Whatever stands there, as bytes, comes last.
  `head -c ${header.size} ${header.path}`,
];

/** Asks by one command line; what a device does not know is left out. */
export async function softwareOn(connection: Connection, signal: AbortSignal): Promise<SoftwareOnDevice> {
  const { stdout } = await run(
    connection,
    questions.map((question) => `${question} 2>/dev/null; echo "--"`).join('; '),
    {
      signal,
    },
  );
  return readSoftware(stdout);
}

export function readSoftware(answer: Buffer): SoftwareOnDevice {
  const [boot = '', mounts = '', kernel = '', ...rest] = answer.toString('latin1').split('--\n');
  const saved = Buffer.from(rest.join('--\n'), 'latin1');
  const rootDevice = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .findLast(([device, place]) => place === '/' && device?.startsWith('/dev/'))?.[0];
  return {
    ...(/^[0-9a-f-]{36}$/.test(boot.trim()) ? { bootId: boot.trim() } : {}),
    ...(rootDevice === undefined ? {} : { rootDevice }),
    ...(kernel.trim() === '' ? {} : { kernel: kernel.trim() }),
    ...(saved.length >= header.size && saved.readUInt32BE(0) === header.magic
      ? { digest: saved.toString('hex', header.hashStart, header.hashEnd) }
      : {}),
  };
}
