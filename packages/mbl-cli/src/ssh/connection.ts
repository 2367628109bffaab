import { connect as connectSocket, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { type Clock, isMooringError } from '@mooring/platform';
import type { ClientChannel, ConnectConfig, PseudoTtyOptions } from 'ssh2';
import ssh2 from 'ssh2';
import { sshErrors } from '../errors.ts';
import { unlessInterrupted } from '../interrupted.ts';
import { attemptsFor, authenticationHandler, describeAttempt } from './authentication.ts';
import { resolveHost } from './host-names.ts';
import { hostKeyOf, type KnownDevice, KnownDevices, knownDevicesPath } from './known-devices.ts';
import { describeTarget, type Target } from './target.ts';

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

/** How a remote command ended: its exit status, or the signal that ended it. */
export type Exit = { code: number } | { signal: string };

export interface RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** After both outputs were read to their end. Rejected if the connection breaks first. */
  readonly exit: Promise<Exit>;
  resize(size: { columns: number; rows: number }): void;
  /** Gives up: the other end sees its channel closed. */
  abandon(): void;
}

type Client = InstanceType<typeof ssh2.Client>;

/** A logged-in connection to a device; everything a command does goes through one. */
export class Connection {
  readonly target: Target;
  private readonly client: Client;
  private readonly socket: Socket;
  private broken: Error | undefined;

  constructor(target: Target, client: Client, socket: Socket) {
    this.target = target;
    this.client = client;
    this.socket = socket;
    client.on('error', (error) => {
      this.broken ??= error;
    });
  }

  /** Starts a command; its standard input is open until the caller ends it. */
  exec(command: string): Promise<RemoteProcess> {
    return this.open((done) => this.client.exec(command, done));
  }

  /** Starts the login shell on a terminal of its own. */
  shell(terminal: PseudoTtyOptions): Promise<RemoteProcess> {
    return this.open((done) => this.client.shell(terminal, done));
  }

  /** The raw client, for SFTP. */
  get ssh(): Client {
    return this.client;
  }

  /** Says goodbye; a device that does not answer it is left after a second. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.socket.destroyed) return resolve();
      const giveUp = setTimeout(() => this.socket.destroy(), 1_000);
      this.socket.once('close', () => {
        clearTimeout(giveUp);
        resolve();
      });
      this.client.end();
    });
  }

  /** The error for a transfer or command that ended because the connection did. */
  lost(): Error {
    return sshErrors('ssh.connection.lost', {
      message: `The connection to ${describeTarget(this.target)} broke.`,
      next: 'Check that the device is still running and repeat.',
      cause: this.broken,
    });
  }

  private open(start: (done: (error: Error | undefined, channel: ClientChannel) => void) => void) {
    return new Promise<RemoteProcess>((resolve, reject) => {
      const onClose = () => reject(this.lost());
      this.client.once('close', onClose);
      const done = (error: Error | undefined, channel: ClientChannel) => {
        this.client.off('close', onClose);
        if (error) reject(this.refused(error));
        else resolve(processOf(channel, () => this.lost()));
      };
      try {
        start(done);
      } catch (error) {
        done(error as Error, undefined as never);
      }
    });
  }

  private refused(cause: Error) {
    return sshErrors('ssh.channel.refused', {
      message: `${describeTarget(this.target)} did not start the command: ${cause.message}.`,
      next: 'Log in with an SSH program to see what the device allows.',
      cause,
    });
  }
}

function processOf(channel: ClientChannel, lost: () => Error): RemoteProcess {
  const exit = new Promise<Exit>((resolve, reject) => {
    let ended: Exit | undefined;
    channel.on('exit', (code: number | null, signal?: string) => {
      ended = code === null ? { signal: signal ?? 'unknown' } : { code };
    });
    channel.on('close', () => {
      if (ended) resolve(ended);
      else reject(lost());
    });
    channel.on('error', reject);
  });
  exit.catch(() => undefined);
  return {
    stdin: channel.stdin as Writable,
    stdout: channel.stdout,
    stderr: channel.stderr,
    exit,
    resize: ({ columns, rows }) => channel.setWindow(rows, columns, 0, 0),
    abandon: () => void channel.destroy(),
  };
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

async function openSocket(target: Target, signal: AbortSignal, timeout: number): Promise<Socket> {
  const host = await unlessInterrupted(signal, resolveHost(target.host, signal));
  const socket = connectSocket({ host, port: target.port, noDelay: true });
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

const reasons: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'there is no way to that address',
  ENETUNREACH: 'there is no way to that network',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name server does not answer',
  EINVAL: 'the network interface named in the address does not exist',
  ENODEV: 'the network interface named in the address does not exist',
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

function loginError(error: unknown, target: Target, leftOut: readonly string[]): unknown {
  if (isMooringError(error)) return error;
  const { level, message } = error as Error & { level?: string };
  const device = describeTarget(target);
  if (level === 'client-authentication') {
    return sshErrors('ssh.authentication.refused', {
      message: `${device} lets ${target.user} in neither without authentication, nor with the keys found, nor with ${target.password ? 'the stored or ' : ''}an empty password.`,
      next: [
        `Name a key that the device knows: IdentityFile for the host 'mbl-device' (or that of -c) in ~/.ssh/config.`,
        ...leftOut,
      ].join('\n'),
      cause: error,
      data: { user: target.user, leftOut },
    });
  }
  if (level === 'client-timeout') {
    return sshErrors('ssh.timeout', {
      message: `${device} took the connection but did not finish the SSH login in time.`,
      next: 'It may still be starting; try again in a moment.',
      cause: error,
    });
  }
  return sshErrors('ssh.protocol.failed', {
    message: `${device} and this program could not agree on an SSH connection: ${message}.`,
    next: `Check that port ${target.port} is that of the device's SSH server, and try again in a moment if it is just starting.`,
    cause: error,
  });
}

function hostKeyChanged(
  target: Target,
  expected: KnownDevice,
  shown: Pick<KnownDevice, 'type' | 'fingerprint'>,
  home: string,
) {
  return sshErrors('ssh.hostkey.changed', {
    message: `${describeTarget(target)} shows another host key than at first contact (${expected.since}): ${shown.fingerprint} instead of ${expected.fingerprint}. It may be another device, or someone between.`,
    next: `If the device was flashed anew or replaced, repeat with '--accept-new-host-key' before the command. Known devices are in ${knownDevicesPath(home)}.`,
    data: { device: target.name, expected: expected.fingerprint, shown: shown.fingerprint },
  });
}
