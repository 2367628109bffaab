import { isMooringError } from '@mooring/platform';
import { type Address, formatAddress } from '../devices/address.ts';
import { isNamed, nameIn } from '../devices/choice.ts';
import { browse } from '../discovery/browse.ts';
import type { FoundDevice } from '../discovery/devices.ts';
import { silentDevices } from '../discovery/silent-devices.ts';
import { type ConnectOptions, connect } from './connect.ts';
import type { Connection } from './connection.ts';
import { KnownDevices } from './known-devices.ts';
import type { Target } from './target.ts';

/** How long a device is looked for that is not where it was, in ms. */
const searchLimit = 5_000;

/**
 * Looks for a selected device by its name where it may be now, and connects. One that has been met before counts only
 * with its host key; one that has not only if nobody else has its name.
 *
 * @returns undefined if it is nowhere
 */
export async function findAgain(target: Target, options: ConnectOptions): Promise<Connection | undefined> {
  const { home, signal, note } = options;
  const name = nameIn(target.name);
  const isWanted = (device: FoundDevice) => isNamed(device, name) || device.name === target.name;
  const known = await new KnownDevices(home).find(target.name);
  const found = await browse({
    signal,
    limit: searchLimit,
    settle: 500,
    patience: 500,
    isWanted,
    silent: async () => (await silentDevices(home, signal)).recognised,
  }).catch(() => []);
  const devices = found.filter(isWanted);
  if (!known && devices.length > 1) return undefined;
  const places = devices.flatMap(({ addresses, port }) => addresses.map((host): Address => ({ host, port })));
  for (const { host, port = 22 } of places) {
    if (host === target.host && port === target.port) continue;
    note(`Trying ${formatAddress({ host, port })}.`);
    try {
      // Of a device that is known, no other key is taken, whatever the user allows for the address that failed.
      return await connect({ ...target, host, port }, { ...options, acceptNewHostKey: false, connectTimeout: 3_000 });
    } catch (error) {
      if (!isMooringError(error) || !error.code.startsWith('ssh.')) throw error;
      note(error.message);
    }
  }
  return undefined;
}
