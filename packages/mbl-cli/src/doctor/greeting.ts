import type { Duplex } from 'node:stream';
import type { ConnectConfig } from 'ssh2';
import ssh2 from 'ssh2';
import { attemptsFor, authenticationHandler, type Login } from '../ssh/authentication.ts';
import { Connection } from '../ssh/connection.ts';
import { type HostKey, hostKeyOf, type KnownDevice, KnownDevices } from '../ssh/known-devices.ts';
import { loginError } from '../ssh/login-errors.ts';
import type { Target } from '../ssh/target.ts';

export interface ShownKey {
  shown: HostKey;
  /** Of the first contact; undefined if there was none. */
  expected: KnownDevice | undefined;
  changed: boolean;
}

export interface Greeting {
  /** As soon as the device has shown it. */
  hostKey: Promise<ShownKey>;
  /** Rejected without an attempt to log in if the host key changed. */
  login: Promise<Connection>;
}

/** How long host key and login may take together, in ms. */
const limit = 30_000;

/**
 * Logs in as every command does, but step by step, and remembers nothing: a look must not be a first contact.
 *
 * @param socket connected to the device
 */
export async function greet(
  target: Target,
  socket: Duplex,
  world: { home: string; login: Login; acceptNewHostKey: boolean },
): Promise<Greeting> {
  const expected = await new KnownDevices(world.home).find(target.name);
  const { attempts, leftOut } = await attemptsFor(target, world.home, world.login);
  const hostKey = Promise.withResolvers<ShownKey>();
  const login = Promise.withResolvers<Connection>();
  const client = new ssh2.Client();
  let shown: HostKey | undefined;
  const fail = (error: unknown) => {
    const told = loginError(error, target, { leftOut, given: world.login.password !== undefined });
    hostKey.reject(told);
    login.reject(told);
  };
  const config: ConnectConfig = {
    sock: socket,
    username: target.user,
    readyTimeout: limit,
    hostVerifier: (key: Buffer) => {
      shown = hostKeyOf(key);
      const changed = expected !== undefined && expected.fingerprint !== shown.fingerprint;
      hostKey.resolve({ shown, expected, changed });
      return !changed || world.acceptNewHostKey;
    },
    authHandler: authenticationHandler(target, attempts, undefined, () => undefined),
  };
  client.on('error', (error: Error & { level?: string }) => {
    if (error.level !== 'agent') fail(error);
  });
  client.once('close', () => fail(new Error('The device closed the connection')));
  client.once('ready', () => login.resolve(new Connection(target, shown?.fingerprint ?? '', client, socket)));
  // A rung that is not reached asks for neither.
  hostKey.promise.catch(() => undefined);
  login.promise.catch(() => undefined);
  client.connect(config);
  return { hostKey: hostKey.promise, login: login.promise };
}
