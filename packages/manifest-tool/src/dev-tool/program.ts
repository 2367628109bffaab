import { systemTimers, type Timers } from '@mooring/platform';
import type { Program } from '@mooring/terminal';
import { failure2x } from '../program-2x.ts';
import { createCommand } from './create-command.ts';
import { createV1Command } from './create-v1-command.ts';
import { initCommand } from './init-command.ts';
import { updateCommand, updateV1Command } from './update-command.ts';

/** @param timers for tests that do not wait */
export const devTool = (timers: Timers): Program => ({
  name: 'manifest-dev-tool',
  version: 'Manifest-Tool version 2.6.2',
  summary:
    "Updates for a developer's own devices, with little to decide. Mooring's own program with the command line of manifest-dev-tool 2.6.2; `--version` names that version, since scripts ask for it.",
  groups: [
    { title: 'Project', commands: [initCommand] },
    { title: 'Manifests', commands: [createCommand, createV1Command] },
    { title: 'Updates', commands: [updateCommand(timers), updateV1Command(timers)] },
  ],
  options: [{ flags: ['--debug'], name: 'debug', help: 'Write more, and where in the program an error came from.' }],
  failureExit: 1,
  usageErrors: 'argparse',
  formatFailure: (error) =>
    'code' in error && error.code === 'dev.options.conflict' ? error.message : failure2x(error),
});

export const program: Program = devTool(systemTimers);
