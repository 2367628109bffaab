// A process with one server of the kind that its first argument names; tells its port, and what it takes when it is asked.
import { createServer, type TLSSocket } from 'node:tls';
import { listenDtls, listenTls, type SecureChannel } from '@mooring/transport';
import { tlsProfiles } from '../../packages/transport/src/tls/profile.ts';
import { anyone, identity } from '../../packages/transport/test/identity.ts';

/** What a server has taken so far. */
export interface Taken {
  readonly connections: number;
  /** Bytes. */
  readonly resident: number;
  readonly heap: number;
  /** Microseconds of CPU, when it was asked. */
  readonly used: number;
  /** And for the answer. */
  readonly collecting: number;
}

const credentials = identity('server', undefined, 'server');
const kind = process.argv[2];
const collect = globalThis.gc as () => void;
const ignore = () => {};
const quiet = { message: ignore, ended: ignore };

async function ours(listen: typeof listenTls | typeof listenDtls) {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    credentials,
    verifyPeer: anyone,
    channel: (channel: SecureChannel) => channel.listen(quiet),
  });
  return { port: listener.port, connections: () => listener.stats.channels };
}

/** What one writes who wants nothing but TLS: the same context, and a listener for the data. */
async function bare() {
  const sockets = new Set<TLSSocket>();
  const { key, certificate: cert } = credentials;
  const options = {
    ...tlsProfiles.pelion,
    key,
    cert,
    ca: [],
    requestCert: true,
    rejectUnauthorized: false,
    noDelay: true,
  };
  const server = createServer(options, (socket) => {
    sockets.add(socket);
    socket.on('data', ignore);
    socket.on('error', ignore);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, connections: () => sockets.size };
}

const server = await (kind === 'bare' ? bare() : ours(kind === 'dtls' ? listenDtls : listenTls));
process.send?.({ port: server.port });

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

process.on('message', () => {
  // Before the garbage is collected, which a server does when it likes.
  const used = cpu();
  for (let round = 0; round < 3; round++) collect();
  setTimeout(() => {
    collect();
    const { rss: resident, heapUsed: heap } = process.memoryUsage();
    const taken: Taken = { connections: server.connections(), resident, heap, used, collecting: cpu() - used };
    process.send?.(taken);
  }, 300);
});
