import { deviceJson, listDevices } from './discover.ts';
import { command } from './session.ts';

export const list = command({
  name: 'list',
  summary: 'Show the Mbed Linux OS devices on the networks of this machine.',
  description: `Asks for devices by multicast DNS on every network interface and shows one line for each that answers: INDEX: NAME: ADDRESS. The search ends about a second after the first device was found, or after 30 seconds without any. A device whose SSH server is not on port 22 is shown with its port.`,
  examples: [
    { run: 'mbl-cli list', does: 'shows the devices' },
    { run: 'mbl-cli list --json', does: 'the same for a script' },
  ],
  async run(session) {
    const devices = await listDevices(session);
    return { devices: devices.map((device, index) => deviceJson(device, index)) };
  },
});
