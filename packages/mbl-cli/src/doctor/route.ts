import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

export type Route = { by: string; from: string } | { trouble: string };

const troubles: Readonly<Record<string, string>> = {
  ENETUNREACH: 'this machine has no way to that network',
  EHOSTUNREACH: 'this machine has no way to that address',
  EADDRNOTAVAIL: 'this machine has no address to reach it from',
  EINVAL: 'the network interface named in the address is not there or not up',
};

/** Asks the system which way packets to this IP address would go. None is sent: a datagram socket only binds. */
export async function routeTo(address: string, port: number): Promise<Route> {
  const zone = address.split('%')[1];
  if (zone !== undefined && !/^\d+$/.test(zone) && !(zone in networkInterfaces())) {
    return { trouble: `this machine has no network interface ${zone}` };
  }
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // A callback of `connect` would get the error in place of this, and its types do not say so.
  socket.once('error', reject).once('connect', () => resolve(socket.address().address));
  try {
    socket.connect(port, address);
    const from = await promise;
    return { by: interfaceOf(from), from };
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return { trouble: troubles[code] ?? message };
  } finally {
    socket.close();
  }
}

function interfaceOf(address: string): string {
  const plain = address.split('%')[0];
  const found = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some((known) => known.address === plain),
  );
  return found?.[0] ?? address.split('%')[1] ?? 'an interface of this machine';
}
