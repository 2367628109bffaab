import type { Timers } from '@mooring/platform';
import type { Command } from '@mooring/terminal';
import { updateOptions, whereTheServiceIs } from './options.ts';
import { outcomeExitCodes } from './outcome.ts';

/** An hour: long enough for a device that is awake, and not for ever. */
const usualTimeout = 3_600;

export const updateDeviceCommand = (timers: Timers): Command => ({
  name: 'update device',
  summary: 'Update one device over the air, and wait until it is done.',
  description: `Uploads a firmware image, makes a signed manifest for it as \`manifest-tool create\` does and uploads that, starts an update campaign for one device, waits for its end, and removes what it made on the service.

The exit status tells what became of the device. Whatever happens, nothing is left on the service unless --no-cleanup is given; what could not be removed is named. After the time-out the campaign is stopped; a device that was about to install the image may still do so.

On a terminal a line shows the bytes sent, then the campaign and what the service hears of the device.

${whereTheServiceIs}`,
  options: [
    ...updateOptions,
    {
      flags: ['-D', '--device-id'],
      name: 'device_id',
      metavar: 'DEVICE_ID',
      required: true,
      help: 'The id of the device in the device directory.',
    },
    {
      flags: ['--no-cleanup'],
      name: 'no_cleanup',
      help: 'Leave campaign, manifest and image on the service, and the campaign running after a time-out.',
    },
    {
      flags: ['-T', '--timeout'],
      name: 'timeout',
      metavar: 'SECONDS',
      kind: 'integer',
      default: usualTimeout,
      help: 'How long the device may take; -1 for no end, which was the default of 1.4.8.',
    },
  ],
  examples: [
    {
      run: 'manifest-tool update device -p payload.swu -D 0161f5a1c6b20242ac12000600000000',
      does: 'updates the device, with the key and ids of the project in this folder',
    },
  ],
  exitCodes: outcomeExitCodes,
  async run(context, values) {
    const { updateDevice } = await import('./device.ts');
    return await updateDevice(context, values, timers);
  },
});
