import { readSelectedDevice } from '../devices/device-file.ts';
import { command } from './session.ts';

export const which = command({
  name: 'which',
  summary: 'Show the device that is selected.',
  description: "Prints NAME (ADDRESS) of the device that 'select' chose. '-a' and '-c' make no difference.",
  examples: [{ run: 'mbl-cli which', does: 'shows the selected device' }],
  async run({ output, home }) {
    const { name, address, port = 22 } = await readSelectedDevice(home);
    output.line(`${name} (${address})`);
    return { name, address, port };
  },
});
