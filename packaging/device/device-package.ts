import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addonsFor } from '../bundle.ts';
import { type BuildOptions, buildDebianPackage } from '../debian-package.ts';
import { bundleDevice } from './bundle.ts';
import { type DeviceProgram, programs } from './programs.ts';

const root = join(import.meta.dirname, '../..');
const own = (file: string) => readFileSync(join(import.meta.dirname, file), 'utf8');

/** The boards that MBL had are armhf and arm64. */
export const architectures = ['amd64', 'arm64', 'armhf'] as const;
export type Architecture = (typeof architectures)[number];

export interface DeviceBuildOptions extends BuildOptions {
  readonly architecture: Architecture;
  readonly programs?: readonly DeviceProgram[];
}

/** Maintainer scripts name the units of the daemons; without any there is nothing for postinst and prerm to do. */
function scripts(units: readonly string[]): Record<string, string> {
  const names = units.length > 0 ? ['postinst', 'prerm', 'postrm'] : ['postrm'];
  return Object.fromEntries(names.map((name) => [name, own(`debian/${name}`).replace('@UNITS@', units.join(' '))]));
}

/** @returns the path of the package `mooring-device` */
export async function buildDevicePackage({ architecture, programs: all = programs, ...options }: DeviceBuildOptions) {
  const { version } = JSON.parse(readFileSync(join(root, 'packages/device/package.json'), 'utf8')) as {
    version: string;
  };
  const daemons = all.filter(({ daemon }) => daemon);
  const { files, licences, usesAddons } = await bundleDevice(all);
  return buildDebianPackage(
    {
      name: 'mooring-device',
      version,
      architecture,
      control: {
        Depends: 'nodejs (>= 20), xz-utils',
        Recommends: 'avahi-daemon, logrotate, openssh-server | dropbear-bin, tpm2-tools',
        Suggests: 'opensc, runc, zstd, swupdate, libubootenv-tool',
        Section: 'net',
      },
      summary: 'device side of the Mooring Device Management',
      description: `
Gives a Linux board what it needs to be provisioned with mbl-cli: a
secure storage for its credentials, whose key can be in a TPM, and the
programs of Mbed Linux OS at their usual places in /opt/arm. The board
announces itself by mDNS.`,
      conffiles: [
        '/etc/default/mooring-device',
        '/etc/avahi/services/mooring-device.service',
        ...daemons.map(({ name }) => `/etc/logrotate.d/${name}`),
      ],
      scripts: scripts(daemons.map(({ name }) => `${name}.service`)),
      thirdParty: licences,
      documentation: {
        'CHANGELOG.md': 'CHANGELOG.md',
        'device.md': 'docs/device.md',
        'mbl-firmware-update-manager.md': 'docs/reference/commands/mbl-firmware-update-manager.md',
        'pelion-provisioning-util.md': 'docs/reference/commands/pelion-provisioning-util.md',
      },
    },
    (put) => {
      for (const [name, content] of files) put(`usr/lib/mooring-device/${name}`, content);
      const addons = usesAddons ? addonsFor(architecture) : [];
      for (const [name, addon] of addons) put(`usr/lib/mooring-device/native/${name}`, addon);
      for (const { name } of all) put(`opt/arm/${name}`, own('files/program'), 0o755);
      for (const name of ['arm_update_activate.sh', 'arm_update_active_details.sh']) {
        put(`opt/arm/${name}`, own(`files/${name}`), 0o755);
      }
      put('usr/bin/mbl-firmware-update-manager', own('files/mbl-firmware-update-manager.in-usr-bin'), 0o755);
      put('etc/default/mooring-device', own('files/default'));
      put('etc/avahi/services/mooring-device.service', own('files/avahi.service'));
      put('usr/lib/systemd/dnssd/mooring-device.dnssd', own('files/ssh.dnssd'));
      for (const { name } of daemons) {
        put(`usr/lib/systemd/system/${name}.service`, own(`files/${name}.service`));
        put(`etc/logrotate.d/${name}`, own(`files/${name}.logrotate`));
      }
    },
    options,
  );
}
