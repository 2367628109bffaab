import { isIP } from 'node:net';
import { parseAddress } from '../devices/address.ts';
import { KnownDevices } from '../ssh/known-devices.ts';
import { openSocket } from '../ssh/network.ts';
import { shownHostKey } from '../ssh/shown-host-key.ts';
import { targetAt } from '../ssh/target.ts';
import type { FoundDevice } from './devices.ts';
import { neighbours } from './neighbours.ts';
import { withoutZone } from './records.ts';

/** Neighbours with an SSH server. */
export interface SilentDevices {
  /** Those whose host key is that of a device that this user has worked with. */
  recognised: FoundDevice[];
  /** Addresses of the others, which may be anything. */
  others: string[];
}

/** For the network connection and the host key, in ms each. */
const limit = 1_500;
/** A neighbour table of a large network is not worked through to its end. */
const most = 512;
const atOnce = 32;

/** Looks among the neighbours of this machine for devices that announce nothing, or whose announcements do not arrive. */
export async function silentDevices(
  home: string,
  signal: AbortSignal,
  list: () => Promise<string[]> = neighbours,
): Promise<SilentDevices> {
  const known = new KnownDevices(home);
  const waiting = [...new Set(await list())].slice(0, most);
  const result: SilentDevices = { recognised: [], others: [] };
  const worker = async () => {
    for (let address = waiting.shift(); address !== undefined && !signal.aborted; address = waiting.shift()) {
      const target = targetAt(parseAddress(address));
      const socket = await openSocket(target, signal, limit).catch(() => undefined);
      const key = socket && (await shownHostKey(socket, limit));
      if (!key) continue;
      const names = await known.withKey(key.fingerprint);
      const name = names.find((one) => isIP(withoutZone(one)) === 0) ?? names[0];
      if (name === undefined) result.others.push(address);
      else result.recognised.push({ name, address, port: target.port, addresses: [address] });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { recognised: oneEach(result.recognised), others: result.others.sort() };
}

/** A device is often a neighbour by several addresses. */
function oneEach(found: readonly FoundDevice[]): FoundDevice[] {
  const byName = Map.groupBy(found, ({ name }) => name);
  return [...byName.values()].map((same) => {
    const addresses = same.map(({ address }) => address).sort();
    const linkLocal = addresses.find((address) => address.includes('%'));
    return { ...(same[0] as FoundDevice), address: linkLocal ?? (addresses[0] as string), addresses };
  });
}
