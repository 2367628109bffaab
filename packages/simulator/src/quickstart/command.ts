import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { simulatorErrors } from '../errors.ts';
import type { Transcript } from './transcript.ts';

export interface CommandLine {
  /** As in `bin/`. */
  program: 'mooring' | 'mbl-cli' | 'manifest-tool';
  words: readonly string[];
  /** Text for its standard input, shown as `< FILE`. */
  input?: { file: string; text: string };
  /** File that takes its standard output, shown as `> FILE`; made with mode 0600. */
  output?: { file: string; path: string };
  /** The exit status that it has to have; 0 if absent. */
  status?: number;
  /** Called with all output so far; what it returns is typed, and shown as typed. */
  answer?(output: string): string | undefined;
}

export interface Shell {
  checkout: string;
  cwd: string;
  env: Record<string, string>;
  transcript: Transcript;
  signal: AbortSignal;
}

/** Runs a command as a person would, shows it and its output, and gives the output back. A failure is an error. */
export async function run(shell: Shell, line: CommandLine): Promise<string> {
  const { transcript, signal } = shell;
  const shown = [line.program, ...line.words.map(quoted)].join(' ');
  transcript.command(
    `${shown}${line.input ? ` < ${line.input.file}` : ''}${line.output ? ` > ${line.output.file}` : ''}`,
  );
  signal.throwIfAborted();
  const file = line.output && openSync(line.output.path, 'wx', 0o600);
  const child = spawn(process.execPath, [join(shell.checkout, 'bin', line.program), ...line.words], {
    cwd: shell.cwd,
    env: shell.env,
    stdio: ['pipe', file ?? 'pipe', 'pipe'],
  });
  if (file !== undefined) closeSync(file);
  const stdin = child.stdin as Writable;
  const interrupt = () => child.kill('SIGINT');
  signal.addEventListener('abort', interrupt);
  stdin.on('error', () => undefined);
  if (!line.answer) stdin.end(line.input?.text ?? '');

  let all = '';
  const show = (decoder: StringDecoder) => (chunk: Buffer) => {
    const text = decoder.write(chunk);
    all += text;
    transcript.write(text);
    const typed = line.answer?.(all);
    if (typed === undefined) return;
    transcript.write(`${typed}\n`);
    all += `${typed}\n`;
    stdin.end(`${typed}\n`);
  };
  child.stdout?.on('data', show(new StringDecoder('utf8')));
  child.stderr?.on('data', show(new StringDecoder('utf8')));
  const status = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  }).finally(() => signal.removeEventListener('abort', interrupt));
  signal.throwIfAborted();
  if (status !== (line.status ?? 0)) throw failed(`"${shown}" ended with exit status ${status}.`);
  return all;
}

/** A step whose command failed, or did not do what it should. */
export function failed(message: string, data?: Record<string, unknown>): Error {
  return simulatorErrors('quickstart.step.failed', { message, ...(data ? { data } : {}) });
}

/** As a shell needs it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
