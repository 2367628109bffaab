import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { backgroundTimers, systemClock } from '@mooring/platform';
import type { Peer, SecureChannel } from '../channel.ts';
import type { DtlsConnectOptions } from '../connector.ts';
import { transportErrors } from '../errors.ts';
import { dtlsAddon, type NativeContext } from './addon.ts';
import { DtlsChannel } from './channel.ts';
import { defaultMtu, defaultRetransmission } from './defaults.ts';
import { dtlsProfile } from './profile.ts';
import { DtlsSession } from './session.ts';

const defaultDeadline = 60_000;
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function makeContext(options: DtlsConnectOptions): NativeContext {
  const { credentials, authorities, preSharedKey, profile = 'pelion' } = options;
  const use = { certificates: preSharedKey === undefined, preSharedKeys: preSharedKey !== undefined };
  const isJudged = options.verifyPeer !== undefined || use.preSharedKeys || !authorities?.length;
  try {
    return dtlsAddon().context({
      isServer: false,
      preSharedKeys: use.preSharedKeys,
      ...dtlsProfile(profile, use),
      ...credentials,
      ...(isJudged ? {} : { authorities: authorities.join('\n') }),
    });
  } catch (error) {
    throw transportErrors('transport.credentials.invalid', {
      message: `The key, certificate or authorities of the client cannot be used: ${messageOf(error)}.`,
      next: 'Check that they are PEM, complete, and that key and certificate belong together.',
      cause: error,
    });
  }
}

async function openSocket(host: string, port: number): Promise<{ socket: Socket; address: string }> {
  const { address, family } = await lookup(host);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(port, address, resolve);
  });
  socket.removeAllListeners('error');
  return { socket, address };
}

/** What is wrong with the server, if anything is. */
async function untrusted(options: DtlsConnectOptions, session: DtlsSession, peer: Peer): Promise<string | undefined> {
  if (options.preSharedKey !== undefined) return undefined;
  if (options.verifyPeer !== undefined) {
    const verdict = await options.verifyPeer(peer.certificates, { address: peer.address, port: peer.port });
    return verdict.trusted ? undefined : verdict.detail;
  }
  return options.authorities?.length ? session.facts().distrust : 'no authority was given';
}

/**
 * Connects over UDP and DTLS 1.2.
 *
 * @throws MooringError `transport.dtls.unavailable`, `transport.connect.failed`, `transport.connect.timeout`,
 * `transport.peer.untrusted`, `transport.credentials.invalid`; the reason of `signal` where it was aborted
 */
export async function connectDtls(options: DtlsConnectOptions): Promise<SecureChannel> {
  const { host, port, signal, preSharedKey, timers = backgroundTimers, clock = systemClock } = options;
  const { mtu = defaultMtu, retransmission = defaultRetransmission } = options;
  signal?.throwIfAborted();
  const place = `${host} UDP port ${port}`;
  const failure = (cause: unknown) =>
    transportErrors('transport.connect.failed', {
      message: `The connection to ${place} was not made: ${messageOf(cause)}.`,
      next: 'Check address and port, that the server runs, and what it says about this connection.',
      cause,
    });
  const context = makeContext(options);
  const { socket, address } = await openSocket(host, port).catch((error) => {
    throw failure(error);
  });

  let channel: DtlsChannel | undefined;
  let secure: () => void = () => {};
  const handshake = new Promise<void>((resolve) => (secure = resolve));
  let refuse: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => (refuse = reject));
  // It is raced against below; after that nobody waits for it.
  failed.catch(() => {});
  const early: Uint8Array[] = [];
  const session = new DtlsSession(
    dtlsAddon(),
    context,
    { isServer: false, mtu, retransmission, timers },
    {
      transmit: (datagram) => socket.send(datagram, () => {}),
      progressed(messages) {
        if (channel !== undefined) {
          channel.progressed(messages);
          return;
        }
        early.push(...messages);
        if (session.state === 'open') secure();
        else if (session.state !== 'handshake') refuse(failure(session.error || 'the server ended the handshake'));
      },
    },
  );
  const end = () => {
    session.free();
    // What was written last, a goodbye for one, is on its way in the next turn.
    setImmediate(() => socket.close());
  };
  const onAbort = () => refuse(signal?.reason);
  signal?.addEventListener('abort', onAbort);
  socket.on('message', (datagram) => session.receive(datagram));
  // Nobody listens there, as ICMP says; later that may be a lie, and CoAP finds out by itself.
  socket.on('error', (error) => refuse(failure(error)));
  const deadline = timers.after(options.deadline ?? defaultDeadline, () =>
    refuse(
      transportErrors('transport.connect.timeout', {
        message: `The connection to ${place} was not secure in time.`,
        next: 'Check that the server speaks DTLS on this port, that nothing between drops packets, and the pre-shared key.',
      }),
    ),
  );

  try {
    if (preSharedKey !== undefined) session.setKey(Buffer.from(preSharedKey.identity), preSharedKey.key);
    session.receive(new Uint8Array());
    await Promise.race([handshake, failed]);
    const { certificates } = session.facts();
    const peer: Peer = { address, port, certificates };
    const wrong = await Promise.race([untrusted(options, session, peer), failed]);
    if (wrong !== undefined) {
      session.close();
      throw transportErrors('transport.peer.untrusted', {
        message: `The server at ${place} is not one that is trusted: ${wrong}.`,
        next: 'Check that the authority that was given is the one that made the certificate of this server.',
      });
    }
    channel = new DtlsChannel(session, peer, clock, end);
    channel.progressed(early);
    return channel;
  } catch (error) {
    end();
    throw error;
  } finally {
    deadline.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
