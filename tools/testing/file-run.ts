import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { leftRunning } from './left-running.ts';

/** In milliseconds: for one test; for a whole file; for a file whose tests have all ended and that does not end itself. */
export interface Limits {
  readonly test: number;
  readonly file: number;
  readonly idle: number;
}

export interface FileResult {
  readonly file: string;
  readonly status: 'passed' | 'failed' | 'hung';
  readonly tests: number;
  readonly failed: number;
  readonly skipped: number;
  /** In milliseconds. */
  readonly duration: number;
  readonly output: string;
}

const running = new Set<ChildProcess>();

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Ends a file's process and all that it started and that did not leave its group. */
function end({ pid }: ChildProcess): void {
  if (pid !== undefined) kill(process.platform === 'win32' ? pid : -pid);
}

export function endRunning(): void {
  for (const child of running) end(child);
}

/** Runs one file of tests with this process's Node. What it says goes into the result, so that files do not mix. */
export async function runTestFile(
  root: string,
  file: string,
  limits: Limits,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<FileResult> {
  const mark = `MOORING_TEST_FILE=${randomUUID()}`;
  const [name, value] = mark.split('=') as [string, string];
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      `--test-timeout=${limits.test}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${join(import.meta.dirname, 'open-handles.ts')}`,
      '--test-reporter-destination=stdout',
      file,
    ],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, to be ended as a whole.
      detached: process.platform !== 'win32',
      env: { ...env, MOORING_TEST_IDLE: String(limits.idle), [name]: value },
    },
  );
  running.add(child);

  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  child.stderr.on('data', (piece: Buffer) => pieces.push(piece));
  let isHung = false;
  const timer = setTimeout(() => {
    isHung = true;
    end(child);
  }, limits.file);
  const closed = once(child, 'close');
  const code = await new Promise<number | null>((resolve) => {
    child.on('exit', resolve);
    child.on('error', (error) => {
      pieces.push(Buffer.from(String(error)));
      resolve(1);
    });
  });
  clearTimeout(timer);
  end(child);
  running.delete(child);
  const left = leftRunning(mark);
  for (const { pid } of left) kill(pid);
  // The last words may still be in the pipes; who else holds these has been ended, as far as it was found.
  await Promise.race([closed, sleep(2_000, undefined, { ref: false })]);

  for (const { command } of left) pieces.push(Buffer.from(`\nleft running, ended now: ${command}\n`));
  if (isHung) pieces.push(Buffer.from(`\nThe file was ended after ${limits.file / 60_000} minutes.\n`));
  const output = Buffer.concat(pieces).toString();
  const count = (what: string) => Number(new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  return {
    file,
    status: isHung ? 'hung' : code === 0 ? 'passed' : 'failed',
    tests: count('tests'),
    failed: count('fail') + count('cancelled'),
    skipped: count('skipped'),
    duration: performance.now() - started,
    output,
  };
}
