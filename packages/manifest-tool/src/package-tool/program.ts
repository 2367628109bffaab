import type { Program } from '@mooring/terminal';
import { createCommand } from './create.ts';
import { parseCommand } from './parse.ts';

export const program: Program = {
  name: 'manifest-package-tool',
  version: 'Manifest-Tool version 2.6.2',
  summary:
    "Makes and reads combined packages: the images of several sub-components in one file. Mooring's own program with the command line of manifest-package-tool 2.6.2; `--version` names that version, since scripts ask for it.",
  groups: [{ title: 'Packages', commands: [createCommand, parseCommand] }],
  failureExit: 1,
  usageErrors: 'argparse',
};
