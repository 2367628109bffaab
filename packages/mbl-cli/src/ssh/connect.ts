import type { Clock } from '@mooring/platform';
import type { ConnectConfig } from 'ssh2';
import ssh2 from 'ssh2';
import { unlessInterrupted } from '../interrupted.ts';
import { attemptsFor, authenticationHandler, describeAttempt } from './authentication.ts';
import { Connection } from './connection.ts';
import { hostKeyOf, type KnownDevice, KnownDevices } from './known-devices.ts';
import { hostKeyChanged, loginError } from './login-errors.ts';
import { openSocket } from './network.ts';
import { describeTarget, type Target } from './target.ts';

type Client = InstanceType<typeof ssh2.Client>;

export interface ConnectOptions {
  home: string;
  /** `SSH_AUTH_SOCK`: where the SSH agent listens. */
  agent: string | undefined;
  clock: Clock;
  signal: AbortSignal;
  /** Take a changed host key for the new one of this device. */
  acceptNewHostKey: boolean;
  /** What `-v` shows. */
  note(text: string): void;
  /** For the network connection, in ms. */
  connectTimeout?: number;
  /** From there until the login is done, in ms. */
  loginTimeout?: number;
}

/**
 * Connects and logs in. The host key is remembered at first contact, and a changed one is refused.
 *
 * @throws MooringError `ssh.*`; `interrupted` when `signal` is aborted
 */
export async function connect(target: Target, options: ConnectOptions): Promise<Connection> {
  const { signal, note, clock, loginTimeout = 30_000 } = options;
  const known = new KnownDevices(options.home);
  const expected = await known.find(target.name);
  const { attempts, leftOut } = await attemptsFor(target, options.home, options.agent);
  note(`Connecting to ${describeTarget(target)} as ${target.user}.`);
  const socket = await openSocket(target, signal, options.connectTimeout ?? 10_000);

  let shown: Pick<KnownDevice, 'type' | 'fingerprint'> | undefined;
  let changed = false;
  const client = new ssh2.Client();
  const config: ConnectConfig = {
    sock: socket,
    username: target.user,
    readyTimeout: loginTimeout,
    keepaliveInterval: 15_000,
    keepaliveCountMax: 4,
    // A device that has got another kind of key besides must still show the one that is known.
    ...(expected ? { algorithms: { serverHostKey: preferring(expected.type) } } : {}),
    hostVerifier: (key: Buffer) => {
      shown = hostKeyOf(key);
      changed = expected !== undefined && expected.fingerprint !== shown.fingerprint && !options.acceptNewHostKey;
      return !changed;
    },
    authHandler: authenticationHandler(target.user, attempts, (attempt) => note(`Trying ${describeAttempt(attempt)}.`)),
  };
  try {
    await unlessInterrupted(signal, ready(client, config, note));
  } catch (error) {
    socket.destroy();
    if (changed && expected && shown) throw hostKeyChanged(target, expected, shown, options.home);
    throw loginError(error, target, leftOut);
  }
  if (shown && shown.fingerprint !== expected?.fingerprint) {
    await known.remember(target.name, shown, clock);
    note(`Remembered the host key of ${target.name}: ${shown.type} ${shown.fingerprint}.`);
  }
  return new Connection(target, client, socket);
}

function preferring(type: string) {
  // An RSA key is used with newer signatures first.
  const algorithms = type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type];
  return { prepend: algorithms, append: [], remove: [] } as never;
}

function ready(client: Client, config: ConnectConfig, note: (text: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('ready', resolve);
    client.on('error', (error: Error & { level?: string }) => {
      // An agent that does not answer must not end the other attempts.
      if (error.level === 'agent') note(`The SSH agent did not answer: ${error.message}.`);
      else reject(error);
    });
    client.once('close', () => reject(new Error('The device closed the connection')));
    client.connect(config);
  });
}
