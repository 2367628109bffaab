import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { acquireLock, isMooringError, systemClock } from '@mooring/platform';
import { simulatorErrors } from '../errors.ts';
import { ClientProgram } from './client-program.ts';
import { commands } from './commands/index.ts';
import type { Device } from './device.ts';
import type { Faults } from './faults.ts';
import { checkHostName, drawHostName, keepHostName, keptHostName } from './host-name.ts';
import { boot, openImage, provisioningProgram, updateProgram } from './image.ts';
import type { Announcement } from './mdns/announcement.ts';
import { provisioningUtility } from './provisioning-program.ts';
import { RootFolder } from './root/root-folder.ts';
import { Services } from './services.ts';
import type { Access } from './ssh/access.ts';
import { hostKey } from './ssh/host-key.ts';
import { type SshServer, startSshServer } from './ssh/server.ts';
import { updateManager } from './update-program.ts';

export interface VirtualDeviceOptions {
  /** Folder that is the device's root file system; made if it is not there. */
  root: string;
  /** By default the one that the folder keeps, or a new `mbed-linux-os-N`. */
  hostname?: string;
  /** Where its SSH server listens; the loopback interface by default. */
  address?: string;
  /** 0, the default, takes any free one. */
  port?: number;
  /** Announce by mDNS; true by default. */
  mdns?: boolean;
  /** Names or addresses of the interfaces to announce on, if not the one that has the address. */
  mdnsInterfaces?: readonly string[];
  /** Who may log in; `open` by default, as on a development image. */
  access?: Access;
  /** Run the real daemon, from a provisioning on; false by default. */
  client?: boolean;
  faults?: Faults;
  /** Where a name comes from that nobody gave; random by default. */
  drawName?: () => string;
}

export interface VirtualDevice {
  readonly hostname: string;
  readonly address: string;
  readonly port: number;
  /** As in `known_hosts`: `ecdsa-sha2-nistp256 AAAA…` */
  readonly hostKey: string;
  /** The root folder on this machine. */
  readonly root: string;
  /** May be changed at any time. */
  readonly faults: Faults;
  readonly services: Services;
  /** Ends all connections and programs, says goodbye, and leaves the folder as it is. */
  close(): Promise<void>;
}

/** How many names are tried where each one drawn belongs to somebody. */
const drawings = 20;

/**
 * Starts a virtual MBL device: SSH with SFTP and the far side of scp, a shell that cannot leave the folder, the real
 * provisioning program, and the announcement that `mbl-cli list` finds.
 *
 * @throws MooringError `device.*`, `file.*`
 */
export async function startVirtualDevice(options: VirtualDeviceOptions): Promise<VirtualDevice> {
  const {
    address = '127.0.0.1',
    port = 0,
    mdns = true,
    access = 'open',
    faults = {},
    drawName = drawHostName,
  } = options;
  const given = options.hostname === undefined ? undefined : checkHostName(options.hostname);
  await openImage(options.root);
  // What the device writes about itself at its start does not meet the faults.
  const system = await RootFolder.open(options.root);
  const root = await RootFolder.open(options.root, faults);
  const lock = await acquireLock(join(root.host, 'etc', 'mooring-virtual-device.lock'), 0).catch((error: unknown) => {
    if (!isMooringError(error) || error.code !== 'lock.busy') throw error;
    throw simulatorErrors('device.root.busy', {
      message: `Another virtual device runs on ${options.root}.`,
      next: 'Stop it, or name another folder.',
      cause: error,
      data: { folder: options.root },
    });
  });
  const undo: (() => Promise<void>)[] = [() => lock.release()];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const known = given ?? (await keptHostName(root));
    let hostname = known ?? drawName();
    const services = new Services();
    if (options.client) services.provide('mbl-cloud-client', new ClientProgram(system));
    undo.push(() => services.close());
    const device: Device = {
      root,
      get hostname() {
        return hostname;
      },
      faults,
      clock: { now: () => new Date(systemClock.now().getTime() + (faults.clockOffset ?? 0)) },
      services,
      commands,
      programs: new Map([
        [provisioningProgram, provisioningUtility],
        [updateProgram, updateManager],
      ]),
      reboot: () => {
        // One that does not come up again stays away.
        restarting = restarting.then(restart).catch(() => undefined);
      },
    };
    const key = await hostKey(system);
    const listen = (at: number): Promise<SshServer> =>
      startSshServer({ device, hostKey: key, address, port: at, access });
    let ssh = await listen(port);
    const ending = new AbortController();
    let restarting: Promise<void> = Promise.resolve();
    const restart = async () => {
      await ssh.close();
      await services.restart();
      await boot(system);
      await pause(faults.restartTime ?? 200, undefined, { signal: ending.signal });
      ssh = await listen(ssh.port);
    };
    undo.push(async () => {
      ending.abort();
      await restarting;
      await ssh.close();
    });
    if (mdns) {
      const { announce } = await import('./mdns/announcement.ts');
      const announceAs = (name: string) =>
        announce({ hostname: name, port: ssh.port, address, interfaces: options.mdnsInterfaces });
      let announcement: Announcement | 'taken' = await announceAs(hostname);
      for (let drawn = 1; announcement === 'taken'; drawn++) {
        if (known !== undefined || drawn > drawings) throw nameTaken(hostname);
        hostname = drawName();
        announcement = await announceAs(hostname);
      }
      const announced = announcement;
      undo.push(() => announced.close());
    }
    await keepHostName(system, hostname);
    return {
      hostname,
      address,
      port: ssh.port,
      hostKey: ssh.hostKey,
      root: root.host,
      faults,
      services: device.services,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function nameTaken(hostname: string): Error {
  return simulatorErrors('device.name.taken', {
    message: `Another device on this link is called ${hostname}.`,
    next: 'Give another name, or none to have one drawn.',
    data: { hostname },
  });
}
