import { type Clock, isMooringError } from '@mooring/platform';
import type { Command, CommandContext, Values } from '@mooring/terminal';
import { manifestToolErrors } from './errors.ts';
import { localTime } from './log.ts';

export type Severity2x = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

const order: readonly Severity2x[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];

/** The log of the 2.x tools. It is their output for people: standard output, or standard error under `--json`. */
export interface Log2x {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  critical(message: string): void;
}

/** `2023-06-01 12:00:00,000 INFO text`, local time; a text of several lines has one such head. */
export function logLine2x(clock: Clock, severity: Severity2x, message: string): string {
  const now = clock.now();
  return `${localTime(now)},${String(now.getMilliseconds()).padStart(3, '0')} ${severity} ${message}`;
}

/** @param least the least severe lines that are shown: `ERROR` for -q */
export function log2x(context: Pick<CommandContext, 'output' | 'clock'>, least: Severity2x = 'INFO'): Log2x {
  const write = (severity: Severity2x) => (message: string) => {
    if (order.indexOf(severity) < order.indexOf(least)) return;
    context.output.line(logLine2x(context.clock, severity, message));
  };
  return {
    debug: write('DEBUG'),
    info: write('INFO'),
    warning: write('WARNING'),
    error: write('ERROR'),
    critical: write('CRITICAL'),
  };
}

/**
 * A command of a 2.x tool: an expected failure is an ERROR line on standard output and exit status 1, as old scripts
 * look for it. The remedy goes to standard error, so that standard output stays what it was. With `--json`, and for
 * wrong usage (exit status 2), the failure goes the usual way. `--debug` (a value `debug`) adds the stack.
 */
export function logging2x(
  run: (context: CommandContext, values: Values, log: Log2x) => Promise<unknown>,
  least: (values: Values) => Severity2x = () => 'INFO',
): Command['run'] {
  return async (context, values) => {
    const log = log2x(context, least(values));
    try {
      return await run(context, values, log);
    } catch (error) {
      if (!isMooringError(error) || context.json || context.signal.aborted || error.exitCode === 2) throw error;
      log.error(error.message);
      if (error.next) context.output.note(error.next);
      if (values.debug) context.output.note(error.stack ?? '');
      context.exit(error.exitCode ?? 1);
      return undefined;
    }
  };
}

/**
 * What argparse says of a value that it refuses, for values that only a look at the disk can judge: exit status 2.
 *
 * @param program with its command: `manifest-package-tool parse`
 * @param argument as argparse names it: `-p/--package`
 */
export function argumentError2x(program: string, argument: string, reason: string): Error {
  return manifestToolErrors('manifest.argument', {
    message: `${program}: error: argument ${argument}: ${reason}`,
    exitCode: 2,
  });
}
