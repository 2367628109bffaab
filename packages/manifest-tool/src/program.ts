import { systemClock, systemTimers, type Timers } from '@mooring/platform';
import type { Command, Program } from '@mooring/terminal';
import { certAddCommand } from './certificates/add-command.ts';
import { certCreateCommand } from './certificates/create-command.ts';
import { createCommand } from './create/command.ts';
import type { Disk } from './disk.ts';
import { failureLines } from './failure-lines.ts';
import { generationOption } from './generation.ts';
import { initCommand } from './init/command.ts';
import { inspectCommand } from './inspect/command.ts';
import { type LogSink, logLevels } from './log.ts';
import { parseCommand } from './parse/command.ts';
import { certRenewCommand } from './renew/renew-command.ts';
import { signCommand } from './sign/command.ts';
import { updateDeviceCommand } from './update/device-command.ts';
import { updatePrepareCommand } from './update/prepare-command.ts';
import { verifyCommand } from './verify/command.ts';

/**
 * The commands of 1.4.8 and our own. Its failures are log lines, which need a clock and a place to go.
 *
 * @param disk for tests that cut the power
 * @param timers for tests that do not wait
 */
export function manifestTool(sink: LogSink, disk?: Disk, timers: Timers = systemTimers): Program {
  let running = '';
  const noted = (command: Command): Command => ({
    ...command,
    run: (context, values) => {
      running = command.name;
      return command.run(context, values);
    },
  });
  const commands = (list: readonly Command[]): Command[] => list.map(noted);
  return {
    name: 'manifest-tool',
    version: '1.4.8',
    summary:
      "Prepares a project for firmware updates, and makes and checks update manifests. Mooring's own program with the command line of manifest-tool 1.4.8; " +
      '`--version` names that version, since scripts ask for it. The commands of manifest-tool 2.6.2 (create and parse of the same name, create-v1, schema, public-key) are explained by `manifest-tool --generation 2 -h`.',
    groups: [
      { title: 'Project', commands: commands([initCommand(disk), inspectCommand]) },
      { title: 'Manifests', commands: commands([createCommand, parseCommand, verifyCommand, signCommand]) },
      { title: 'Updates', commands: commands([updatePrepareCommand(timers), updateDeviceCommand(timers)]) },
      { title: 'Certificates', commands: commands([certCreateCommand, certRenewCommand, certAddCommand]) },
    ],
    options: [
      {
        flags: ['-l', '--log-level'],
        name: 'log_level',
        metavar: `{${Object.keys(logLevels).join(',')}}`,
        choices: Object.keys(logLevels),
        default: 'info',
        help: 'The least severe lines of the log to show; stands before the command.',
      },
      { ...generationOption, name: 'generation_before' },
    ],
    failureExit: 1,
    usageErrors: 'argparse',
    formatFailure: (error) => failureLines(sink, running, error),
  };
}

/** For the reference page; what fails there has nobody to tell. */
export const program: Program = manifestTool({ clock: systemClock, stderr: { write: () => true } });
