import { isMooringError } from '@mooring/platform';
import { readSelectedDevice, saveSelectedDevice } from '../devices/device-file.ts';
import { type ConnectOptions, connect } from './connect.ts';
import type { Connection } from './connection.ts';
import { describeTarget, type Target } from './target.ts';

/**
 * Connects to a device. A selected one that is not where it was is looked for, and its new place is kept.
 *
 * @throws MooringError `ssh.*`, of the place where it should be
 */
export async function reach(target: Target, options: ConnectOptions): Promise<Connection> {
  try {
    return await connect(target, options);
  } catch (error) {
    if (!mayHaveMoved(error, target)) throw error;
    options.tell(`${describeTarget(target)} is not there; looking for it on all networks of this machine.`);
    const { findAgain } = await import('./find-again.ts');
    const connection = await findAgain(target, options);
    if (!connection) throw error;
    const { host, port } = connection.target;
    const selected = await readSelectedDevice(options.home);
    await saveSelectedDevice(options.home, { ...selected, address: host, port });
    options.tell(`It is now ${describeTarget(connection.target)}, which is kept as the selected device.`);
    return connection;
  }
}

/** True for a failure that another address may help against. */
function mayHaveMoved(error: unknown, target: Target): boolean {
  if (!isMooringError(error) || target.from !== 'selection' || target.settings.proxy) return false;
  const { code, data } = error;
  // Only the network connection names a port; a login that takes too long does not.
  return (
    code === 'ssh.unreachable' || code === 'ssh.hostkey.changed' || (code === 'ssh.timeout' && 'port' in (data ?? {}))
  );
}
