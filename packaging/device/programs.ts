/** A program of the device, installed as `/opt/arm/NAME`. */
export interface DeviceProgram {
  readonly name: string;
  /** Its main file in the checkout. */
  readonly entry: string;
  /** It runs all the time: `NAME.service` and `NAME.logrotate` in `files/` go with it. */
  readonly daemon?: boolean;
}

/** A new program is a line here. */
export const programs: readonly DeviceProgram[] = [
  { name: 'pelion-provisioning-util', entry: 'packages/device/src/provisioning/main.ts' },
  { name: 'mbl-cloud-client', entry: 'packages/device/src/cloud-client/main.ts', daemon: true },
  { name: 'mbl-firmware-update-manager', entry: 'packages/device/src/updates/local/main.ts' },
];
