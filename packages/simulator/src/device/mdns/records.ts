import type { Answer, Question } from './dns.ts';

/** What a device says of itself on one link. */
export interface Announced {
  hostname: string;
  port: number;
  /** Addresses of the link, without zone. */
  addresses: readonly string[];
}

type SomeRecord = Extract<Answer, { data: unknown }>;

const service = '_ssh._tcp.local';
const enumeration = '_services._dns-sd._udp.local';
/** RFC 6762 §10: records with a host's name or address, and the others, in seconds. */
const hostLife = 120;
const otherLife = 4500;
/** Time to live towards plain DNS clients, at most 10 s (RFC 6762 §6.7). */
const legacyLife = 10;

export const hostNameOf = (announced: Announced) => `${announced.hostname}.local`;
export const instanceNameOf = (announced: Announced) => `${announced.hostname}.${service}`;

/** All records of the device, as MBL announces them: TXT is the bare key `mblos` (mbl-device.md §1). */
export function recordsOf(announced: Announced): SomeRecord[] {
  const host = hostNameOf(announced);
  const instance = instanceNameOf(announced);
  return [
    { type: 'PTR', name: service, ttl: otherLife, data: instance },
    {
      type: 'SRV',
      name: instance,
      ttl: hostLife,
      flush: true,
      data: { priority: 0, weight: 0, port: announced.port, target: host },
    },
    { type: 'TXT', name: instance, ttl: otherLife, flush: true, data: ['mblos'] },
    ...announced.addresses.map((address): SomeRecord => {
      return { type: address.includes(':') ? 'AAAA' : 'A', name: host, ttl: hostLife, flush: true, data: address };
    }),
    { type: 'PTR', name: enumeration, ttl: otherLife, data: service },
  ] as SomeRecord[];
}

export interface Reply {
  answers: SomeRecord[];
  additionals: SomeRecord[];
}

/**
 * The answer to a query, or undefined if there is nothing to say.
 *
 * @param known what the asker has already (RFC 6762 §7.1)
 */
export function replyTo(
  questions: readonly Question[],
  known: readonly Answer[],
  records: readonly SomeRecord[],
): Reply | undefined {
  const answers = records.filter(
    (record) => questions.some((question) => asksFor(question, record)) && !known.some((one) => isKnown(one, record)),
  );
  if (answers.length === 0) return undefined;
  // Who finds the service wants to connect next (RFC 6763 §12).
  const found = answers.some(({ type, name }) => type === 'SRV' || (type === 'PTR' && isSame(name, service)));
  const additionals = found ? records.filter((record) => record.type !== 'PTR' && !answers.includes(record)) : [];
  return { answers, additionals };
}

function asksFor(question: Question, record: SomeRecord): boolean {
  const type = question.type as string;
  return isSame(question.name, record.name) && (type === record.type || type === 'ANY' || type === '*');
}

function isKnown(known: Answer, record: SomeRecord): boolean {
  return (
    isSame(known.name, record.name) &&
    sameData(known, record) &&
    ((known as SomeRecord).ttl ?? 0) >= (record.ttl ?? 0) / 2
  );
}

export const isSame = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

/** For an asker that is no mDNS participant: short life, no flush bit (RFC 6762 §6.7). */
export function forLegacy(records: readonly SomeRecord[]): SomeRecord[] {
  return records.map(
    (record) => ({ ...record, flush: false, ttl: Math.min(record.ttl ?? 0, legacyLife) }) as SomeRecord,
  );
}

export function goodbye(records: readonly SomeRecord[]): SomeRecord[] {
  return records.filter(({ name }) => name !== enumeration).map((record) => ({ ...record, ttl: 0 }) as SomeRecord);
}

/** The records whose names have to be nobody else's. */
export function uniqueRecords(records: readonly SomeRecord[]): SomeRecord[] {
  return records.filter(({ type }) => type !== 'PTR');
}

/**
 * True if someone else owns one of our names: a record of that name and of a type that we have, which is not one
 * of ours. An address record of the same host from another interface of this machine would be; it is not asked for.
 */
export function conflictsWith(others: readonly Answer[], records: readonly SomeRecord[]): boolean {
  const own = uniqueRecords(records);
  return others.some((other) => {
    if (!('ttl' in other) || other.ttl === 0) return false;
    const same = own.filter(({ name, type }) => isSame(name, other.name) && type === other.type);
    return same.length > 0 && !same.some((record) => sameData(other, record));
  });
}

function sameData(one: Answer, other: SomeRecord): boolean {
  return one.type === other.type && dataText(one) === dataText(other);
}

/** Data in one form, for equality and for the order of the tie break. */
export function dataText(record: Answer): string {
  const data: unknown = 'data' in record ? record.data : undefined;
  if (record.type === 'SRV') {
    const { priority = 0, weight = 0, port, target } = record.data;
    return JSON.stringify([priority, weight, port, target.toLowerCase()]);
  }
  if (record.type === 'TXT') {
    return JSON.stringify([data].flat().map((entry) => Buffer.from(entry as string | Uint8Array).toString('latin1')));
  }
  return JSON.stringify(typeof data === 'string' ? data.toLowerCase() : data);
}

/**
 * Two devices probe for one name at once: the one whose records come later in order wins (RFC 6762 §8.2).
 *
 * @returns true if the other one wins
 */
export function losesTo(others: readonly Answer[], records: readonly SomeRecord[]): boolean {
  const own = uniqueRecords(records);
  const contested = others.filter((other) => own.some(({ name }) => isSame(name, other.name)));
  if (contested.length === 0) return false;
  const order = (set: readonly Answer[]) =>
    set
      .map((record) => `${record.name.toLowerCase()} ${record.type} ${dataText(record)}`)
      .sort()
      .join('\n');
  const mine = order(own.filter(({ name }) => contested.some((other) => isSame(name, other.name))));
  return order(contested) > mine;
}
