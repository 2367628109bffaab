import type { Duplex } from 'node:stream';
import type { ConnectConfig } from 'ssh2';
import ssh2 from 'ssh2';
import { unlessInterrupted } from '../interrupted.ts';
import { attemptsFor, authenticationHandler, describeAttempt } from './authentication.ts';
import type { ConnectOptions } from './connect.ts';
import { Connection } from './connection.ts';
import { firstContact } from './first-contact.ts';
import { type HostKey, hostKeyOf, KnownDevices } from './known-devices.ts';
import { hostKeyChanged, loginError } from './login-errors.ts';
import type { Target } from './target.ts';

type Client = InstanceType<typeof ssh2.Client>;

/**
 * Logs in over the way that leads to the SSH server of a device, and closes it if that fails.
 *
 * @throws MooringError `ssh.*`; `interrupted` when `signal` is aborted
 */
export async function logIn(target: Target, way: Duplex, options: ConnectOptions): Promise<Connection> {
  try {
    return await attempt(target, way, options);
  } catch (error) {
    way.destroy();
    throw error;
  }
}

async function attempt(target: Target, way: Duplex, options: ConnectOptions): Promise<Connection> {
  const { signal, note, login, loginTimeout = 30_000 } = options;
  const known = new KnownDevices(options.home);
  const expected = await known.find(target.name);
  const { attempts, leftOut } = await attemptsFor(target, options.home, login);
  let shown: HostKey | undefined;
  let changed = false;
  let typed = false;
  const client = new ssh2.Client();
  const deadline = new Deadline(loginTimeout);
  const { ask } = login;
  const asking = ask && ((question: string) => deadline.without(() => ask(question)));
  const config: ConnectConfig = {
    sock: way,
    username: target.user,
    readyTimeout: 0,
    keepaliveInterval: 15_000,
    keepaliveCountMax: 4,
    // A device that has got another kind of key besides must still show the one that is known.
    ...(expected ? { algorithms: { serverHostKey: preferring(expected.type) } } : {}),
    hostVerifier: (key: Buffer) => {
      shown = hostKeyOf(key);
      changed = expected !== undefined && expected.fingerprint !== shown.fingerprint && !options.acceptNewHostKey;
      return !changed;
    },
    authHandler: authenticationHandler(target, attempts, asking, (attempt) => {
      typed ||= attempt.type === 'password' && attempt.from === 'typed';
      note(`Trying ${describeAttempt(attempt)}.`);
    }),
  };
  try {
    // Whoever takes the connection and breaks it off at once may have done so before anybody listened.
    if (way.destroyed) throw way.errored ?? closed();
    await unlessInterrupted(signal, Promise.race([deadline.passed, ready(client, config, note)]));
  } catch (error) {
    if (changed && expected && shown) throw hostKeyChanged(target, expected, shown, options.home);
    throw loginError(error, target, { leftOut, typed, given: login.password !== undefined });
  } finally {
    deadline.clear();
  }
  if (shown && shown.fingerprint !== expected?.fingerprint && !options.onlyLooking) {
    for (const line of await firstContact(known, target, shown)) options.tell(line);
    await known.remember(target.name, shown, options.clock);
  }
  return new Connection(target, shown?.fingerprint ?? '', client, way);
}

/** A limit that does not count while a person is asked. */
class Deadline {
  /** Rejected when the time is over, as ssh2 reports it. */
  readonly passed: Promise<never>;
  readonly #reject: (error: Error) => void;
  readonly #limit: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(limit: number) {
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    this.passed = promise;
    this.#reject = reject;
    this.#limit = limit;
    this.#start();
  }

  #start(): void {
    const late = Object.assign(new Error('Timed out while logging in'), { level: 'client-timeout' });
    this.#timer = setTimeout(() => this.#reject(late), this.#limit);
  }

  async without<T>(work: () => Promise<T>): Promise<T> {
    this.clear();
    try {
      return await work();
    } finally {
      this.#start();
    }
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

const closed = () => new Error('The device closed the connection');

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
    client.once('close', () => reject(closed()));
    client.connect(config);
  });
}
