import { parseAddress } from '../devices/address.ts';

/** A machine through which a device is reached: an entry of `ProxyJump`. */
export interface Gate {
  /** As written: it may be a host of `~/.ssh/config`. */
  host: string;
  port?: number | undefined;
  user?: string | undefined;
}

/** The way to a device that is not straight, as `~/.ssh/config` has it. */
export type ProxyWay = { gates: Gate[] } | { command: string };

type Setting = string | string[] | undefined;

/**
 * `ProxyJump` and `ProxyCommand` of one host; as in OpenSSH, the one that comes first in the file counts.
 *
 * @param settings in the order of the file
 * @throws MooringError `selection.address.invalid`, for a gate
 */
export function proxyOf(settings: Readonly<Record<string, Setting>>): ProxyWay | undefined {
  const name = Object.keys(settings).find((key) => key === 'proxyjump' || key === 'proxycommand');
  const value = name === undefined ? undefined : [settings[name] ?? []].flat().join(' ').trim();
  if (name === undefined || !value || value.toLowerCase() === 'none') return undefined;
  return name === 'proxycommand' ? { command: value } : { gates: value.split(',').map(gateOf) };
}

/** `[user@]host[:port]`, or the same as `ssh://…` (ssh_config(5), ProxyJump). */
function gateOf(text: string): Gate {
  const plain = text
    .trim()
    .replace(/^ssh:\/\//i, '')
    .replace(/\/$/, '');
  const at = plain.lastIndexOf('@');
  const { host, port } = parseAddress(plain.slice(at + 1));
  return { host, port, user: at > 0 ? plain.slice(0, at) : undefined };
}

/** What ssh_config(5) lets a `ProxyCommand` say of where it leads. */
export interface Destination {
  host: string;
  port: number;
  user: string;
  name: string;
}

export function expandCommand(command: string, { host, port, user, name }: Destination): string {
  const tokens: Readonly<Record<string, string>> = { '%': '%', h: host, n: name, p: String(port), r: user };
  return command.replace(/%(.)/g, (written, token: string) => tokens[token] ?? written);
}
