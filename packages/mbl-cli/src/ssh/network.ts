import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { sshErrors } from '../errors.ts';
import { unlessInterrupted } from '../interrupted.ts';
import { resolveHost } from './host-names.ts';
import { describeTarget, type Target } from './target.ts';

/**
 * Opens the network connection.
 *
 * @param timeout in ms
 * @throws MooringError `ssh.unreachable`, `ssh.timeout`, `interrupted`
 */
export async function openSocket(target: Target, signal: AbortSignal, timeout: number): Promise<Socket> {
  const host = await unlessInterrupted(signal, resolveHost(target.host, signal));
  checkInterface(host, target);
  const socket = connect({ host, port: target.port, noDelay: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(timedOut(target, timeout)), timeout);
  socket.once('connect', resolve);
  socket.on('error', (error) => reject(unreachable(target, error)));
  try {
    await unlessInterrupted(signal, promise);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The system takes an address of an interface that is not there for one without, and waits for an answer. */
function checkInterface(host: string, target: Target): void {
  const zone = host.split('%')[1];
  if (zone === undefined || /^\d+$/.test(zone) || zone in networkInterfaces()) return;
  throw unreachable(target, Object.assign(new Error(`no interface ${zone}`), { code: 'ENODEV' }));
}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'there is no way to that address',
  ENETUNREACH: 'there is no way to that network',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name server does not answer',
  EINVAL: 'the network interface named in the address is not there or not up',
  ENODEV: 'the network interface named in the address is not there or not up',
  EADDRNOTAVAIL: 'this machine has no address to reach it from',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it closed the connection',
};

const checkDevice = "Check that the device is on and on the same network; 'mbl-cli list' shows those that answer.";

function unreachable(target: Target, cause: NodeJS.ErrnoException) {
  // Of several addresses of a name each has failed; the first tells as much as the last.
  const code = cause.code ?? (cause as { errors?: NodeJS.ErrnoException[] }).errors?.[0]?.code ?? '';
  return sshErrors('ssh.unreachable', {
    message: `Unable to connect to port ${target.port} on ${target.host}: ${reasons[code] ?? cause.message}.`,
    next: checkDevice,
    cause,
    data: { address: target.host, port: target.port, reason: code },
  });
}

function timedOut(target: Target, timeout: number) {
  return sshErrors('ssh.timeout', {
    message: `${describeTarget(target)} did not answer on port ${target.port} within ${timeout / 1000} seconds.`,
    next: checkDevice,
    data: { address: target.host, port: target.port },
  });
}
