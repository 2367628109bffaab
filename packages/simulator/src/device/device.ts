import type { Clock } from '@mooring/platform';
import type { Faults } from './faults.ts';
import type { RootFolder } from './root/root-folder.ts';
import type { Services } from './services.ts';
import type { DeviceCommand } from './shell/job.ts';

/** The device as its commands see it. */
export interface Device {
  readonly root: RootFolder;
  readonly hostname: string;
  readonly faults: Faults;
  /** The device's own idea of the time. */
  readonly clock: Clock;
  readonly services: Services;
  /** Restarts it once the command that asks for it has ended: every connection breaks, and it is away for a while. */
  reboot(): void;
  /** Commands of the system folders, by name. */
  readonly commands: ReadonlyMap<string, DeviceCommand>;
  /** Real programs of this repository, by the path at which the device has them. */
  readonly programs: ReadonlyMap<string, DeviceCommand>;
}
