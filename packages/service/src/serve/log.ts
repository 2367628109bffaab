import type { Clock } from '@mooring/platform';

export type LogLevel = 'info' | 'warning' | 'error';

/** One line per event. Fields are facts for a machine; secrets belong in neither. */
export interface Log {
  info(event: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
  warning(event: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** @param write gets whole lines with their line end */
export function lineLog(format: 'text' | 'json', clock: Clock, write: (line: string) => void): Log {
  const at = (level: LogLevel) => (event: string, message: string, fields?: Readonly<Record<string, unknown>>) => {
    const time = clock.now().toISOString();
    if (format === 'json') write(`${JSON.stringify({ time, level, event, message, ...fields })}\n`);
    else write(`${time} ${level === 'info' ? '' : `${level}: `}${message.replaceAll(/[\r\n]+/g, ' ')}\n`);
  };
  return { info: at('info'), warning: at('warning'), error: at('error') };
}

/** Of commands that tell what they have to tell by themselves. */
export const noLog: Log = { info: () => undefined, warning: () => undefined, error: () => undefined };
