import type { Program } from '@mooring/terminal';
import { createCommand } from './create.ts';

export const program: Program = {
  name: 'manifest-delta-tool',
  version: 'Manifest-Tool version 2.6.2',
  summary:
    "Makes delta updates. Mooring's own program with the command line of manifest-delta-tool 2.6.2; `--version` names that version, since scripts ask for it.",
  groups: [{ title: 'Deltas', commands: [createCommand] }],
  failureExit: 1,
  usageErrors: 'argparse',
};

/** The command line of 2.6.2 has no word for the only command there is; ours may have it. */
export function withCommand(argv: readonly string[]): readonly string[] {
  return argv[0] === createCommand.name || argv.includes('--version') ? argv : [createCommand.name, ...argv];
}
