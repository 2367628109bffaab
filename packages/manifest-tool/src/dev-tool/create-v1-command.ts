import type { Command } from '@mooring/terminal';
import { passwordOption } from '../signing/password-option.ts';
import { createOptions, versionV1Options } from './options.ts';
import { logging } from './verbosity.ts';

export const createV1Command: Command = {
  name: 'create-v1',
  summary: 'Make a manifest of schema v1 with what init made.',
  description:
    'Makes and signs a manifest of schema v1 with the key, the certificate and the ids that `manifest-dev-tool init` made, for devices of the generation before schema v3.',
  options: [...createOptions, ...versionV1Options, passwordOption],
  examples: [
    {
      run: 'manifest-dev-tool create-v1 -u https://example.com/fw.bin -p fw.bin -o fw.manifest',
      does: 'makes a manifest with the time as its version',
    },
  ],
  run: logging(async (context, values, log) => {
    const { createV1 } = await import('./create.ts');
    return await createV1(context, values, log);
  }),
};
