import type { Io, Output } from './io.ts';
import { terminalErrors } from './terminal-errors.ts';

export interface Prompter {
  /** True if a person is there: both ends are a terminal. */
  readonly interactive: boolean;
  /** Writes the question as it stands and reads one line, without its line end. */
  ask(question: string): Promise<string>;
  /** The same without showing what is typed. */
  askSecret(question: string): Promise<string>;
}

/** Reads lines one at a time and leaves the rest of the stream alone, so that piped answers serve several questions. */
export function prompterOf(io: Io, output: Output): Prompter {
  let pending = '';
  let ended = false;

  async function readLine(): Promise<string> {
    for (;;) {
      const end = pending.indexOf('\n');
      if (end >= 0) {
        const line = pending.slice(0, end).replace(/\r$/, '');
        pending = pending.slice(end + 1);
        return line;
      }
      if (ended) {
        if (pending !== '') {
          const line = pending;
          pending = '';
          return line;
        }
        throw terminalErrors('input.ended', {
          message: 'The input ended before the question was answered.',
          next: 'Answer on a terminal, or give the answer as an option.',
        });
      }
      const chunk = await nextChunk(io.stdin);
      if (chunk === null) ended = true;
      else pending += chunk;
    }
  }

  async function ask(question: string): Promise<string> {
    output.write(question);
    return readLine();
  }

  async function askSecret(question: string): Promise<string> {
    const terminal = io.stdin as typeof io.stdin & { setRawMode?(on: boolean): void };
    if (!io.stdin.isTTY || !terminal.setRawMode) return ask(question);
    output.write(question);
    terminal.setRawMode(true);
    try {
      let typed = '';
      for (;;) {
        const chunk = await nextChunk(io.stdin);
        if (chunk === null) return typed;
        for (const key of chunk) {
          if (key === '\r' || key === '\n') return typed;
          if (key === '\u0003') throw terminalErrors('interrupted', { message: 'Ended by Ctrl-C.' });
          if (key === '\u007f' || key === '\b') typed = typed.slice(0, -1);
          else typed += key;
        }
      }
    } finally {
      terminal.setRawMode(false);
      output.write('\n');
    }
  }

  return { interactive: Boolean(io.stdin.isTTY && io.stdout.isTTY), ask, askSecret };
}

function nextChunk(stream: Io['stdin']): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const done = (value: string | null, error?: Error) => {
      stream.off('data', onData).off('end', onEnd).off('error', onError);
      stream.pause();
      if (error) reject(error);
      else resolve(value);
    };
    const onData = (data: Buffer | string) => done(typeof data === 'string' ? data : data.toString('utf8'));
    const onEnd = () => done(null);
    const onError = (error: Error) => done(null, error);
    if (stream.readableEnded || stream.destroyed) return resolve(null);
    stream.on('data', onData).on('end', onEnd).on('error', onError);
    stream.resume();
  });
}
