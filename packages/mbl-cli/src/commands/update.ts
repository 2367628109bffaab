import { isForMany, manyDevicesOptions } from './many-devices-options.ts';
import { command } from './session.ts';

export const update = command({
  name: 'update',
  summary: 'Install update packages on the device, without a service.',
  description: `Puts each FILE, an update package (.swu), into /scratch of the device, has mbl-firmware-update-manager install it, restarts the device where that is needed, waits until it is back, and says what runs then. A package goes away once it is installed, or could not be.

Packages are installed in the order given. Nothing on this way checks who made a package: whoever can log in on the device can install one. For updates that only the owner of the update certificate can make, use 'manifest-tool update device'.`,
  positionals: [{ name: 'file', metavar: 'FILE', help: 'Update package.', count: '+' }],
  options: [
    ...manyDevicesOptions('Update'),
    { flags: ['--keep'], name: 'keep', help: 'Leave the packages in /scratch.' },
    {
      flags: ['--no-restart'],
      name: 'no_restart',
      help: 'Do not restart the device: what needs it runs after the next start.',
    },
    {
      flags: ['--timeout'],
      name: 'timeout',
      metavar: 'SECONDS',
      kind: 'integer',
      help: 'How long a restart may take, 300 if not given.',
    },
  ],
  examples: [
    { run: 'mbl-cli update payload.swu', does: 'updates the selected device' },
    { run: "mbl-cli update payload.swu --match 'mbed-linux-os-*'", does: 'updates all devices of that name' },
  ],
  exitCodes: {
    'any other': 'that of mbl-firmware-update-manager on the device (1: not installed), 127 if it is missing',
  },
  async run(session, values) {
    if (isForMany(values)) {
      const { updateMany } = await import('./update-many.ts');
      return updateMany(session, values);
    }
    const { updateSelected } = await import('./update-selected.ts');
    return updateSelected(session, values);
  },
});
