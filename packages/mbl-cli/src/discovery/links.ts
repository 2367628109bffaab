import { BlockList } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import makeSocket, { type MulticastDNS, type Options } from 'multicast-dns';
import type { Question } from './dns.ts';
import type { Received } from './records.ts';

/** All networks of this machine, as one thing to ask and to listen to. */
export interface Links {
  ask(questions: Question[]): void;
  close(): Promise<void>;
}

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** RFC 6762 §3. */
const groups = { udp4: '224.0.0.251', udp6: 'ff02::fb' } as const;
const multicastPort = 5353;

/**
 * Opens a socket per interface and family, the loopback interface included, where a virtual device may be. Only so
 * is the zone of a link-local sender known.
 *
 * @returns undefined if not a single one could be opened
 */
export async function openLinks(
  onPacket: (received: Received) => void,
  interfaces: Interfaces = networkInterfaces(),
): Promise<Links | undefined> {
  const wanted = linkOptions(interfaces);
  const opened = await Promise.all(wanted.map((options) => openLink(options, interfaces, onPacket)));
  const links = opened.filter((link) => link !== undefined);
  if (links.length === 0) return undefined;
  return {
    ask: (questions) => {
      for (const link of links) link.ask(questions);
    },
    close: async () => void (await Promise.all(links.map((link) => link.close()))),
  };
}

function linkOptions(interfaces: Interfaces): Options[] {
  return Object.entries(interfaces).flatMap(([name, addresses = []]): Options[] => {
    const v4 = addresses.find((address) => address.family === 'IPv4');
    const v6 = addresses.find((address) => address.family === 'IPv6' && !address.internal);
    return [
      // Bound to no address of its own: a socket bound to one gets no multicast.
      ...(v4 ? [{ type: 'udp4', ip: groups.udp4, interface: v4.address, bind: '0.0.0.0' } as const] : []),
      ...(v6 ? [{ type: 'udp6', ip: groups.udp6, interface: `::%${zoneIn(name, v6)}` } as const] : []),
    ];
  });
}

/** Windows numbers its zones. */
const zoneIn = (name: string, address: NetworkInterfaceInfo): string =>
  process.platform === 'win32' && address.family === 'IPv6' ? String(address.scopeid) : name;

async function openLink(
  options: Options,
  interfaces: Interfaces,
  onPacket: (received: Received) => void,
): Promise<Links | undefined> {
  // Where another program keeps the port for itself, an answer still comes to a port of our own (RFC 6762 §6.7).
  const socket = (await open(options)) ?? (await open({ ...options, port: 0 }));
  if (!socket) return undefined;
  const destination = { port: multicastPort, address: groups[options.type as keyof typeof groups] };
  socket.on('response', (packet, { address }) => {
    onPacket({ packet, sender: address, zone: zoneOf(address, interfaces) });
  });
  return {
    ask: (questions) => socket.query(questions, destination),
    close: () => new Promise((resolve) => socket.destroy(() => resolve())),
  };
}

function open(options: Options): Promise<MulticastDNS | undefined> {
  return new Promise((resolve) => {
    const socket = makeSocket(options);
    // An interface that cannot do multicast, or went away, must not end the search on the others.
    socket.on('warning', () => undefined);
    socket.on('error', () => socket.destroy(() => resolve(undefined)));
    socket.on('ready', () => resolve(socket));
  });
}

/** The interface behind which an address lies: named in it, or the one whose network it is part of. */
export function zoneOf(address: string, interfaces: Interfaces): string | undefined {
  const named = address.split('%')[1];
  if (named !== undefined) return named;
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  for (const [name, addresses = []] of Object.entries(interfaces)) {
    for (const own of addresses) {
      if (own.family.toLowerCase() !== family || own.cidr === null) continue;
      const network = new BlockList();
      network.addSubnet(own.address, Number(own.cidr.split('/')[1]), family);
      if (network.check(address, family)) return name;
    }
  }
  return undefined;
}
