import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPayload, writeIpk } from '@mooring/payload';
import { inMemory } from '@mooring/platform';
import type { Containers } from '../../src/updates/applications/containers.ts';
import { numbersOf } from '../../src/updates/applications/installed.ts';
import { flagFileBanks } from '../../src/updates/banks/flag-file.ts';
import { PartInfo, RootPartitions } from '../../src/updates/banks/partitions.ts';
import { updateErrors } from '../../src/updates/errors.ts';
import { Installer, type InstallerWorld } from '../../src/updates/installer/installer.ts';
import { AgentPrograms } from '../../src/updates/parts/agent.ts';
import { ApplicationParts } from '../../src/updates/parts/applications.ts';
import { BootFiles } from '../../src/updates/parts/boot-partition.ts';
import { Bootloader } from '../../src/updates/parts/bootloader.ts';
import { RootFileSystem } from '../../src/updates/parts/root-file-system.ts';
import type { Software } from '../../src/updates/software.ts';
import { type DiskImage, SimulatedDisk } from './simulated-disk.ts';

export const journalPath = '/config/user/updates/journal';
const deviceSize = 16 * 1024;

/** An image of ext4 by its magic number, and nothing else. */
export function rootImage(fill: string): Buffer {
  const image = Buffer.alloc(8 * 1024, fill);
  image.writeUInt16LE(0xef53, 1080);
  return image;
}

const inDevice = (image: Uint8Array) => Buffer.concat([image, Buffer.alloc(deviceSize - image.length)]);

export const oldSoftware: Software = { version: 1000n, digest: 'aa'.repeat(32), size: 10 };

/** The disk of a board with old software: root, boot files, bootloader, an agent, applications `one` and `two`. */
export function oldDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  const info: [string, string][] = [
    ['MBL_ROOT_FS_PART_NUMBER_BANK1', '3'],
    ['MBL_ROOT_FS_PART_NUMBER_BANK2', '5'],
    ['MBL_WKS_BOOTLOADER1_SIZE_KiB', '4'],
    ['MBL_WKS_BOOTLOADER1_OFFSET_BANK1_KiB', '1'],
  ];
  for (const [name, value] of info) disk.put(`/config/factory/part-info/${name}`, value);
  disk.put('/dev/mmcblk1p3', inDevice(rootImage('o')));
  disk.put('/dev/mmcblk1p5', inDevice(Buffer.alloc(0)));
  disk.put('/dev/mmcblk1', Buffer.concat([Buffer.alloc(1024), Buffer.from('old loader'), Buffer.alloc(deviceSize)]));
  disk.put('/boot/zImage', 'old kernel');
  disk.put('/boot/boot.scr', 'old script');
  disk.put('/var/log/bootflags/.there', '');
  disk.put('/home/agent/1/mbl-cloud-client.js', 'old agent');
  for (const name of ['one', 'two']) {
    disk.put(`/home/app/${name}/3/config.json`, config(`old ${name}`));
    disk.put(`/home/app/${name}/3/rootfs/bin/run`, `old ${name}`);
  }
  return disk;
}

const config = (program: string) => JSON.stringify({ ociVersion: '1.0.0', root: { path: 'rootfs' }, program });

/** Which applications run in memory; all gone with the power. */
export class SimulatedContainers implements Containers {
  readonly running = new Map<string, string>();
  readonly #disk: SimulatedDisk;
  readonly #broken: ReadonlySet<string>;

  constructor(disk: SimulatedDisk, broken: ReadonlySet<string>) {
    this.#disk = disk;
    this.#broken = broken;
  }

  async start(name: string, bundle: string): Promise<void> {
    const program = await this.#disk.read(`${bundle}/rootfs/bin/run`);
    if (!program) throw new Error(`no bundle at ${bundle}`);
    const text = Buffer.from(program).toString();
    if (this.#broken.has(text)) throw updateErrors('update.application', { message: `${text} dies.` });
    this.running.set(name, bundle);
  }

  async stop(name: string): Promise<void> {
    this.running.delete(name);
  }

  async isRunning(name: string): Promise<boolean> {
    return this.running.has(name);
  }
}

export interface BoardOptions {
  /** Programs of applications that die at once. */
  readonly broken?: readonly string[];
  /** What the root that is booted contains of these does not reach its service. */
  readonly deafRoots?: readonly string[];
}

/** A board that is booted from a disk, as far as updates see it. */
export class SimulatedBoard {
  static #boots = 0;
  readonly disk: SimulatedDisk;
  readonly containers: SimulatedContainers;
  readonly boot = `boot ${SimulatedBoard.#boots++}`;
  installer: Installer | undefined;
  readonly options: BoardOptions;
  readonly bank: 1 | 2;

  constructor(disk: SimulatedDisk | DiskImage, options: BoardOptions = {}) {
    this.disk = disk instanceof SimulatedDisk ? disk : new SimulatedDisk(disk);
    this.options = options;
    this.containers = new SimulatedContainers(this.disk, new Set(options.broken));
    // What MBL's initramfs does.
    this.bank = this.disk.tree('/var/log/bootflags').has('/var/log/bootflags/rootfs2') ? 2 : 1;
  }

  get root(): string {
    return (this.disk.tree('/dev').get(`/dev/mmcblk1p${this.bank === 1 ? 3 : 5}`) ?? '').slice(0, 1);
  }

  /** What the launcher starts. */
  get agent(): number {
    return Number((this.disk.tree('/home/agent').get('/home/agent/current') ?? '-> 1').slice(3));
  }

  async open(): Promise<Installer> {
    const info = new PartInfo(this.disk, '/config/factory/part-info');
    const mounts = async () => `/dev/mmcblk1p${this.bank === 1 ? 3 : 5} / ext4 rw 0 0\n`;
    const partitions = new RootPartitions(info, mounts);
    const world: InstallerWorld = {
      disk: this.disk,
      journal: journalPath,
      handlers: [
        new BootFiles(this.disk, { folders: ['/boot'], writable: (work) => work() }),
        new Bootloader(this.disk, info, async () => '/dev/mmcblk1', '/scratch/updates'),
        new ApplicationParts(this.disk, '/home/app', this.containers),
        new AgentPrograms(this.disk, '/home/agent', this.agent),
        new RootFileSystem(this.disk, flagFileBanks(this.disk, '/var/log/bootflags', partitions)),
      ],
      hardware: undefined,
      boot: this.boot,
      firstSoftware: async () => oldSoftware,
    };
    this.installer = await Installer.open(world);
    return this.installer;
  }
}

/** Boots again and again until nothing is pending; the last board. */
export async function settle(from: SimulatedDisk | DiskImage, options: BoardOptions = {}): Promise<SimulatedBoard> {
  let board = new SimulatedBoard(from, options);
  for (let boots = 0; boots < 12; boots++) {
    const installer = await board.open();
    let pending = await installer.recover();
    if (pending === 'confirmation' && !options.deafRoots?.includes(board.root)) {
      await installer.confirm();
      pending = 'nothing';
    }
    if (pending === 'nothing') {
      for (const name of ['one', 'two', 'three']) {
        const [number] = await numbersOf(board.disk, '/home/app', name);
        if (number !== undefined && !board.containers.running.has(name)) {
          await board.containers.start(name, `/home/app/${name}/${number}`);
        }
      }
      return board;
    }
    board = new SimulatedBoard(
      board.disk.afterPowerCut(() => true),
      options,
    );
  }
  throw new Error('The board does not come to rest.');
}

/** What a board runs and has, to be compared; no trace of the update itself. */
export function softwareOf(board: SimulatedBoard) {
  const ours = (path: string) => !/\/\.(new|old)-|\/\..*\.(new|old|back)$/.test(path);
  const { disk } = board;
  const app = (name: string) => {
    const bundle = board.containers.running.get(name);
    return bundle && disk.tree(bundle).get(`${bundle}/rootfs/bin/run`);
  };
  return {
    root: board.root,
    agent: disk.tree('/home/agent').get(`/home/agent/${board.agent}/mbl-cloud-client.js`),
    kernel: [...disk.tree('/boot')].filter(([path]) => ours(path)).sort(),
    loader: (disk.tree('/dev').get('/dev/mmcblk1') ?? '').slice(1024, 1034),
    apps: ['one', 'two', 'three'].map(app),
    folders: [...disk.tree('/home/app').keys()].map((path) => path.split('/').slice(3, 5).join('/')).filter(ours),
  };
}

export const ipk = (name: string, program: string): Promise<Uint8Array> => {
  const text = Buffer.from(config(program));
  const file = Buffer.from(program);
  return writeIpk({ Package: name, Version: '2' }, [
    { path: 'config.json', size: text.length, content: [text] },
    { path: 'rootfs', kind: 'folder' },
    { path: 'rootfs/bin/run', mode: 0o755, size: file.length, content: [file] },
    { path: 'rootfs/sh', kind: 'symbolic link', target: 'bin/run' },
  ]);
};

export interface PayloadParts {
  readonly root?: boolean;
  readonly kernel?: boolean;
  readonly loader?: boolean;
  readonly apps?: readonly string[];
  readonly agent?: boolean;
}

/** A payload with new software, its digest and size. */
export async function newPayload({ root, kernel, loader, apps = [], agent }: PayloadParts) {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-board-'));
  try {
    const put = async (name: string, data: Uint8Array | string) => {
      await writeFile(join(folder, name), data);
      return join(folder, name);
    };
    if (kernel) {
      await mkdir(join(folder, 'boot'));
      await put('boot/zImage', 'new kernel');
      await put('boot/new.dtb', 'new tree');
    }
    const output = join(folder, 'out.swu');
    await createPayload({
      output,
      apps: await Promise.all(apps.map(async (name) => put(`${name}.ipk`, await ipk(name, `new ${name}`)))),
      ...(root ? { rootfs: await put('root.ext4', rootImage('n')) } : {}),
      ...(kernel ? { kernel: join(folder, 'boot') } : {}),
      ...(loader ? { bootloaders: { 1: await put('loader', 'new loader') } } : {}),
      ...(agent ? { others: [{ type: 'AGENTv1', path: await agentImage(folder) }] } : {}),
    });
    const bytes = await readFile(output);
    const digest = createHash('sha256').update(bytes).digest('hex');
    const software: Software = { version: 2000n, digest, size: bytes.length };
    return { payloads: [inMemory(bytes)], software, source: 'local' as const };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function agentImage(folder: string): Promise<string> {
  const { writeTar, pack } = await import('@mooring/payload');
  const file = Buffer.from('new agent');
  const parts: Uint8Array[] = [];
  const tar = writeTar([{ path: 'mbl-cloud-client.js', size: file.length, content: [file] }]);
  for await (const part of pack('xz', tar)) parts.push(part);
  await writeFile(join(folder, 'AGENTv1.tar.xz'), Buffer.concat(parts));
  return join(folder, 'AGENTv1.tar.xz');
}
