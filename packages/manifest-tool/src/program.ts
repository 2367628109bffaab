import { isMooringError, systemClock } from '@mooring/platform';
import type { Program } from '@mooring/terminal';
import type { Disk } from './disk.ts';
import { initCommand } from './init/command.ts';
import { type LogSink, logLevels, logLine } from './log.ts';

/** Failures whose line is one that 1.4.8 wrote: a script gets it alone, a person at a terminal gets the remedy as well. */
const oldLines = new Set(['init.domain.invalid', 'init.signing.key.id', 'init.psk.endpoint']);

/** The loggers of 1.4.8, by the first word of an error code. */
const loggers: Readonly<Record<string, string>> = { init: 'manifesttool.init' };

/**
 * The program for one world: its failures are log lines, which need a clock and a place to go.
 *
 * @param disk for tests that cut the power
 */
export function manifestTool(sink: LogSink, disk?: Disk): Program {
  return {
    name: 'manifest-tool',
    version: '1.4.8',
    summary:
      "Prepares a project for firmware updates. Mooring's own program with the command line of manifest-tool 1.4.8; " +
      '`--version` names that version, since scripts ask for it.',
    groups: [{ title: 'Project', commands: [initCommand(disk)] }],
    options: [
      {
        flags: ['-l', '--log-level'],
        name: 'log_level',
        metavar: `{${Object.keys(logLevels).join(',')}}`,
        choices: Object.keys(logLevels),
        default: 'info',
        help: 'The least severe lines of the log to show; stands before the command.',
      },
    ],
    failureExit: 1,
    usageErrors: 'argparse',
    formatFailure(error) {
      const code = isMooringError(error) ? error.code : 'internal';
      if (code === 'manifest.argument') return error.message;
      const logger = loggers[code.split('.')[0] as string] ?? 'manifesttool';
      const withNext = error.next && (sink.stderr.isTTY || !oldLines.has(code));
      return [error.message, ...(withNext ? [error.next as string] : [])]
        .map((line) => logLine(sink, 'CRITICAL', logger, line))
        .join('\n');
    },
  };
}

export const program: Program = manifestTool({ clock: systemClock, stderr: process.stderr });
