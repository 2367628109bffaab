import { StringDecoder } from 'node:string_decoder';
import type { Io, Output } from './io.ts';
import { terminalErrors } from './terminal-errors.ts';
import { isRawTerminal, type Keys, typedLine } from './typed-line.ts';

export interface Prompter {
  /** True if a person is there: both ends are a terminal. */
  readonly interactive: boolean;
  /** Writes the question as it stands and reads one line, without its line end. */
  ask(question: string): Promise<string>;
  /** The same without showing what is typed. */
  askSecret(question: string): Promise<string>;
  /** A question that stays at the bottom while lines are still written above it. For an interactive terminal. */
  askBelow(question: string): OpenQuestion;
}

export interface OpenQuestion {
  /** What was typed; undefined if the question was withdrawn before. */
  readonly answer: Promise<string | undefined>;
  /** Writes a line above the question; what was typed of the answer stays. */
  line(text: string): void;
  /** Takes the question back. */
  withdraw(): void;
}

/** To the beginning of the line, and it is emptied (ECMA-48 §8.3.41). */
const clearedLine = '\r\u001b[K';

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

  const keysUntil = (end: AbortSignal): Keys => ({
    async next() {
      if (pending === '') return nextChunk(io.stdin, decoder, end);
      const keys = pending;
      pending = '';
      return keys;
    },
    giveBack(keys) {
      pending = keys + pending;
    },
  });

  async function ask(question: string): Promise<string> {
    output.write(question);
    return readLine();
  }

  async function askSecret(question: string): Promise<string> {
    const { stdin } = io;
    if (!isRawTerminal(stdin)) return ask(question);
    output.write(question);
    try {
      return await typedLine(stdin, keysUntil(signal));
    } finally {
      output.write('\n');
    }
  }

  function askBelow(question: string): OpenQuestion {
    const { stdin } = io;
    const withdrawal = new AbortController();
    let open = true;
    let typed = '';
    const draw = () => output.write(`${clearedLine}${question}${typed}`);
    const read = async () => {
      if (!isRawTerminal(stdin)) return readLine();
      return typedLine(stdin, keysUntil(AbortSignal.any([signal, withdrawal.signal])), (line) => {
        typed = line;
        if (open) draw();
      });
    };
    draw();
    const answer = read()
      .catch((error: unknown) => {
        if (withdrawal.signal.aborted && !signal.aborted) return undefined;
        throw error;
      })
      .finally(() => {
        if (open) output.write('\n');
        open = false;
      });
    answer.catch(() => undefined);
    return {
      answer,
      line: (text) => {
        output.write(`${clearedLine}${text}\n`);
        if (open) draw();
      },
      withdraw: () => {
        if (open) output.write(clearedLine);
        open = false;
        withdrawal.abort();
      },
    };
  }

  return {
    get interactive() {
      return Boolean(io.stdin.isTTY && io.stdout.isTTY);
    },
    ask,
    askSecret,
    askBelow,
  };
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
