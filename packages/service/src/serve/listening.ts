import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { createServer } from 'node:net';
import { serveErrors } from '../errors.ts';
import { type ListenAddress, uriHost } from './address.ts';

/** Turns a failed listen() into a sentence; anything else is passed through unchanged. */
export function listenError(
  error: unknown,
  { host, port }: ListenAddress,
  option = '--http',
  protocol: 'TCP' | 'UDP' = 'TCP',
): unknown {
  const where = `${uriHost(host)}:${port}${protocol === 'UDP' ? ' (UDP)' : ''}`;
  const fail = (code: Parameters<typeof serveErrors>[0], problem: string, next: string) =>
    serveErrors(code, { message: `${where}: ${problem}.`, next, cause: error, data: { host, port } });
  switch ((error as NodeJS.ErrnoException | undefined)?.code) {
    case 'EADDRINUSE':
      return fail(
        'serve.port.used',
        'another program listens there already',
        `Choose another port with ${option}, or end that program. With port 0 a free one is picked.`,
      );
    case 'EACCES':
      return fail(
        'serve.address.unusable',
        'this user may not listen there',
        'Ports below 1024 are for root, or for units with AmbientCapabilities=CAP_NET_BIND_SERVICE.',
      );
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return fail('serve.address.unusable', 'that is not an address of this machine', `Choose another with ${option}.`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return fail('serve.address.unusable', 'that name has no address', `Choose another with ${option}.`);
    default:
      return error;
  }
}

/**
 * Finds out whether an address can be listened on, before anything is made on the disk.
 *
 * @throws MooringError `serve.*`
 */
export async function probeAddress(address: ListenAddress, option = '--http'): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, address, option)));
    server.listen({ ...address, exclusive: true }, resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}

/**
 * The same for UDP.
 *
 * @throws MooringError `serve.*`
 */
export async function probeUdp({ host, port }: ListenAddress, option: string): Promise<void> {
  try {
    const { address, family } = await lookup(host);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind({ port, address, exclusive: true }, resolve);
      });
    } finally {
      socket.close();
    }
  } catch (error) {
    throw listenError(error, { host, port }, option, 'UDP');
  }
}
