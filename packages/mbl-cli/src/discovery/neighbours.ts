import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isRecord, parseJson } from '../json-line.ts';
import { usableAddress } from './records.ts';

/** How long one of the system's programs may take, in ms. */
const programLimit = 4_000;

/** All hosts of a link (RFC 4291 §2.7.1). */
const allHosts = 'ff02::1';

type Run = (program: string, words: readonly string[]) => Promise<string>;

const run: Run = (program, words) =>
  new Promise((resolve) => {
    // What a program that is missing or fails has to say is nothing.
    execFile(program, words, { timeout: programLimit, maxBuffer: 4_000_000 }, (_, stdout) => resolve(stdout));
  });

/**
 * Addresses of the machines that this one has lately exchanged packets with on its own links, link-local ones with their
 * zone. Known on Linux and macOS; nothing elsewhere.
 */
export async function neighbours(platform: NodeJS.Platform = process.platform, start: Run = run): Promise<string[]> {
  await Promise.all(ipv6Links().map((zone) => wake(zone, platform, start)));
  switch (platform) {
    case 'linux': {
      const text = await start('ip', ['-j', 'neigh', 'show']);
      return text === '' ? fromArpTable(await readFile('/proc/net/arp', 'utf8').catch(() => '')) : fromIpNeigh(text);
    }
    case 'darwin':
      return [...fromArp(await start('arp', ['-an'])), ...fromNdp(await start('ndp', ['-an']))];
    default:
      return [];
  }
}

function ipv6Links(): string[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.some((own) => own.family === 'IPv6' && own.scopeid !== 0) ? [name] : [],
  );
}

/** Whoever answers a ping to all hosts has to find out our address first, and so becomes a neighbour. */
async function wake(zone: string, platform: NodeJS.Platform, start: Run): Promise<void> {
  const target = `${allHosts}%${zone}`;
  if (platform === 'linux') await start('ping', ['-6', '-n', '-c', '2', '-i', '0.5', '-w', '2', target]);
  if (platform === 'darwin') await start('ping6', ['-n', '-c', '2', target]);
}

/** `ip -j neigh show`: a list of objects with `dst`, `dev`, `lladdr` and `state`. */
export function fromIpNeigh(text: string): string[] {
  const entries = parseJson(text)?.value;
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry) => {
    if (!isRecord(entry) || typeof entry.dev !== 'string' || typeof entry.lladdr !== 'string') return [];
    return usableAddress(entry.dst, entry.dev) ?? [];
  });
}

/** `/proc/net/arp`: a line each; flags 0x0 for one that did not answer. */
export function fromArpTable(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', , flags] = line.trim().split(/\s+/);
    return isIPv4(address) && flags !== '0x0' ? [address] : [];
  });
}

/** `? (192.0.2.7) at 0:11:22:33:44:55 on en0 …` */
export function fromArp(text: string): string[] {
  return [...text.matchAll(/\(([\d.]+)\) at [0-9a-f:]+ on /gi)].map(([, address]) => address as string).filter(isIPv4);
}

/** `fe80::1%en0   0:11:22:33:44:55   en0 …` */
export function fromNdp(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', link = ''] = line.trim().split(/\s+/);
    return isIPv6(address) && /^[0-9a-f]+(:[0-9a-f]+){5}$/i.test(link) ? [address] : [];
  });
}
