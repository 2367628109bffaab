import type { Io } from './io.ts';

/** One line at the bottom of a terminal that says how far long work is. Where there is no terminal it is nothing. */
export interface StatusLine {
  show(text: string): void;
  /** Takes the line away. */
  clear(): void;
  /** Writes something else, which stands above the line. */
  above(write: () => void): void;
}

const toStart = '\r';
const toEndOfLine = '\u001b[K';

/** @param stderr where it is shown; what a script reads is left alone */
export function statusLine(stderr: Io['stderr'] & { columns?: number }): StatusLine {
  if (!stderr.isTTY) return { show() {}, clear() {}, above: (write) => write() };
  let shown = '';
  const draw = (text: string) => {
    if (text === shown) return;
    shown = text;
    stderr.write(`${toStart}${text}${toEndOfLine}`);
  };
  return {
    // A line that wraps could not be taken back.
    show: (text) => draw([...text].slice(0, (stderr.columns ?? 80) - 1).join('')),
    clear: () => draw(''),
    above(write) {
      const text = shown;
      draw('');
      write();
      draw(text);
    },
  };
}
