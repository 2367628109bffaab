import { isIP } from 'node:net';
import { nameIn } from '../devices/choice.ts';
import { withoutZone } from '../discovery/records.ts';
import type { HostKey, KnownDevices } from './known-devices.ts';
import { describeTarget, type Target } from './target.ts';

/** What is told of a host key that is not yet known for this device, before it is remembered. */
export async function firstContact(known: KnownDevices, target: Target, key: HostKey): Promise<string[]> {
  const others = (await known.withKey(key.fingerprint)).filter((name) => name !== target.name);
  const lines = [
    `First contact with ${describeTarget(target)}. Its host key is remembered: ${key.type} ${key.fingerprint}`,
  ];
  const clones = others.filter((name) => areApart(name, target.name));
  if (clones.length > 0) return [...lines, cloned(target.name, clones)];
  if (others.length > 0) lines.push(`It is the key of ${others.join(', ')}, so this is the same device.`);
  return lines;
}

/** Two names cannot be of one device; an address may be of any. */
function areApart(one: string, other: string): boolean {
  return isName(one) && isName(other) && nameIn(one).toLowerCase() !== nameIn(other).toLowerCase();
}

const isName = (text: string) => isIP(withoutZone(text)) === 0 && !/^(\[.*\]|[\d.]+):\d+$/.test(text);

function cloned(name: string, others: readonly string[]): string {
  return [
    `Warning: ${others.join(', ')} ${others.length === 1 ? 'shows' : 'show'} the same host key as ${name}. If these are several devices, they were copied from one image with its key in it,`,
    `and whoever has one of them can pass for the others. Make each a key of its own: remove /etc/ssh/ssh_host_* and /etc/dropbear/*host_key there and restart it, then 'mbl-cli forget ${name}'.`,
  ].join('\n');
}
