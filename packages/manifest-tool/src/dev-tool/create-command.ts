import type { Command } from '@mooring/terminal';
import { passwordOption } from '../signing/password-option.ts';
import { createOptions, imageOptions } from './options.ts';
import { logging } from './verbosity.ts';

export const createCommand: Command = {
  name: 'create',
  summary: 'Make a manifest of schema v3 with what init made.',
  description: `Makes and signs a manifest of schema v3 with the key and the ids that \`manifest-dev-tool init\` made. The format of the image is found out from it: a delta of manifest-delta-tool begins with its mark.

Without -v the version is the one after the last that was given out for this component (0.0.2 at first); it is kept in the folder of init, and only if the manifest could be made.`,
  options: [
    ...createOptions.map((option) => (option.name === 'priority' ? { ...option, default: '0' } : option)),
    ...imageOptions,
    {
      flags: ['--encrypted-digest'],
      name: 'encrypted_digest',
      metavar: 'ENCRYPTED_DIGEST',
      help: 'SHA-256 of the image as it is downloaded, where it is encrypted; with --encrypted-size.',
    },
    {
      flags: ['--encrypted-size'],
      name: 'encrypted_size',
      metavar: 'ENCRYPTED_SIZE',
      help: 'Bytes of the encrypted image.',
    },
    passwordOption,
  ],
  examples: [
    {
      run: 'manifest-dev-tool create -u https://example.com/fw.bin -p fw.bin -o fw.manifest',
      does: 'makes a manifest with the next version',
    },
  ],
  run: logging(async (context, values, log) => {
    const { create } = await import('./create.ts');
    return await create(context, values, log);
  }),
};
