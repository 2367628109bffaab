import type { Io } from './io.ts';
import { terminalErrors } from './terminal-errors.ts';

type RawTerminal = Io['stdin'] & { setRawMode(on: boolean): void };

/** True for a terminal that can hand over single keys. */
export const isRawTerminal = (stdin: Io['stdin']): stdin is RawTerminal =>
  Boolean(stdin.isTTY) && 'setRawMode' in stdin && typeof stdin.setRawMode === 'function';

/** What is typed, as it comes: keys that belong to the next line are given back. */
export interface Keys {
  /** Null at the end of the input. */
  next(): Promise<string | null>;
  giveBack(keys: string): void;
}

/**
 * Reads one line key by key, so that what is on the screen is ours to decide. The terminal is as before afterwards.
 *
 * @param changed told what the line is so far
 * @throws MooringError `interrupted` on Ctrl-C
 */
export async function typedLine(
  terminal: RawTerminal,
  keys: Keys,
  changed: (line: string) => void = () => undefined,
): Promise<string> {
  terminal.setRawMode(true);
  try {
    let line = '';
    for (;;) {
      const chunk = await keys.next();
      if (chunk === null) return line;
      // Arrow keys and the like.
      if (chunk.startsWith('\u001b')) continue;
      for (const [index, key] of [...chunk].entries()) {
        if (key === '\r' || key === '\n') {
          keys.giveBack([...chunk].slice(index + 1).join(''));
          changed(line);
          return line;
        }
        if (key === '\u0003') throw terminalErrors('interrupted', { message: 'Ended by Ctrl-C.' });
        if (key === '\u007f' || key === '\b') line = line.slice(0, -1);
        else line += key;
      }
      changed(line);
    }
  } finally {
    terminal.setRawMode(false);
  }
}
