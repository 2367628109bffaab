import { homedir } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { type Clock, systemClock } from '@mooring/platform';
import { standardInput, standardOutput } from './standard-streams.ts';

/** The world of a command line, so that a test can be one. */
export interface Io {
  readonly stdin: Readable & { isTTY?: boolean };
  readonly stdout: Writable & { isTTY?: boolean; columns?: number };
  readonly stderr: Writable & { isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly clock: Clock;
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Streams are made when they are first used: a command that reads nothing starts without the cost of it. */
export function processIo(): Io {
  const { env } = process;
  const stdin = once(() => standardInput(() => process.stdin));
  const stdout = once(() => standardOutput(1, () => process.stdout));
  const stderr = once(() => standardOutput(2, () => process.stderr));
  return {
    get stdin() {
      return stdin();
    },
    get stdout() {
      return stdout();
    },
    get stderr() {
      return stderr();
    },
    env,
    cwd: process.cwd(),
    home: env.HOME || homedir(),
    clock: systemClock,
  };
}

/** Where a command writes. */
export interface Output {
  /** A line of the result for people: stdout, or stderr when stdout carries JSON. */
  line(text?: string): void;
  /** The same without a line end, for prompts and progress. */
  write(text: string): void;
  /** A remark that is not the result: stderr. */
  note(text: string): void;
}

export function outputOf(io: Io, json: boolean): Output {
  const people = json ? io.stderr : io.stdout;
  return {
    line: (text = '') => void people.write(`${text}\n`),
    write: (text) => void people.write(text),
    note: (text) => void io.stderr.write(`${text}\n`),
  };
}
