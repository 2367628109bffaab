import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Connection } from 'ssh2';
import ssh2 from 'ssh2';
import { simulatorErrors } from '../../errors.ts';
import type { Device } from '../device.ts';
import { type Access, mayEnter, methodsFor } from './access.ts';
import { serveSession } from './session.ts';

export interface SshServerOptions {
  device: Device;
  hostKey: string;
  address: string;
  port: number;
  access: Access;
}

export interface SshServer {
  port: number;
  /** The public host key in the form of `known_hosts`: `ecdsa-sha2-nistp256 AAAA…` */
  hostKey: string;
  close(): Promise<void>;
}

export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const { device, hostKey, address, port, access } = options;
  const connections = new Set<Connection>();
  const working = new Set<Promise<void>>();
  const ending = new AbortController();

  const server = new ssh2.Server({ hostKeys: [hostKey], ident: 'mooring-virtual-device' }, (connection) => {
    const gone = new AbortController();
    connections.add(connection);
    // Small answers at once: SFTP asks for the next piece only then.
    whole(connection).setNoDelay(true);
    connection.on('error', () => undefined);
    connection.on('close', () => {
      connections.delete(connection);
      gone.abort();
    });
    connection.on('authentication', (attempt) => {
      mayEnter(attempt, access, device.root).then(
        (allowed) => (allowed ? attempt.accept() : attempt.reject(methodsFor(access))),
        () => attempt.reject(methodsFor(access)),
      );
    });
    connection.on('session', (accept) => {
      serveSession(accept(), {
        device,
        signal: AbortSignal.any([gone.signal, ending.signal]),
        uploaded: (bytes) => {
          const left = device.faults.dropAfterUploadBytes;
          if (left === undefined) return;
          device.faults.dropAfterUploadBytes = left - bytes;
          if (left <= bytes) {
            delete device.faults.dropAfterUploadBytes;
            cut(connection);
          }
        },
        track: (work) => {
          const settled = work.catch(() => undefined).finally(() => working.delete(settled));
          working.add(settled);
        },
      });
    });
  });
  await listen(server, address, port);
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: publicKey(hostKey),
    close: async () => {
      ending.abort();
      const closed = once(server, 'close');
      server.close();
      for (const connection of connections) cut(connection);
      await Promise.all([closed, ...working]);
    },
  };
}

/** What a connection has and its type definitions leave out. */
function whole(connection: Connection): { setNoDelay(on: boolean): void; _sock?: { destroy(): void } } {
  return connection as never;
}

/** Without a word of farewell: as when the power goes, and so that nothing is waited for. */
function cut(connection: Connection): void {
  whole(connection)._sock?.destroy();
}

function publicKey(pem: string): string {
  const key = ssh2.utils.parseKey(pem);
  if (key instanceof Error) throw key;
  return `${key.type} ${key.getPublicSSH().toString('base64')}`;
}

async function listen(server: ssh2.Server, address: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, address, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    throw simulatorErrors('device.address.unavailable', {
      message: `The virtual device cannot listen on ${address}, port ${port}: ${(cause as Error).message}.`,
      next: 'Give another address, or port 0 for any free one.',
      cause,
      data: { address, port },
    });
  }
}
