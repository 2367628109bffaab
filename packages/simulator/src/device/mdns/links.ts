import { isIP, isIPv6 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/** One interface and family to announce on. */
export interface Link {
  family: 'udp4' | 'udp6';
  /** What the multicast socket is told: the interface's address, or `::%eth0`. */
  interface: string;
  /** The device's addresses there. */
  addresses: string[];
}

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/**
 * Where a device at `address` announces itself.
 *
 * @param wanted interface names or addresses; by default the one that has the address, or all for `0.0.0.0` and `::`
 */
export function linksFor(
  address: string,
  wanted: readonly string[] | undefined,
  interfaces: Interfaces = networkInterfaces(),
): Link[] {
  const any = address === '0.0.0.0' || address === '::';
  const links: Link[] = [];
  for (const [name, addresses = []] of Object.entries(interfaces)) {
    const isWanted = (own: NetworkInterfaceInfo) => {
      if (wanted)
        return wanted.includes(name) || wanted.includes(own.address) || wanted.includes(`${own.address}%${name}`);
      return any || own.address === bare(address) || (own.address === '127.0.0.1' && address.startsWith('127.'));
    };
    const listens = (own: NetworkInterfaceInfo) => any || isIPv6(own.address) === isIPv6(bare(address));
    const v4 = addresses.find((own) => own.family === 'IPv4' && isWanted(own) && listens(own));
    // The loopback interface takes no IPv6 multicast.
    const v6 = addresses.filter((own) => own.family === 'IPv6' && !own.internal && isWanted(own) && listens(own));
    if (v4) links.push({ family: 'udp4', interface: v4.address, addresses: [any || wanted ? v4.address : address] });
    if (v6.length > 0) links.push({ family: 'udp6', interface: `::%${name}`, addresses: v6.map((own) => own.address) });
  }
  return links;
}

function bare(address: string): string {
  const text = address.split('%')[0] ?? '';
  return isIP(text) ? text : address;
}
