import { StringDecoder } from 'node:string_decoder';
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
export function prompterOf(io: Io, output: Output, signal: AbortSignal): Prompter {
  const decoder = new StringDecoder('utf8');
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
      const chunk = await nextChunk(io.stdin, decoder, signal);
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
        const chunk = await nextChunk(io.stdin, decoder, signal);
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

/** The text of the next chunk, or null at the end. Ctrl-C ends the waiting. */
function nextChunk(stream: Io['stdin'], decoder: StringDecoder, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      stream.off('data', onData).off('end', onEnd).off('error', onError);
      signal.removeEventListener('abort', onAbort);
      stream.pause();
    };
    const onData = (data: Buffer | string) => {
      stop();
      resolve(typeof data === 'string' ? data : decoder.write(data));
    };
    const onEnd = () => {
      stop();
      resolve(null);
    };
    const onError = (error: Error) => {
      stop();
      reject(error);
    };
    const onAbort = () => {
      stop();
      reject(terminalErrors('interrupted', { message: 'Interrupted.' }));
    };
    if (signal.aborted) return onAbort();
    if (stream.readableEnded || stream.destroyed) return resolve(null);
    stream.on('data', onData).on('end', onEnd).on('error', onError);
    signal.addEventListener('abort', onAbort);
    stream.resume();
  });
}
