import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';

export interface ProgramResult {
  /** Exit status; 127 where there is no such program, 128 and more where a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starting programs, as an argument. */
export interface Programs {
  run(
    program: string,
    words: readonly string[],
    input?: string,
    options?: { readonly timeout?: number },
  ): Promise<ProgramResult>;
  /** Goes on by itself, whatever becomes of this process; both outputs go to the end of the file. */
  start(program: string, words: readonly string[], log: string): Promise<void>;
}

/** What a program says is shown to people, and some say much. */
const mostOutput = 64 * 1024;
const usualTimeout = 60_000;

export const systemPrograms: Programs = {
  run: (program, words, input = '', { timeout = usualTimeout } = {}) =>
    new Promise((resolve) => {
      const child = spawn(program, [...words], { stdio: ['pipe', 'pipe', 'pipe'], timeout, killSignal: 'SIGKILL' });
      const said = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].on('data', (text: Buffer) => {
          if (said[name].length < mostOutput) said[name] += text.toString('utf8');
        });
      }
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
      child.once('error', (error) => resolve({ status: 127, stdout: '', stderr: error.message }));
      child.once('close', (status, signal) => resolve({ status: status ?? (signal ? 128 : 1), ...said }));
    }),
  start: async (program, words, log) => {
    const output = openSync(log, 'a', 0o640);
    const child = spawn(program, [...words], { stdio: ['ignore', output, output], detached: true });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
  },
};
