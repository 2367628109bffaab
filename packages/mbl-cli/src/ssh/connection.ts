import type { Duplex, Readable, Writable } from 'node:stream';
import type { Client, ClientChannel, PseudoTtyOptions } from 'ssh2';
import { sshErrors } from '../errors.ts';
import { describeTarget, type Target } from './target.ts';

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

/** A logged-in connection to a device; everything a command does goes through one. */
export class Connection {
  readonly target: Target;
  /** Fingerprint of the host key that the device has shown. */
  readonly hostKey: string;
  private readonly client: Client;
  private readonly socket: Duplex;
  private broken: Error | undefined;

  constructor(target: Target, hostKey: string, client: Client, socket: Duplex) {
    this.target = target;
    this.hostKey = hostKey;
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
