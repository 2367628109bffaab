import { type ConnectionOptions, checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import { backgroundTimers, type MooringError, systemClock } from '@mooring/platform';
import { plainAddress } from '../admission.ts';
import type { Peer, SecureChannel } from '../channel.ts';
import type { ConnectOptions } from '../connector.ts';
import { transportErrors } from '../errors.ts';
import { certificatesOf } from './certificates.ts';
import { TlsChannel } from './channel.ts';
import { tlsProfiles } from './profile.ts';

const defaultDeadline = 30_000;
const ignore = () => {};
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function open(options: ConnectOptions): TLSSocket {
  const { host, port, credentials, authorities, serverName, alpn, profile = 'pelion' } = options;
  const given: ConnectionOptions = {
    ...tlsProfiles[profile],
    host,
    port,
    ca: [...(authorities ?? [])],
    // Judged in `untrusted`, so that what is wrong can be said.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(credentials === undefined ? {} : { key: credentials.key, cert: credentials.certificate }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
  };
  try {
    return connect(given);
  } catch (error) {
    throw transportErrors('transport.credentials.invalid', {
      message: `The key and certificate of the client cannot be used: ${messageOf(error)}.`,
      next: 'Check that both are PEM, complete, and belong together.',
      cause: error,
    });
  }
}

/** What is wrong with the server, if anything is. */
async function untrusted(options: ConnectOptions, socket: TLSSocket, peer: Peer): Promise<string | undefined> {
  const { verifyPeer, serverName } = options;
  if (verifyPeer !== undefined) {
    const verdict = await verifyPeer(peer.certificates, { address: peer.address, port: peer.port });
    if (!verdict.trusted) return verdict.detail;
  } else if (!socket.authorized) {
    return String(socket.authorizationError);
  }
  if (serverName === undefined) return undefined;
  return checkServerIdentity(serverName, socket.getPeerCertificate())?.message;
}

/**
 * Connects over TCP and TLS.
 *
 * @throws MooringError `transport.connect.failed`, `transport.connect.timeout`, `transport.peer.untrusted`,
 * `transport.credentials.invalid`; the reason of `signal` where it was aborted
 */
export async function connectTls(options: ConnectOptions): Promise<SecureChannel> {
  const { host, port, signal, timers = backgroundTimers, clock = systemClock } = options;
  signal?.throwIfAborted();
  const place = `${host} port ${port}`;
  const socket = open(options);
  socket.setNoDelay(true);

  let refuse: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    refuse = (error) => {
      reject(error);
      socket.destroy();
    };
  });
  // It is raced against below; after that nobody waits for it.
  failed.catch(() => {});
  const broke = (cause?: Error): MooringError =>
    transportErrors('transport.connect.failed', {
      message: `The connection to ${place} was not made: ${cause?.message ?? 'it was closed during the handshake'}.`,
      next: 'Check address and port, that the server runs, and what it says about this connection.',
      cause,
    });
  const onError = (error: Error) => refuse(broke(error));
  const onClose = () => refuse(broke());
  const onAbort = () => refuse(signal?.reason);
  socket.on('error', onError).on('error', ignore).on('close', onClose);
  signal?.addEventListener('abort', onAbort);
  const deadline = timers.after(options.deadline ?? defaultDeadline, () =>
    refuse(
      transportErrors('transport.connect.timeout', {
        message: `The connection to ${place} was not secure in time.`,
        next: 'Check that the server speaks TLS on this port and that nothing between drops packets.',
      }),
    ),
  );

  const secure = async (): Promise<SecureChannel> => {
    await new Promise<void>((resolve) => socket.once('secureConnect', resolve));
    const address = plainAddress(socket.remoteAddress ?? host);
    const channel = new TlsChannel(socket, { address, port, certificates: certificatesOf(socket) }, { clock, timers });
    const wrong = await untrusted(options, socket, channel.peer);
    if (wrong === undefined) return channel;
    throw transportErrors('transport.peer.untrusted', {
      message: `The server at ${place} is not one that is trusted: ${wrong}.`,
      next: 'Check that the authority that was given is the one that made the certificate of this server.',
    });
  };
  try {
    return await Promise.race([secure(), failed]);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    deadline.cancel();
    signal?.removeEventListener('abort', onAbort);
    socket.off('close', onClose);
    socket.off('error', onError);
  }
}
