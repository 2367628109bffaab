import { isIPv4, isIPv6 } from 'node:net';
import { selectionErrors, sshErrors } from '../errors.ts';

/** Where a device is. IPv6 link-local hosts carry their zone: `fe80::1%eth0`. */
export interface Address {
  host: string;
  /** Absent if none was named: the port of the SSH configuration, or 22. */
  port?: number | undefined;
}

const hostName =
  /^(?=.{1,253}\.?$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$/;

// A name whose last part is a number is a mistyped IPv4 address (`1.2.3`), which a resolver would still take.
const isHostName = (text: string) => hostName.test(text) && !/(^|\.)\d+\.?$/.test(text);

/**
 * Reads `192.0.2.1`, `fe80::1%eth0`, `device.local`, each also with a port: `192.0.2.1:2222`, `[fe80::1%eth0]:2222`.
 *
 * @throws MooringError `selection.address.invalid`
 */
export function parseAddress(text: string): Address {
  const bracketed = /^\[([^[\]]+)\](?::(\d{1,5}))?$/.exec(text);
  if (bracketed) {
    const host = bracketed[1] as string;
    if (isIPv6(host)) return { host, ...portOf(bracketed[2], text) };
    throw invalid(text);
  }
  if (isIPv4(text) || isIPv6(text) || isHostName(text)) return { host: text };
  const withPort = /^([^:]+):(\d{1,5})$/.exec(text);
  const host = withPort?.[1];
  if (host !== undefined && (isIPv4(host) || isHostName(host))) return { host, ...portOf(withPort?.[2], text) };
  throw invalid(text);
}

function portOf(digits: string | undefined, text: string): { port?: number } {
  if (digits === undefined) return {};
  const port = Number(digits);
  if (port < 1 || port > 65_535) throw invalid(text);
  return { port };
}

function invalid(text: string) {
  return selectionErrors('selection.address.invalid', {
    message: 'Invalid address given.',
    next: `'${text}' is neither an IP address nor a host name. Forms: 192.0.2.1, fe80::1%eth0, device.local, 192.0.2.1:2222, [fe80::1%eth0]:2222.`,
    data: { address: text },
  });
}

/** The form that `parseAddress` reads; port 22 is not written. */
export function formatAddress({ host, port }: Address): string {
  if (port === undefined || port === 22) return host;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Refuses `fe80::1`: it means nothing without the interface it is reached through.
 *
 * @throws MooringError `ssh.address.zone.missing`
 */
export function checkZone(host: string): void {
  if (!/^fe[89ab][0-9a-f]:/i.test(host) || host.includes('%')) return;
  throw sshErrors('ssh.address.zone.missing', {
    message: `${host} is a link-local address, which means nothing without the network interface it is reached through.`,
    next: `Add the interface, as in ${host}%eth0. 'mbl-cli list' shows the devices with theirs.`,
    data: { address: host },
  });
}
