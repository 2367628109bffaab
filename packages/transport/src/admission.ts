import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Limits } from './listener.ts';

/** The place of one connection in the counts. */
export interface Admitted {
  readonly network: string | undefined;
  certificate: string | undefined;
}

/** The eight groups of an IPv6 address; IPv4 written inside one is two of them. */
function groupsOf(address: string): string[] {
  const [plain = ''] = address.split('%');
  const [head = '', tail] = plain.split('::');
  const groups = (part: string) =>
    part === '' ? [] : part.split(':').flatMap((group) => (group.includes('.') ? ['', ''] : [group]));
  const before = groups(head);
  if (tail === undefined) return before;
  const after = groups(tail);
  return [...before, ...new Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after];
}

/** IPv4 as IPv4, also where a socket for both says it as IPv6. */
export function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/** What is counted as one address: IPv4 whole; of IPv6 the /64, which is one site's. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  return `${groupsOf(address).slice(0, 4).join(':')}::/64`;
}

function raise(counts: Map<string, number>, key: string, limit: number): boolean {
  const count = counts.get(key) ?? 0;
  if (count >= limit) return false;
  counts.set(key, count + 1);
  return true;
}

function lower(counts: Map<string, number>, key: string): void {
  const count = (counts.get(key) ?? 0) - 1;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

/** Counts who is there, and says who may come in besides. What has no limit is not counted. */
export class Admission {
  readonly #limits: Limits;
  readonly #networks = new Map<string, number>();
  readonly #certificates = new Map<string, number>();
  #connections = 0;

  constructor(limits: Limits = {}) {
    this.#limits = limits;
  }

  /** A connection from an address; everyone let in is given back by `leave`, once. */
  enter(address: string): Admitted | 'limit' | 'address-limit' {
    const { connections, perAddress } = this.#limits;
    if (connections !== undefined && this.#connections >= connections) return 'limit';
    const network = perAddress === undefined ? undefined : networkOf(address);
    if (network !== undefined && !raise(this.#networks, network, perAddress ?? 0)) return 'address-limit';
    this.#connections++;
    return { network, certificate: undefined };
  }

  /** The same connection, now that it is known whose it is. */
  identify(admitted: Admitted, certificate: Uint8Array): boolean {
    const { perCertificate } = this.#limits;
    if (perCertificate === undefined) return true;
    const fingerprint = createHash('sha256').update(certificate).digest('base64');
    if (!raise(this.#certificates, fingerprint, perCertificate)) return false;
    admitted.certificate = fingerprint;
    return true;
  }

  leave(admitted: Admitted): void {
    this.#connections--;
    if (admitted.network !== undefined) lower(this.#networks, admitted.network);
    if (admitted.certificate !== undefined) lower(this.#certificates, admitted.certificate);
  }
}
