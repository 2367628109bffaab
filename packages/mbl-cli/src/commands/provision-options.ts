import type { Option } from '@mooring/terminal';

/** Options of `provision-pelion` for many devices at once. */
export const manyOptions: readonly Option[] = [
  { flags: ['--all'], name: 'all', help: 'Provision every device that answers.', excludes: 'devices' },
  {
    flags: ['--match'],
    name: 'match',
    metavar: 'PATTERN',
    help: "Provision the devices that answer and have such a name, as in 'mbed-linux-os-*'.",
    excludes: 'devices',
  },
  {
    flags: ['--from'],
    name: 'from_file',
    metavar: 'FILE',
    help: "Provision the devices of a list: one a line, by name, by address, or both; or what 'mbl-cli list --json' wrote.",
    excludes: 'devices',
  },
  {
    flags: ['--jobs'],
    name: 'jobs',
    metavar: 'NUMBER',
    kind: 'integer',
    help: 'With many devices: how many at once, 8 if not given.',
  },
  {
    flags: ['--again'],
    name: 'again',
    help: 'With many devices: also those that were provisioned with the same before and say that they are configured.',
  },
];

/** Options of `provision-pelion` on whose key a device has. */
export const keyOptions: readonly Option[] = [
  {
    flags: ['--per-device-key'],
    name: 'per_device_key',
    help: 'Have the device make a key that never leaves it, and the service a certificate for it; the developer certificate gives it its server, not its key.',
  },
  {
    flags: ['--endpoint-name'],
    name: 'endpoint_name',
    metavar: 'NAME',
    help: "With '--per-device-key': the endpoint name, if not the device's host name.",
  },
  {
    flags: ['--renew-key'],
    name: 'renew_key',
    help: "With '--per-device-key': replace a certificate that the service has for the endpoint name, which is revoked.",
  },
  {
    flags: ['--allow-shared-key'],
    name: 'allow_shared_key',
    help: "With '--per-device-key': give a device whose program is MBL's the key of the developer certificate after all.",
  },
];
