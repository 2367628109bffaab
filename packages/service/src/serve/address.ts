import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

export interface ListenAddress {
  /** Name or address; IPv6 without brackets. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const hostName = new RegExp(`^${label}(\\.${label})*$`, 'i');

/** A host name (RFC 1123 §2.1) or an address, IPv6 with or without brackets; undefined for anything else. */
export function parseHost(text: string): string | undefined {
  const bare = /^\[.*\]$/.test(text) ? text.slice(1, -1) : text;
  // A zone (`fe80::1%eth0`) names an interface of one machine and means nothing on another.
  if (isIPv6(bare)) return bare.includes('%') ? undefined : bare.toLowerCase();
  if (bare !== text) return undefined;
  if (isIPv4(text)) return text;
  // What looks like an address and is none is a mistake, not a name.
  return text.length <= 253 && hostName.test(text) && !/^[\d.]+$/.test(text) ? text.toLowerCase() : undefined;
}

/** `HOST:PORT`, `[::1]:PORT`; undefined for anything else. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const found = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(text);
  const port = Number(found?.[2]);
  const host = parseHost(found?.[1] ?? '');
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

/** A host as it stands in a URI. */
export function uriHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

function blocks(...ranges: [network: string, prefix: number][]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, isIPv6(network) ? 'ipv6' : 'ipv4');
  return list;
}

// IANA special-purpose address registries (RFC 6890).
const loopback = blocks(['127.0.0.0', 8], ['::1', 128]);
const unspecified = blocks(['0.0.0.0', 8], ['::', 128]);
const linkLocal = blocks(['169.254.0.0', 16], ['fe80::', 10]);
const privateUse = blocks(['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16], ['100.64.0.0', 10], ['fc00::', 7]);
const unroutable = blocks(
  ['192.0.2.0', 24],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['2001:db8::', 32],
  ['ff00::', 8],
);

export type AddressKind = 'name' | 'loopback' | 'unspecified' | 'link-local' | 'private' | 'unroutable' | 'public';

/** What kind of thing a host is, as far as it can be told without asking a network. */
export function addressKind(host: string): AddressKind {
  if (isIP(host) === 0) return host === 'localhost' || host.endsWith('.localhost') ? 'loopback' : 'name';
  const family = isIPv6(host) ? 'ipv6' : 'ipv4';
  if (loopback.check(host, family)) return 'loopback';
  if (unspecified.check(host, family)) return 'unspecified';
  if (linkLocal.check(host, family)) return 'link-local';
  if (privateUse.check(host, family)) return 'private';
  if (unroutable.check(host, family)) return 'unroutable';
  return 'public';
}

/** Where browsers and programs find the service: by its public host, where it listens on all addresses. */
export function restAddress(
  { http, tls }: { readonly http: ListenAddress; readonly tls: unknown },
  publicHost: string,
): string {
  const host = addressKind(http.host) === 'unspecified' ? publicHost : http.host;
  return `${tls ? 'https' : 'http'}://${uriHost(host)}:${http.port}`;
}
