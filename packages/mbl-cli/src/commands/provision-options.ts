import type { Option } from '@mooring/terminal';
import { manyDevicesOptions } from './many-devices-options.ts';

/** Options of `provision-pelion` for many devices at once. */
export const manyOptions: readonly Option[] = [
  ...manyDevicesOptions('Provision'),
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
