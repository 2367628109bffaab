import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { unlessInterrupted } from '../interrupted.ts';
import type { Connection, Exit } from './connection.ts';

export interface Result {
  exit: Exit;
  stdout: Buffer;
  stderr: Buffer;
}

export interface RunOptions {
  /** Sent as standard input, which is closed at once if absent. */
  input?: Uint8Array | { file: string; progress(bytes: number): void };
  /** What comes, as it comes. */
  onStdout?(chunk: Buffer): void;
  onStderr?(chunk: Buffer): void;
  /** Aborted: the command is given up and the promise rejected. */
  signal?: AbortSignal;
}

/** Runs a command to its end and collects what it writes. */
export async function run(connection: Connection, command: string, options: RunOptions = {}): Promise<Result> {
  const { signal, input } = options;
  const remote = await unlessInterrupted(signal, connection.exec(command));
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  remote.stdout.on('data', (chunk: Buffer) => {
    stdout.push(chunk);
    options.onStdout?.(chunk);
  });
  remote.stderr.on('data', (chunk: Buffer) => {
    stderr.push(chunk);
    options.onStderr?.(chunk);
  });
  // A command that ends without reading its input closes the pipe; its exit status tells.
  remote.stdin.on('error', () => undefined);
  if (input === undefined || input instanceof Uint8Array) {
    remote.stdin.end(input);
  } else {
    const source = createReadStream(input.file);
    source.on('data', (chunk) => input.progress(chunk.length));
    pipeline(source, remote.stdin).catch(() => undefined);
  }
  const exit = await unlessInterrupted(signal, remote.exit, () => remote.abandon());
  return { exit, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
}

/** What a failed command said, on one line, or how it ended. */
export function complaint({ exit, stdout, stderr }: Result): string {
  const lines = (stderr.toString('utf8').trim() || stdout.toString('utf8').trim()).split('\n');
  const said = lines.map((line) => line.trim()).filter(Boolean);
  if (said.length > 0) return said.join(' ').slice(0, 500);
  return 'code' in exit ? `exit status ${exit.code}` : `ended by ${exit.signal}`;
}

export const succeeded = ({ exit }: Result): boolean => 'code' in exit && exit.code === 0;
