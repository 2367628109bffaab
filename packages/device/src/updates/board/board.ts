import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMooringError, type Timers } from '@mooring/platform';
import { type Containers, RuncContainers } from '../applications/containers.ts';
import { startAll } from '../applications/installed.ts';
import { notRun } from '../applications/not-run.ts';
import { flagFileBanks } from '../banks/flag-file.ts';
import { PartInfo, RootPartitions } from '../banks/partitions.ts';
import { ubootBanks } from '../banks/u-boot.ts';
import { type Disk, realDisk } from '../disk.ts';
import { ensureFolder, replaceFile } from '../disk-steps.ts';
import { updateErrors } from '../errors.ts';
import { decodeFirmwareHeader, encodeFirmwareHeader } from '../firmware-header.ts';
import { Installer } from '../installer/installer.ts';
import { AgentPrograms } from '../parts/agent.ts';
import { ApplicationParts } from '../parts/applications.ts';
import { BootFiles } from '../parts/boot-partition.ts';
import { Bootloader } from '../parts/bootloader.ts';
import { Plugins } from '../parts/plugins.ts';
import { RootFileSystem } from '../parts/root-file-system.ts';
import { Swupdate } from '../parts/swupdate.ts';
import { type Programs, systemPrograms } from '../programs.ts';
import type { Software } from '../software.ts';
import { boardBootPartition } from './boot-partition.ts';
import type { BoardSettings } from './settings.ts';

export interface BoardWorld {
  readonly settings: BoardSettings;
  readonly timers: Timers;
  readonly disk?: Disk;
  readonly programs?: Programs;
}

const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
const mountTable = () => textOf('/proc/mounts');

/** SWUpdate's file: name and revision of the board. */
async function hardwareRevision(): Promise<string | undefined> {
  return (await textOf('/etc/hwrevision')).trim().split(/\s+/)[1];
}

/** A board's updates, for as many programs as like to: each takes its turn. */
export class Board {
  readonly settings: BoardSettings;
  readonly #world: BoardWorld;
  readonly #disk: Disk;
  readonly #containers: Containers;

  constructor(world: BoardWorld) {
    const { settings, timers, disk = realDisk, programs = systemPrograms } = world;
    this.settings = settings;
    this.#world = world;
    this.#disk = disk;
    const places = { logs: '/var/log/app', run: settings.appsRun };
    this.#containers =
      settings.containers === 'none'
        ? notRun(disk, settings.appsRun)
        : new RuncContainers(programs, disk, timers, places);
  }

  /**
   * Works with the installer while no other program does.
   *
   * @throws MooringError `update.busy`
   */
  async use<T>(work: (installer: Installer) => Promise<T>): Promise<T> {
    await ensureFolder(this.#disk, this.settings.updates, 0o700);
    const lock = await this.#disk.lock(join(this.settings.updates, 'lock')).catch((error: unknown) => {
      if (!isMooringError(error) || error.code !== 'lock.busy') throw error;
      throw updateErrors('update.busy', {
        message: 'Another program installs an update.',
        next: 'Let it end, then repeat.',
        cause: error,
      });
    });
    try {
      return await work(await this.#open());
    } finally {
      await lock.release();
    }
  }

  /** Starts the applications that do not run; what an update on trial has in hand it starts itself. */
  async startApplications(): Promise<string[]> {
    return startAll(this.#disk, this.settings.apps, this.#containers);
  }

  /** Starts the device anew; the system does that in its own time. */
  async reboot(): Promise<void> {
    const { programs = systemPrograms } = this.#world;
    const [program = 'reboot', ...words] = this.settings.reboot;
    const { status } = await programs.run(program, words);
    if (status !== 0) await programs.run('reboot', []);
  }

  async #open(): Promise<Installer> {
    const { settings, programs = systemPrograms } = this.#world;
    const disk = this.#disk;
    const info = new PartInfo(disk, settings.partInfo);
    const partitions = new RootPartitions(info, mountTable);
    const banks =
      settings.banks === 'u-boot'
        ? ubootBanks(programs, partitions, { bank: settings.ubootBank })
        : flagFileBanks(disk, settings.bootFlags, partitions);
    const work = join(settings.scratch, 'mooring-updates');
    const bootFolders: string[] = [];
    for (const folder of settings.bootFolders) if (await disk.status(folder)) bootFolders.push(folder);
    return Installer.open({
      disk,
      journal: join(settings.updates, 'journal'),
      handlers: [
        new BootFiles(disk, boardBootPartition(bootFolders, programs, mountTable)),
        new Bootloader(disk, info, () => partitions.disk(), work),
        new ApplicationParts(disk, settings.apps, this.#containers),
        await Plugins.open(disk, programs, settings.plugins, work),
        new AgentPrograms(disk, settings.agent, settings.agentNumber),
        new RootFileSystem(disk, banks),
      ],
      ...(settings.swupdate === 'never' ? {} : { swupdate: new Swupdate(programs, settings.swupdateOptions) }),
      swupdateForAll: settings.swupdate === 'all',
      hardware: await hardwareRevision(),
      boot: settings.bootId ?? (await textOf('/proc/sys/kernel/random/boot_id')).trim(),
      firstSoftware: () => this.savedHeader(),
      runs: (software) => this.#saveHeader(software),
    });
  }

  /** What MBL's own programs wrote of the firmware that runs. */
  async savedHeader(): Promise<Software | undefined> {
    const data = await this.#disk.read(join(this.settings.bootFlags, 'header'));
    return data && decodeFirmwareHeader(data);
  }

  /** For whoever looks there, as MBL's scripts do; the journal is what counts. */
  async #saveHeader(software: Software): Promise<void> {
    const header = encodeFirmwareHeader(software);
    const path = join(this.settings.bootFlags, 'header');
    const found = await this.#disk.read(path);
    if (found && Buffer.from(found).equals(header)) return;
    try {
      await ensureFolder(this.#disk, this.settings.bootFlags);
      await replaceFile(this.#disk, path, header);
    } catch (error) {
      // A partition of logs that is full must not hold up an update.
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    }
  }
}
