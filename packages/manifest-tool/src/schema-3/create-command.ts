import type { Command } from '@mooring/terminal';
import { twoCreates } from '../create/command.ts';
import { generationOption } from '../generation.ts';
import { passwordOption } from '../signing/password-option.ts';
import { signerOption } from '../signing/signer-option.ts';
import { configOption, keyOption, outputOption } from './options.ts';
import { logging } from './verbosity.ts';

export const create2xCommand: Command = {
  name: 'create',
  summary: 'Make a signed manifest of schema v3 from a config file.',
  description: `Makes an update manifest of schema v3 from a config file.

${twoCreates}

Paths in the config are relative to the current folder. A delta (arm-patch-stream) needs the .yaml file that manifest-delta-tool wrote beside it. A signing tool in the config is run as TOOL sha256 KEY INPUT OUTPUT; its exit status counts. The output is written as a whole or not at all.`,
  options: [
    configOption,
    keyOption,
    {
      flags: ['-v', '--fw-version'],
      name: 'fw_version',
      metavar: 'FW_VERSION',
      required: true,
      help: 'The version of the image, 0.0.1 to 999.999.999. Devices take it only if it is greater than theirs.',
    },
    outputOption,
    signerOption,
    passwordOption,
    generationOption,
  ],
  examples: [
    {
      run: 'manifest-tool create -c fw.yaml -k update.key.pem -v 1.2.3 -o fw.manifest',
      does: 'makes and signs a manifest for version 1.2.3',
    },
  ],
  run: logging(async (context, values, log) => {
    const { create } = await import('./create.ts');
    return await create(context, values, log);
  }),
};
