import { closeSync, fstatSync, openSync, statSync, writeSync } from 'node:fs';
import type { Clock } from '@mooring/platform';

export type Level = 'ERR ' | 'WARN' | 'INFO' | 'DBG ';

/** What the client tells of itself. */
export interface ClientLog {
  error(text: string): void;
  warn(text: string): void;
  info(text: string): void;
  debug(text: string): void;
  /** After the file was moved away: goes on in a new one (SIGHUP, as logrotate sends it). */
  reopen(): void;
  close(): void;
}

/** `2026-11-28T02:00:01+0000 [INFO][mbl ]: text`, as the log of Mbed Linux OS' client: people search it by these words. */
function line(clock: Clock, level: Level, text: string): string {
  const time = clock
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, '+0000');
  return `${time} [${level}][mbl ]: ${text.replaceAll(/[\r\n]+/g, ' ')}\n`;
}

/**
 * @param path undefined writes to standard error alone, for a journal or a terminal
 * @param failed told once when the file cannot be written; the client goes on without it
 */
export function clientLog(
  path: string | undefined,
  options: { clock: Clock; debug: boolean; also: (text: string) => void; failed: (error: Error) => void },
): ClientLog {
  let file: number | undefined;
  let complained = false;
  const open = () => {
    if (path === undefined) return;
    try {
      file = openSync(path, 'a', 0o640);
    } catch (error) {
      complain(error as Error);
    }
  };
  const complain = (error: Error) => {
    if (!complained) options.failed(error);
    complained = true;
  };
  const close = () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  const write = (level: Level) => (text: string) => {
    const whole = line(options.clock, level, text);
    options.also(whole);
    if (file === undefined) return;
    try {
      writeSync(file, whole);
      complained = false;
    } catch (error) {
      complain(error as Error);
    }
  };
  open();
  return {
    error: write('ERR '),
    warn: write('WARN'),
    info: write('INFO'),
    debug: options.debug ? write('DBG ') : () => undefined,
    reopen() {
      const isSame = file !== undefined && path !== undefined && sameFile(file, path);
      if (isSame) return;
      close();
      open();
    },
    close,
  };
}

function sameFile(file: number, path: string): boolean {
  try {
    const [open, named] = [fstatSync(file), statSync(path)];
    return open.ino === named.ino && open.dev === named.dev;
  } catch {
    return false;
  }
}
