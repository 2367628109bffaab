import { readdir, readFile } from 'node:fs/promises';
import { BlockList } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

export type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/**
 * The interface behind which an address lies: named in it, or the only one whose network it is part of. Undefined where
 * two interfaces have that network, as with 169.254.0.0/16 on two cables: a guess would give addresses a wrong zone.
 */
export function zoneOf(address: string, interfaces: Interfaces): string | undefined {
  const named = address.split('%')[1];
  if (named !== undefined) return named;
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  const fitting = Object.entries(interfaces).filter(([, addresses = []]) =>
    addresses.some((own) => {
      if (own.family.toLowerCase() !== family || own.cidr === null) return false;
      const network = new BlockList();
      network.addSubnet(own.address, Number(own.cidr.split('/')[1]), family);
      return network.check(address, family);
    }),
  );
  return fitting.length === 1 ? fitting[0]?.[0] : undefined;
}

/** Interfaces that cannot be asked on, and why; known on Linux alone, elsewhere those are not listed. */
export async function unusableInterfaces(
  usable: Interfaces = networkInterfaces(),
  folder = '/sys/class/net',
): Promise<{ interface: string; why: string }[]> {
  const names = await readdir(folder).catch(() => []);
  const unused = names.filter((name) => !(name in usable)).sort();
  return Promise.all(
    unused.map(async (name) => {
      const state = (await readFile(`${folder}/${name}/operstate`, 'utf8').catch(() => '')).trim();
      const why = state === 'down' ? 'it is down' : 'it has no address';
      return { interface: name, why };
    }),
  );
}
