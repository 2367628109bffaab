import { isIPv4, isIPv6 } from 'node:net';
import type { Answer, Packet, Question } from './dns.ts';

export const serviceType = '_ssh._tcp.local';

/** A packet, and where it came from. */
export interface Received {
  packet: Packet;
  /** The sender, with its zone if it is link-local. */
  sender: string;
  /** Name of the interface it came in by, if that is known: link-local addresses in it belong there. */
  zone: string | undefined;
}

/** One device as it answered from one address. */
export interface Sighting {
  name: string;
  port: number;
  zone: string | undefined;
  /** The sender's own address first, if it is one of the device's: that one is known to work. */
  addresses: string[];
  /** All that was announced, without zones: those too that cannot be used for want of one. */
  announced: string[];
}

/** What became of one announcement, for `--explain`. */
export interface Heard {
  name: string;
  sender: string;
  zone: string | undefined;
  verdict: 'device' | 'no key mblos' | 'no TXT record' | 'no SRV record' | 'goodbye';
  /** Where it can be reached. */
  addresses: string[];
}

/** What one sender says about one instance. Two devices of one name are told apart by it. */
interface Service {
  instance: string;
  sender: string;
  zone: string | undefined;
  isDevice: boolean | undefined;
  /** It took its announcement back. */
  gone: boolean;
  endpoints: Map<string, { target: string; port: number }>;
}

/** A flood of made-up names must not fill the memory. */
const most = 10_000;

/**
 * Puts the DNS-SD records (RFC 6763) of several packets together. Nothing here sends or waits: what has still to be
 * asked is in `openQuestions`.
 */
export class ServiceRecords {
  private readonly services = new Map<string, Service>();
  private readonly addresses = new Map<string, { usable: Set<string>; announced: Set<string> }>();
  private taken = 0;

  /** Takes what a packet says; what makes no sense in it is passed over, since anyone may send one. */
  add({ packet, sender, zone }: Received): void {
    if (packet.type !== 'response') return;
    for (const record of [...(packet.answers ?? []), ...(packet.additionals ?? [])]) {
      if (++this.taken > most) return;
      // RFC 6762 §10.1: a time to live of 0 says goodbye.
      if ('ttl' in record && record.ttl === 0) this.farewell(record, sender, zone);
      else this.take(record, sender, zone);
    }
  }

  private take(record: Answer, sender: string, zone: string | undefined): void {
    switch (record.type) {
      case 'PTR':
        if (record.name.toLowerCase() === serviceType) {
          const service = this.service(record.data, sender, zone);
          if (service) service.gone = false;
        }
        break;
      case 'SRV': {
        const { port, target } = record.data;
        if (port > 0) this.service(record.name, sender, zone)?.endpoints.set(`${port} ${target}`, { target, port });
        break;
      }
      case 'TXT': {
        const service = this.service(record.name, sender, zone);
        if (service) service.isDevice = hasKey(record.data, 'mblos');
        break;
      }
      case 'A':
      case 'AAAA': {
        if (!isAddress(record.data)) break;
        const key = addressKey(record.name, sender);
        const known = this.addresses.get(key) ?? { usable: new Set(), announced: new Set() };
        this.addresses.set(key, known);
        known.announced.add(record.data);
        const address = usableAddress(record.data, zone);
        if (address !== undefined) known.usable.add(address);
      }
    }
  }

  private farewell(record: Answer, sender: string, zone: string | undefined): void {
    if (record.type !== 'PTR' || record.name.toLowerCase() !== serviceType) return;
    const service = this.service(record.data, sender, zone);
    if (service) service.gone = true;
  }

  private service(instance: unknown, sender: string, zone: string | undefined): Service | undefined {
    if (typeof instance !== 'string' || deviceName(instance) === undefined) return undefined;
    const key = `${instance.toLowerCase()} ${sender}`;
    const found = this.services.get(key) ?? {
      instance,
      sender,
      zone,
      isDevice: undefined,
      gone: false,
      endpoints: new Map(),
    };
    this.services.set(key, found);
    return found;
  }

  /** The devices of which everything is known. */
  sightings(): Sighting[] {
    const found: Sighting[] = [];
    for (const service of this.services.values()) {
      if (!service.isDevice || service.gone) continue;
      for (const endpoint of service.endpoints.values()) {
        const { port } = endpoint;
        const { addresses, announced } = this.placesOf(service, endpoint);
        found.push({ name: deviceName(service.instance) as string, port, zone: service.zone, addresses, announced });
      }
    }
    return found;
  }

  private placesOf({ sender }: Service, { target }: { target: string }) {
    const known = this.addresses.get(addressKey(target, sender));
    const bare = withoutZone(sender);
    // A repeater between networks sends from an address that is not the device's.
    const own = !known || known.announced.has(bare) || known.usable.size === 0 ? [sender] : [];
    return {
      addresses: [...new Set([...own, ...(known?.usable ?? [])])],
      announced: [...new Set([...(own.length > 0 ? [bare] : []), ...(known?.announced ?? [])])],
    };
  }

  /** Every announcement of an SSH server that was heard, with what became of it. */
  heard(): Heard[] {
    return [...this.services.values()].map((service) => ({
      name: deviceName(service.instance) as string,
      sender: service.sender,
      zone: service.zone,
      verdict: verdictOf(service),
      addresses: [...new Set([...service.endpoints.values()].flatMap((one) => this.placesOf(service, one).addresses))],
    }));
  }

  /** What has to be asked to complete what was announced. */
  openQuestions(): Question[] {
    const questions = new Map<string, Question>();
    const ask = (name: string, type: 'TXT' | 'SRV' | 'A' | 'AAAA') => questions.set(`${type} ${name}`, { name, type });
    for (const { instance, sender, isDevice, gone, endpoints } of this.services.values()) {
      if (isDevice === false || gone) continue;
      if (isDevice === undefined) ask(instance, 'TXT');
      if (endpoints.size === 0) ask(instance, 'SRV');
      for (const { target } of endpoints.values()) {
        if (this.addresses.has(addressKey(target, sender))) continue;
        ask(target, 'A');
        ask(target, 'AAAA');
      }
    }
    return [...questions.values()];
  }
}

function verdictOf({ isDevice, gone, endpoints }: Service): Heard['verdict'] {
  if (gone) return 'goodbye';
  if (isDevice === undefined) return 'no TXT record';
  if (!isDevice) return 'no key mblos';
  return endpoints.size === 0 ? 'no SRV record' : 'device';
}

const addressKey = (target: string, sender: string) => `${target.toLowerCase()} ${sender}`;

/** RFC 6763 §6.4: a key counts with or without a value, in any case. */
function hasKey(data: unknown, key: string): boolean {
  return [data].flat().some((entry) => {
    const text = Buffer.isBuffer(entry) ? entry.toString('latin1') : typeof entry === 'string' ? entry : '';
    return text.split('=')[0]?.toLowerCase() === key;
  });
}

/** `NAME._ssh._tcp.local` to `NAME`, which some announce as `NAME.local`; undefined for other services. */
function deviceName(instance: string): string | undefined {
  if (!instance.toLowerCase().endsWith(`.${serviceType}`)) return undefined;
  const name = instance.slice(0, -(serviceType.length + 1)).replace(/\.local\.?$/i, '');
  // It is printed: it must not move the cursor or look like a line of its own.
  return name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?').trim() || undefined;
}

export const withoutZone = (address: string): string => address.split('%')[0] as string;

const isAddress = (data: unknown): data is string =>
  typeof data === 'string' && data !== '0.0.0.0' && data !== '::' && (isIPv4(data) || isIPv6(data));

/** An address to connect to: link-local ones with the zone they were heard in, and none without. */
export function usableAddress(data: unknown, zone: string | undefined): string | undefined {
  if (!isAddress(data)) return undefined;
  if (isIPv4(data)) return data;
  if (!/^fe[89ab]/i.test(data)) return data;
  return zone === undefined ? undefined : `${data}%${zone}`;
}
