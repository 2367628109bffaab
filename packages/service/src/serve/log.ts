import type { Clock } from '@mooring/platform';

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warning', 'error'];

type Say = (event: string, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** One line per event. Fields are facts for a machine; secrets belong in neither. */
export type Log = Readonly<Record<LogLevel, Say>>;

/** Nothing writes a secret into the log; should a library's message ever quote one, it does not get there. */
function withoutSecrets(line: string): string {
  return line
    .replace(/-----BEGIN[^-]*-----.*?(-----END[^-]*-----|$)/gs, '[PEM]')
    .replace(/\bak_1[A-Za-z0-9+/]{20,}/g, '[API key]')
    .replace(/\bms_[A-Za-z0-9_-]{20,}/g, '[session]')
    .replace(/\bml_[A-Za-z0-9_-]{20,}/g, '[one-time link]')
    .replace(/\b(bearer)\s+[^\s"\\]+/gi, '$1 [hidden]');
}

/**
 * @param least what is less than this is left out
 * @param write gets whole lines with their line end
 */
export function lineLog(
  format: 'text' | 'json',
  clock: Clock,
  write: (line: string) => void,
  least: LogLevel = 'info',
): Log {
  const at =
    (level: LogLevel): Say =>
    (event, message, fields) => {
      if (logLevels.indexOf(level) < logLevels.indexOf(least)) return;
      const time = clock.now().toISOString();
      const plain = level === 'info' || level === 'debug';
      const line =
        format === 'json'
          ? JSON.stringify({ time, level, event, message, ...fields })
          : `${time} ${plain ? '' : `${level}: `}${message.replaceAll(/[\r\n]+/g, ' ')}`;
      write(`${withoutSecrets(line)}\n`);
    };
  return { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error') };
}

const silent: Say = () => undefined;

/** Of commands that tell what they have to tell by themselves. */
export const noLog: Log = { debug: silent, info: silent, warning: silent, error: silent };
