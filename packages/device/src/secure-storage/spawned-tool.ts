import { spawn } from 'node:child_process';
import { storageErrors } from './storage-errors.ts';

export interface ToolResult {
  /** Exit status; 128 + n after signal n, as a shell has it. */
  readonly status: number;
  readonly output: Buffer;
  /** What it wrote to standard error. */
  readonly said: string;
}

/**
 * Starts a program that speaks with a key store and waits for it. Secrets go in by `input` or `env`, never by `args`:
 * every user of the machine can read a command line.
 */
export type RunTool = (
  program: string,
  args: readonly string[],
  more?: { readonly input?: Uint8Array; readonly env?: Readonly<Record<string, string>> },
) => Promise<ToolResult>;

/** A TPM may take seconds for a key; one that says nothing for this long (ms) will not. */
const patience = 60_000;

/**
 * @param packages what to install for each program, for the message
 * @throws MooringError `storage.key.tool.missing`
 */
export function spawnedTools(
  env: Readonly<Record<string, string | undefined>>,
  packages: string,
  timeout = patience,
): RunTool {
  return (program, args, { input, env: more } = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        env: { ...env, LC_ALL: 'C', ...more },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      // Not spawn's own timeout, which goes on ticking after a program that could not be started.
      const impatience = setTimeout(() => child.kill('SIGKILL'), timeout);
      const output: Buffer[] = [];
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString('utf8');
      });
      child.on('error', (cause) => {
        clearTimeout(impatience);
        reject(
          storageErrors('storage.key.tool.missing', {
            message: `The key of the secure storage cannot be had: the program ${program} could not be started.`,
            next: `Install ${packages}.`,
            cause,
            data: { program },
          }),
        );
      });
      child.on('close', (code) => {
        clearTimeout(impatience);
        resolve({ status: code ?? 137, output: Buffer.concat(output), said });
      });
      // It may have ended before it read anything.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input ?? new Uint8Array(0));
    });
}

/** A line of the TPM's own library (tpm2-tss), which says less than the tool that uses it. */
const libraryLine = /^(WARNING|ERROR|INFO):\w+:/;

/** The line of a tool's complaints that says most, without its own prefix. */
export function complaint(said: string): string {
  const all = said.split('\n').filter((line) => line.trim() !== '');
  const own = all.filter((line) => !libraryLine.test(line));
  const lines = own.length > 0 ? own : all;
  const line =
    lines.find((each) => /^ERROR: /.test(each)) ?? lines.find((each) => /error|fail/i.test(each)) ?? lines[0];
  return (line ?? 'it said nothing')
    .replace(/^(ERROR|error): /, '')
    .trim()
    .replace(/\.$/, '');
}
