import { type Address, checkZone, formatAddress, parseAddress } from '../devices/address.ts';
import { readSelectedDevice, type SelectedDevice } from '../devices/device-file.ts';
import { type HostSettings, hostSettings, noSettings } from './host-settings.ts';

/** Everything that is needed to reach a device and log in. */
export interface Target {
  /** The device's name if it was selected, the host of `~/.ssh/config` if that gave the address, else the address. */
  name: string;
  host: string;
  port: number;
  user: string;
  /** Empty if none is stored. */
  password: string;
  settings: HostSettings;
  /** A selected device is found again by its name when it has moved. A gate is a machine on the way to a device. */
  from: 'selection' | 'address' | 'gate';
}

export interface TargetOptions {
  home: string;
  /** Of `-a`; empty counts as not given. */
  address?: string | undefined;
  /** Of `-c`: the host of `~/.ssh/config`. */
  alias?: string | undefined;
}

/** The host that is looked up in `~/.ssh/config` without `-c`. */
export const defaultAlias = 'mbl-device';

/**
 * Which device a command is for: `-a`, else the `HostName` of a host named by `-c`, else the selected device.
 *
 * @throws MooringError `selection.*`, `ssh.address.zone.missing`
 */
export async function targetOf({ home, address, alias }: TargetOptions): Promise<Target> {
  const settings = await hostSettings(home, alias ?? defaultAlias);
  if (address) return forAddress(parseAddress(address), undefined, settings);
  const hostName = settings.hostName;
  if (alias !== undefined && hostName !== undefined) return forAddress(parseAddress(hostName), alias, settings);
  const selected = await readSelectedDevice(home).catch((error: unknown) => {
    if (hostName !== undefined) return undefined;
    throw error;
  });
  if (selected) return forSelected(selected, settings);
  return forAddress(parseAddress(hostName as string), defaultAlias, settings);
}

/** A device that was found or listed, under the name that it is known by. */
export function targetNamed(name: string, address: Address, settings: HostSettings): Target {
  return { ...forAddress(address, name, settings), name };
}

/** A device of which nothing but the address is known. */
export const targetAt = (address: Address): Target => forAddress(address, undefined, noSettings);

function forAddress(given: Address, name: string | undefined, settings: HostSettings): Target {
  checkZone(given.host);
  const address = { host: given.host, port: given.port ?? settings.port ?? 22 };
  return {
    name: name ?? formatAddress(address),
    ...address,
    user: settings.user ?? 'root',
    password: '',
    settings,
    from: 'address',
  };
}

function forSelected(device: SelectedDevice, settings: HostSettings): Target {
  checkZone(device.address);
  return {
    name: device.name || device.address,
    host: device.address,
    port: device.port ?? settings.port ?? 22,
    // The file always names a user, and root unless someone wrote another.
    user: device.username === 'root' ? (settings.user ?? 'root') : device.username,
    password: device.password,
    settings,
    from: 'selection',
  };
}

/** `NAME (ADDRESS)`, or the address alone where there is no name. */
export function describeTarget(target: Target): string {
  const address = formatAddress(target);
  return target.name === address ? address : `${target.name} (${address})`;
}
