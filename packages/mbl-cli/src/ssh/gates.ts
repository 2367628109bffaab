import { userInfo } from 'node:os';
import type { Duplex } from 'node:stream';
import { isMooringError } from '@mooring/platform';
import { sshErrors } from '../errors.ts';
import { unlessInterrupted } from '../interrupted.ts';
import { type ConnectOptions, connect } from './connect.ts';
import type { Connection } from './connection.ts';
import { gateSettings } from './host-settings.ts';
import type { Gate } from './proxy.ts';
import { describeTarget, type Target } from './target.ts';

/** More are a circle: a gate that is reached through itself. */
const mostGates = 8;

/**
 * Logs in on the last of the gates, which is reached through those before it, and has it connect to the device.
 *
 * @throws MooringError `ssh.proxy.failed`, `interrupted`
 */
export async function throughGates(
  gates: readonly Gate[],
  target: Target,
  options: ConnectOptions & { connectTimeout: number },
): Promise<Duplex> {
  const { signal, gatesPassed = 0 } = options;
  if (gatesPassed === mostGates)
    throw failed(target, 'that leads through more than eight others', 'Look for a circle.');
  const gate = await gateTarget(gates, options.home);
  // The password and the leave to take a new host key are for the device.
  const { password: _, ...login } = options.login;
  const entering = { ...options, login, acceptNewHostKey: false, gatesPassed: gatesPassed + 1 };
  const connection = await connect(gate, entering).catch((error: unknown) => {
    if (!isMooringError(error) || error.code === 'interrupted') throw error;
    throw failed(target, error.message, error.next, error);
  });
  try {
    const stream = await unlessInterrupted(signal, forwarded(connection, target, options.connectTimeout));
    stream.once('close', () => void connection.close());
    return stream;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Unlike a device, a gate is any machine: what ssh itself takes for it is taken here too. */
async function gateTarget(gates: readonly Gate[], home: string): Promise<Target> {
  const gate = gates.at(-1) as Gate;
  const before = gates.slice(0, -1);
  const settings = await gateSettings(home, gate.host);
  return {
    name: gate.host,
    host: settings.hostName ?? gate.host,
    port: gate.port ?? settings.port ?? 22,
    user: gate.user ?? settings.user ?? userInfo().username,
    password: '',
    settings: before.length > 0 ? { ...settings, proxy: { gates: before } } : settings,
    from: 'gate',
  };
}

/** A connection from the gate to the device, which may have an address that means something there alone. */
function forwarded(gate: Connection, target: Target, timeout: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const fail = (message: string, cause?: Error) =>
      reject(
        failed(
          target,
          `${describeTarget(gate.target)} could not connect to port ${target.port} on ${target.host}: ${message}`,
          `Check that the device is on and that ${gate.target.name} is on its network and allows forwarding.`,
          cause,
        ),
      );
    const timer = setTimeout(() => fail(`no answer within ${timeout / 1_000} seconds.`), timeout);
    gate.ssh.forwardOut('127.0.0.1', 0, target.host, target.port, (error, channel) => {
      clearTimeout(timer);
      if (error) fail(`${error.message}.`, error);
      else resolve(channel);
    });
  });
}

function failed(target: Target, why: string, next: string | undefined, cause?: Error) {
  return sshErrors('ssh.proxy.failed', {
    message: `${describeTarget(target)} is reached by ProxyJump of ~/.ssh/config, and ${why}`,
    ...(next === undefined ? {} : { next }),
    cause,
  });
}
