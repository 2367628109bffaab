import { addressKind, type ListenAddress, parseHost } from './address.ts';

/**
 * The host in the URIs handed out, where none was set: the address listened on, so that a service that is reached under
 * one address hands that out; the machine's name if it listens on all of them.
 */
export function defaultPublicHost(http: ListenAddress, machineName: string): string {
  if (addressKind(http.host) === 'loopback') return http.host === 'localhost' ? '127.0.0.1' : http.host;
  if (addressKind(http.host) !== 'unspecified') return http.host;
  return parseHost(machineName) ?? '127.0.0.1';
}

const remedy = 'Set --public-host to a name that stays.';

/** Why devices might not find this host one day, as a sentence; undefined if nothing speaks against it. */
export function publicHostWarning(host: string): string | undefined {
  const kept = `Devices are told to connect to ${host} and keep that:`;
  switch (addressKind(host)) {
    case 'loopback':
      return `${kept} only devices on this machine will find the service there. ${remedy}`;
    case 'unspecified':
      return `${kept} that is no address one can connect to. ${remedy}`;
    case 'link-local':
      return `${kept} a link-local address works on one network link only, and changes. ${remedy}`;
    case 'private':
      return `${kept} a private address is found only inside this network, and DHCP may give it to another machine. ${remedy}`;
    case 'unroutable':
      return `${kept} an address of that range is not routed to any machine. ${remedy}`;
    case 'name':
      if (host.endsWith('.local'))
        return `${kept} a .local name is found only on this link, by devices with mDNS. ${remedy}`;
      if (!host.includes('.'))
        return `${kept} a name without a domain is found only where the local network adds one. ${remedy}`;
      return undefined;
    default:
      return undefined;
  }
}
