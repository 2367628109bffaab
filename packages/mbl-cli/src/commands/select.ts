import type { Values } from '@mooring/terminal';
import { checkZone, parseAddress } from '../devices/address.ts';
import { deviceAtIndex, deviceNamed, isNamed, selected } from '../devices/choice.ts';
import { type SelectedDevice, saveSelectedDevice } from '../devices/device-file.ts';
import type { FoundDevice } from '../discovery/devices.ts';
import { interrupted } from '../interrupted.ts';
import { listDevices, searchOptions } from './discover.ts';
import { command, type Session, text } from './session.ts';

export const select = command({
  name: 'select',
  summary: 'Choose the device that the other commands work with.',
  description: `Shows the devices as 'list' does and asks for the number of one. The choice is kept in ~/.mbl-dev.json. With one of the options nothing is asked.`,
  options: [
    { flags: ['--name'], name: 'name', metavar: 'NAME', help: 'Choose the device of this name.', excludes: 'by' },
    {
      flags: ['--address'],
      name: 'by_address',
      metavar: 'ADDRESS',
      help: 'Choose the device at this address, which need not announce itself.',
      excludes: 'by',
    },
    {
      flags: ['--index'],
      name: 'index',
      metavar: 'NUMBER',
      help: 'Choose by the number in the list.',
      excludes: 'by',
    },
    ...searchOptions,
  ],
  examples: [
    { run: 'mbl-cli select', does: 'shows the devices and asks for one' },
    { run: 'mbl-cli select --name mbed-linux-os-9999', does: 'chooses that device' },
  ],
  async run(session, values) {
    const device = await choose(session, values);
    await saveSelectedDevice(session.home, device);
    return { name: device.name, address: device.address, port: device.port ?? 22 };
  },
});

async function choose(session: Session, values: Values): Promise<SelectedDevice> {
  const [name, address, index] = [text(values.name), text(values.by_address), text(values.index)];
  if (name !== undefined) {
    const isWanted = (device: FoundDevice) => isNamed(device, name);
    return deviceNamed((await listDevices(session, values, { isWanted })).devices, name);
  }
  if (address !== undefined) return byAddress(session, address);
  if (index !== undefined) return deviceAtIndex((await listDevices(session, values)).devices, index);
  const question = 'Select a device from the list: ';
  const { devices, answer } = await listDevices(session, values, { grows: true, question });
  return deviceAtIndex(devices, answer ?? (await session.prompt.ask(`\n${question}`)));
}

/** How long a device at a known address may take to say its name, in ms. */
const shortSearch = 2_000;

async function byAddress(session: Session, given: string): Promise<SelectedDevice> {
  const { host, port } = parseAddress(given);
  checkZone(host);
  const isThere = (device: FoundDevice) =>
    device.addresses.includes(host) && (port === undefined || device.port === port);
  const { browse } = await import('../discovery/browse.ts');
  // It needs no announcement; if there is one, name and port come from it.
  const found = await browse({
    signal: session.signal,
    limit: shortSearch,
    enough: (devices) => devices.some(isThere),
  }).catch(() => []);
  if (session.signal.aborted) throw interrupted();
  const there = found.filter(isThere);
  if (there.length === 1) return { ...selected(there[0] as FoundDevice, found), address: host };
  return { name: host, address: host, ...(port === undefined ? {} : { port }), username: 'root', password: '' };
}
