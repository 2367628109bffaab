import { Readable, Writable } from 'node:stream';
import { type Clock, fixedClock } from '@mooring/platform';
import { runUtility } from '../../src/index.ts';

export interface Transcript {
  status: number;
  out: string[];
  err: string[];
  /** Standard output as JSON. */
  json(): Record<string, unknown>;
}

export const today = fixedClock('2026-11-22T12:00:00Z');

/** Runs one command line of the utility in this process. */
export async function run(
  argv: readonly string[],
  { env = {}, clock = today, cwd = '/' }: { env?: Record<string, string>; clock?: Clock; cwd?: string } = {},
): Promise<Transcript> {
  let out = '';
  let err = '';
  const sink = (take: (text: string) => void) =>
    new Writable({
      write(chunk, _, done) {
        take(String(chunk));
        done();
      },
    });
  const status = await runUtility(argv, {
    stdin: Readable.from([]),
    stdout: sink((text) => (out += text)),
    stderr: sink((text) => (err += text)),
    env,
    cwd,
    home: '/',
    clock,
  });
  const lines = (text: string) => text.split('\n').slice(0, -1);
  return { status, out: lines(out), err: lines(err), json: () => JSON.parse(out) as Record<string, unknown> };
}
