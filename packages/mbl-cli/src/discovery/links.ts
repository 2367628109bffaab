import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import makeSocket, { type MulticastDNS, type Options } from 'multicast-dns';
import type { Question } from './dns.ts';
import { type Interfaces, zoneOf } from './interfaces.ts';
import type { Received } from './records.ts';

/** What happened on one interface in one family. */
export interface LinkReport {
  interface: string;
  family: 'IPv4' | 'IPv6';
  /** This machine's own address there. */
  address: string;
  /** `own port`: another program keeps port 5353 for itself, so that only answers to this program are heard. */
  state: 'open' | 'own port' | 'failed' | 'gone';
  /** What the system said where something failed. */
  trouble?: string;
  /** Packets with questions that were sent. */
  asked: number;
  /** Answers that came in here. */
  heard: number;
  /** Packets that are no DNS messages. */
  damaged: number;
}

/** All networks of this machine, as one thing to ask and to listen to. */
export interface Links {
  readonly reports: readonly LinkReport[];
  ask(questions: Question[]): void;
  /** Opens what has come up since, a board on a USB cable for one, and asks there. */
  refresh(questions: Question[]): Promise<void>;
  close(): Promise<void>;
}

export type OpenLinks = (onPacket: (received: Received) => void) => Promise<Links | undefined>;

/** RFC 6762 §3. */
const groups = { IPv4: { type: 'udp4', ip: '224.0.0.251' }, IPv6: { type: 'udp6', ip: 'ff02::fb' } } as const;
const multicastPort = 5353;

/** How often a link that has just come up is asked anew: its own address may not be ready yet (RFC 4862 §5.4). */
const freshAsks = 3;

interface OpenLink {
  report: LinkReport;
  /** Of `freshAsks`, those still to come. */
  left: number;
  ask(questions: Question[]): void;
  close(): Promise<void>;
}

/**
 * Opens a socket per interface and family, the loopback interface included, where a virtual device may be. Only so
 * is the zone of a link-local sender known.
 *
 * @returns undefined if not a single one could be opened
 */
export async function openLinks(
  onPacket: (received: Received) => void,
  interfaces: () => Interfaces = networkInterfaces,
): Promise<Links | undefined> {
  const links = new Map<string, OpenLink>();
  const reports: LinkReport[] = [];

  /** Opens what is new and closes what is gone. */
  const update = async (left: number): Promise<void> => {
    const now = interfaces();
    const wanted = new Map(linksOf(now).map((link) => [`${link.interface} ${link.family} ${link.address}`, link]));
    for (const [key, link] of links) {
      if (wanted.has(key)) continue;
      links.delete(key);
      link.report.state = 'gone';
      await link.close();
    }
    const fresh = [...wanted].filter(([key]) => !links.has(key));
    await Promise.all(
      fresh.map(async ([key, wish]) => {
        const link = { ...(await openLink(wish, interfaces, onPacket)), left };
        links.set(key, link);
        reports.push(link.report);
      }),
    );
  };

  await update(0);
  const isUsable = ({ report: { state } }: OpenLink) => state === 'open' || state === 'own port';
  if (![...links.values()].some(isUsable)) return undefined;
  let closed = false;
  let working = Promise.resolve();
  const refresh = async (questions: Question[]) => {
    if (closed) return;
    await update(freshAsks);
    for (const link of links.values()) {
      if (link.left === 0) continue;
      link.left -= 1;
      link.ask(questions);
    }
  };
  return {
    reports,
    ask: (questions) => {
      for (const link of links.values()) link.ask(questions);
    },
    refresh: (questions) => {
      working = working.then(() => refresh(questions));
      return working;
    },
    close: async () => {
      closed = true;
      await working.catch(() => undefined);
      await Promise.all([...links.values()].map((link) => link.close()));
    },
  };
}

type Wish = Pick<LinkReport, 'interface' | 'family' | 'address'> & { options: Options };

function linksOf(interfaces: Interfaces): Wish[] {
  return Object.entries(interfaces).flatMap(([name, addresses = []]): Wish[] => {
    const v4 = addresses.find((own) => own.family === 'IPv4');
    // The loopback interface takes no IPv6 multicast; a link-local address is what every IPv6 link has.
    const v6s = addresses.filter((own) => own.family === 'IPv6' && !own.internal);
    const v6 = v6s.find((own) => own.scopeid !== 0) ?? v6s[0];
    const wish = (family: 'IPv4' | 'IPv6', address: string, options: Options): Wish => ({
      interface: name,
      family,
      address,
      options: { ...groups[family], ...options },
    });
    return [
      // Bound to no address of its own: a socket bound to one gets no multicast.
      ...(v4 ? [wish('IPv4', v4.address, { interface: v4.address, bind: '0.0.0.0' })] : []),
      ...(v6 ? [wish('IPv6', v6.address, { interface: `::%${zoneIn(name, v6)}` })] : []),
    ];
  });
}

/** Windows numbers its zones. */
const zoneIn = (name: string, own: NetworkInterfaceInfo): string =>
  process.platform === 'win32' && own.family === 'IPv6' ? String(own.scopeid) : name;

async function openLink(
  { options, ...place }: Wish,
  interfaces: () => Interfaces,
  onPacket: (received: Received) => void,
): Promise<Omit<OpenLink, 'left'>> {
  const report: LinkReport = { ...place, state: 'open', asked: 0, heard: 0, damaged: 0 };
  const trouble = (error: Error) => {
    if ((error as NodeJS.ErrnoException).syscall === undefined) report.damaged += 1;
    else report.trouble = error.message;
  };
  let socket = await open(options, trouble);
  if (!socket) {
    // Where another program keeps the port for itself, an answer still comes to a port of our own (RFC 6762 §6.7).
    socket = await open({ ...options, port: 0 }, trouble);
    report.state = socket ? 'own port' : 'failed';
  }
  if (!socket) return { report, ask: () => undefined, close: async () => undefined };
  const opened = socket;
  const destination = { port: multicastPort, address: groups[report.family].ip };
  opened.on('response', (packet, { address }) => {
    const zone = zoneOf(address, interfaces());
    // The system gives a packet to every socket of the group, whichever interface it came in by.
    if (zone !== undefined && zone !== report.interface) return;
    report.heard += 1;
    onPacket({ packet, sender: address, zone });
  });
  return {
    report,
    ask: (questions) => {
      report.asked += 1;
      opened.query(questions, destination, (error) => error && trouble(error));
    },
    close: () => new Promise((resolve) => opened.destroy(() => resolve())),
  };
}

function open(options: Options, trouble: (error: Error) => void): Promise<MulticastDNS | undefined> {
  return new Promise((resolve) => {
    const socket = makeSocket(options);
    // An interface that cannot do multicast, or went away, must not end the search on the others.
    socket.on('warning', trouble);
    socket.on('error', (error) => {
      trouble(error);
      socket.destroy(() => resolve(undefined));
    });
    socket.on('ready', () => resolve(socket));
  });
}
