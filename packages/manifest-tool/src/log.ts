import type { Clock } from '@mooring/platform';

export type Severity = 'DEBUG' | 'INFO' | 'WARNING' | 'CRITICAL';

/** What `-l` takes, and the least severity that is then shown. */
export const logLevels = { debug: 'DEBUG', info: 'INFO', warning: 'WARNING', exception: 'CRITICAL' } as const;

const order: readonly Severity[] = ['DEBUG', 'INFO', 'WARNING', 'CRITICAL'];
const colours: Partial<Record<Severity, string>> = { INFO: '1;32', WARNING: '1;93', CRITICAL: '1;31' };

export interface LogSink {
  readonly clock: Clock;
  readonly stderr: { write(text: string): unknown; isTTY?: boolean };
}

export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  /** For what is wrong and yet does not end the command; what does is an error, which becomes such a line. */
  critical(message: string): void;
  /** The old `[WARNING]: …` line, which has no time and no logger and is shown at every level. */
  bareWarning(message: string): void;
}

const twoDigits = (value: number) => String(value).padStart(2, '0');

/** `2019-09-30 10:56:04` in local time, as Python's logging writes it. */
export function localTime(time: Date): string {
  const date = [time.getFullYear(), twoDigits(time.getMonth() + 1), twoDigits(time.getDate())].join('-');
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(':')}`;
}

function label(severity: Severity, sink: LogSink): string {
  const colour = sink.stderr.isTTY ? colours[severity] : undefined;
  return colour ? `[\u001b[${colour}m${severity}\u001b[1;0m]` : `[${severity}]`;
}

/** One line of manifest-tool 1.4.8's log, without its line end; the level is coloured on a terminal only. */
export function logLine(sink: LogSink, severity: Severity, logger: string, message: string): string {
  return `${label(severity, sink)} ${localTime(sink.clock.now())} - ${logger} - ${message}`;
}

/** @param level what `-l` was given */
export function logOf(sink: LogSink, level: keyof typeof logLevels, logger: string): Log {
  const least = order.indexOf(logLevels[level]);
  const write = (severity: Severity) => (message: string) => {
    if (order.indexOf(severity) >= least) sink.stderr.write(`${logLine(sink, severity, logger, message)}\n`);
  };
  return {
    debug: write('DEBUG'),
    info: write('INFO'),
    warning: write('WARNING'),
    critical: write('CRITICAL'),
    bareWarning: (message) => void sink.stderr.write(`${label('WARNING', sink)}: ${message}\n`),
  };
}
