import type { Program } from '@mooring/terminal';
import { generationOption } from './generation.ts';
import { create2xCommand } from './schema-3/create-command.ts';
import { createV1Command } from './schema-3/create-v1-command.ts';
import { parse2xCommand } from './schema-3/parse-command.ts';
import { publicKeyCommand } from './schema-3/public-key-command.ts';
import { schemaCommand } from './schema-3/schema-command.ts';

/** Wrong usage as argparse puts it; its reasons are complete in themselves. */
export const failure2x = (error: Error & { code?: string; next?: string | undefined }): string =>
  error.next && error.code !== 'manifest.argument' ? `${error.message}\n${error.next}` : error.message;

/** The commands of manifest-tool 2.6.2; which command line is meant for it, `generationOf` decides. */
export const manifestTool2x: Program = {
  name: 'manifest-tool',
  version: 'Manifest-Tool version 2.6.2',
  summary:
    "Makes update manifests of schema v3 from config files. Mooring's own program with the command line of manifest-tool 2.6.2; the commands of manifest-tool 1.4.8 are explained by `manifest-tool -h`.",
  groups: [
    { title: 'Manifests', commands: [create2xCommand, createV1Command, parse2xCommand] },
    { title: 'Help', commands: [schemaCommand, publicKeyCommand] },
  ],
  options: [
    { flags: ['-q', '--quiet'], name: 'quiet', help: 'Write errors only; stands before the command.' },
    { flags: ['--debug'], name: 'debug', help: 'Write where in the program an error came from.' },
    { ...generationOption, name: 'generation_before' },
  ],
  failureExit: 1,
  usageErrors: 'argparse',
  formatFailure: failure2x,
};
