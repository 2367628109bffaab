import { isMooringError, type MooringError } from '@mooring/platform';
import type { CommandContext, StatusLine, Values } from '@mooring/terminal';
import { failureLines } from '../failure-lines.ts';
import { type Log, type LogSink, type logLevels, logOf } from '../log.ts';

/** The log of an update command, whose lines stand above the progress. */
export interface UpdateLog extends Log {
  /** A failure as 1.4.8 tells it, before it cleans up. */
  failure(error: MooringError): void;
}

export function updateLog(
  context: CommandContext,
  values: Values,
  logger: string,
  line: StatusLine,
  host: string,
): UpdateLog {
  const { io, clock } = context;
  const sink: LogSink = {
    clock,
    stderr: {
      isTTY: io.stderr.isTTY === true,
      write: (text) => line.above(() => void io.stderr.write(text)),
    },
  };
  const log = logOf(sink, values.log_level as keyof typeof logLevels, logger);
  return {
    ...log,
    failure(error) {
      if (!error.code.startsWith('update.')) {
        sink.stderr.write(`${failureLines(sink, 'create', error)}\n`);
        return;
      }
      log.critical(error.message);
      const cause = isMooringError(error.cause) ? error.cause.code : '';
      if (cause === 'rest.unreachable' || cause === 'rest.timeout') {
        log.critical('Failed to establish connection to API-GW');
      }
      if (error.code === 'update.image.failed') log.critical(`Check API server URL "${host}"`);
      if (error.next) log.critical(error.next);
    },
  };
}
