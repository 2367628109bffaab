import { deviceJson, listDevices, searchOptions } from './discover.ts';
import { command } from './session.ts';

export const list = command({
  name: 'list',
  summary: 'Show the Mbed Linux OS devices on the networks of this machine.',
  description: `Asks for devices by multicast DNS on every network interface, in IPv4 and IPv6, and shows one line for each that answers: INDEX: NAME: ADDRESS. On a terminal the list grows, with numbers that stay, until Enter is pressed or the time is over. Elsewhere the search ends about a second after the first device was found. A device whose SSH server is not on port 22 is shown with its port. If nobody answers for a while, devices of former days are looked for among the neighbours of this machine and known by their host keys.`,
  options: searchOptions,
  examples: [
    { run: 'mbl-cli list', does: 'shows the devices' },
    { run: 'mbl-cli list --explain', does: 'tells besides what was asked, heard and dropped on each interface' },
    { run: 'mbl-cli list --json --timeout 5', does: 'looks for five seconds, for a script' },
  ],
  async run(session, values) {
    const { devices, explanation } = await listDevices(session, values, { grows: true });
    return {
      devices: devices.map((device, index) => deviceJson(device, index)),
      ...(explanation ? { explanation } : {}),
    };
  },
});
