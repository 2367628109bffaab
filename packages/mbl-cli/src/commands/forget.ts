import { selectionErrors } from '../errors.ts';
import { command, text } from './session.ts';

export const forget = command({
  name: 'forget',
  summary: 'Forget the host key of a device that was flashed anew or is gone.',
  description: `At first contact the host key of a device is shown and remembered by the device's name, or by its address if it was reached by that; another key stops every command afterwards. A forgotten device is met for the first time again. Without a name it is the selected device.`,
  positionals: [{ name: 'device', metavar: 'DEVICE', count: '?', help: 'Name or address, as it is remembered.' }],
  options: [{ flags: ['--all'], name: 'all', help: 'Forget every device.' }],
  examples: [{ run: 'mbl-cli forget mbed-linux-os-9999', does: 'forgets that device' }],
  async run(session, values) {
    const { KnownDevices } = await import('../ssh/known-devices.ts');
    const known = new KnownDevices(session.home);
    const names = values.all === true ? [...(await known.all()).keys()] : [text(values.device) ?? (await selected())];
    for (const name of names) {
      if (!(await known.forget(name))) throw unknown(name, [...(await known.all()).keys()]);
      session.output.line(`Forgot the host key of ${name}.`);
    }
    return { forgotten: names };

    async function selected(): Promise<string> {
      return (await session.target()).name;
    }
  },
});

function unknown(name: string, known: readonly string[]) {
  return selectionErrors('selection.name.unknown', {
    message: `No host key of ${name} is remembered.`,
    next: known.length === 0 ? 'No device is known yet.' : `Known devices: ${known.join(', ')}.`,
    data: { name, known },
  });
}
