import { isIPv4 } from 'node:net';
import { type Address, formatAddress } from '../devices/address.ts';
import type { Sighting } from './records.ts';

/** A device that answered, one for each real device even if it answered in several ways. */
export interface FoundDevice {
  name: string;
  /** The best of `addresses`. */
  address: string;
  port: number;
  addresses: string[];
}

/** The device's own link first, as the old tool had it: it needs no DHCP, and its zone says which way. */
function rank(address: string): number {
  if (/^fe[89ab].*%/i.test(address)) return 0;
  if (address.startsWith('127.') || address === '::1') return 4;
  if (address.startsWith('169.254.')) return 3;
  return isIPv4(address) ? 1 : 2;
}

/** True if both are one device: it has an address in common, or answered on one link in IPv4 and in IPv6. */
function isSame(one: Sighting, other: Sighting): boolean {
  if (one.name.toLowerCase() !== other.name.toLowerCase() || one.port !== other.port) return false;
  if (other.announced.some((address) => one.announced.includes(address))) return true;
  if (one.zone === undefined || one.zone !== other.zone) return false;
  return one.addresses.every((address) => other.addresses.every((a) => isIPv4(a) !== isIPv4(address)));
}

/** Sorted by name as a person sorts (2 before 10), then by address: the same devices always give the same list. */
export function devicesOf(sightings: readonly Sighting[]): FoundDevice[] {
  const groups: Sighting[][] = [];
  for (const sighting of sightings) {
    const same = groups.filter((group) => group.some((member) => isSame(member, sighting)));
    const merged = [...same.flat(), sighting];
    for (const group of same) groups.splice(groups.indexOf(group), 1);
    groups.push(merged);
  }
  return groups.map(deviceOf).sort(compare);
}

function deviceOf(group: readonly Sighting[]): FoundDevice {
  const first = group[0] as Sighting;
  const firsts = group.map((sighting) => sighting.addresses[0] as string);
  const byRank = (a: string, b: string) => rank(a) - rank(b) || (a < b ? -1 : Number(a > b));
  const addresses = [...new Set([...firsts.sort(byRank), ...group.flatMap((s) => s.addresses).sort(byRank)])];
  return { name: first.name, port: first.port, address: addresses[0] as string, addresses };
}

const collator = new Intl.Collator('en', { numeric: true });

function compare(a: FoundDevice, b: FoundDevice): number {
  return collator.compare(a.name, b.name) || collator.compare(a.address, b.address) || a.port - b.port;
}

export const addressOf = ({ address, port }: FoundDevice): string =>
  formatAddress({ host: address, port } satisfies Address);

/** `1: mbed-linux-os-9999: fe80::1%eth0` */
export const deviceLine = (device: FoundDevice, number: number): string =>
  `${number}: ${device.name}: ${addressOf(device)}`;

export const deviceLines = (devices: readonly FoundDevice[]): string[] =>
  devices.map((device, index) => deviceLine(device, index + 1));
