import { randomInt } from 'node:crypto';
import { simulatorErrors } from '../errors.ts';
import type { RootFolder } from './root/root-folder.ts';

/** Read at each start in this order; a name that was drawn is kept in the first (mbl-device.md §1). */
const userFile = '/config/user/hostname';
const factoryFile = '/config/factory/hostname';

/** `mbed-linux-os-N`, 0 to 9999, without leading zeros. */
export function drawHostName(): string {
  return `mbed-linux-os-${randomInt(10_000)}`;
}

/** A name that has been given to this device, or undefined if it still has to draw one. */
export async function keptHostName(root: RootFolder): Promise<string | undefined> {
  for (const file of [userFile, factoryFile]) {
    if (!(await root.exists(file))) continue;
    const name = (await root.read(file)).toString('utf8').trim();
    if (name !== '') return checkHostName(name);
  }
  return undefined;
}

/** One label of the DNS (RFC 1123). */
export function checkHostName(name: string): string {
  if (/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name)) return name;
  throw simulatorErrors('device.name.invalid', {
    message: `${JSON.stringify(name)} cannot be a device's host name.`,
    next: 'Take up to 63 letters, digits and hyphens, as in mbed-linux-os-1234.',
    data: { name },
  });
}

export async function keepHostName(root: RootFolder, name: string): Promise<void> {
  await root.write(userFile, `${name}\n`);
  await root.write('/etc/hostname', `${name}\n`);
}
