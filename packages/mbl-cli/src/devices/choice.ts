import type { FoundDevice } from '../discovery/devices.ts';
import { withoutZone } from '../discovery/records.ts';
import { selectionErrors } from '../errors.ts';
import { formatAddress } from './address.ts';
import type { SelectedDevice } from './device-file.ts';

/**
 * The device of a number as typed: from 1, spaces around it do not matter.
 *
 * @throws MooringError `selection.index.invalid`
 */
export function deviceAtIndex(devices: readonly FoundDevice[], typed: string): SelectedDevice {
  const number = /^\s*\+?\d+\s*$/.test(typed) ? Number(typed) : 0;
  const device = devices[number - 1];
  if (!device) {
    throw selectionErrors('selection.index.invalid', {
      message: 'Enter a valid device index as shown in the list.',
      next: devices.length === 1 ? 'The only one is 1.' : `Give a number from 1 to ${devices.length}.`,
      data: { given: typed.trim(), devices: devices.length },
    });
  }
  return selected(device, devices);
}

export const isNamed = (device: FoundDevice, name: string): boolean =>
  device.name.toLowerCase() === name.replace(/\.local\.?$/i, '').toLowerCase();

/** @throws MooringError `selection.name.unknown`, `selection.name.ambiguous` */
export function deviceNamed(devices: readonly FoundDevice[], wanted: string): SelectedDevice {
  const named = devices.filter((device) => isNamed(device, wanted));
  if (named.length === 1) return selected(named[0] as FoundDevice, devices);
  if (named.length === 0) {
    throw selectionErrors('selection.name.unknown', {
      message: `No device named ${wanted} answered.`,
      next: `These did: ${devices.map((device) => device.name).join(', ')}. Repeat if it is just starting.`,
      data: { name: wanted, found: devices.map((device) => device.name) },
    });
  }
  throw selectionErrors('selection.name.ambiguous', {
    message: `${named.length} devices are named ${wanted}.`,
    next: "Choose one of them with '--address' or '--index'.",
    data: { name: wanted, addresses: named.map((device) => device.address) },
  });
}

/**
 * What a device is known by. Of several that have one name, each is told apart by its address without the zone, which on
 * a board's own link is made of its hardware address: `mbed-linux-os-9999@fe80::21b:63ff:feab:e6a6`.
 */
export function identityOf(device: FoundDevice, all: readonly FoundDevice[]): string {
  const name = device.name.toLowerCase();
  const alone = all.every((other) => other === device || other.name.toLowerCase() !== name);
  if (alone) return device.name;
  return `${device.name}@${formatAddress({ host: withoutZone(device.address), port: device.port })}`;
}

/** The name in an identity. */
export const nameIn = (identity: string): string => (identity.split('@')[0] as string).replace(/\.local\.?$/i, '');

/** What is kept of a device that answered. */
export const selected = (device: FoundDevice, all: readonly FoundDevice[]): SelectedDevice => ({
  name: identityOf(device, all),
  address: device.address,
  port: device.port,
  username: 'root',
  password: '',
});
