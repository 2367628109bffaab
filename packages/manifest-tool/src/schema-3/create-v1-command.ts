import type { Command } from '@mooring/terminal';
import { passwordOption } from '../signing/password-option.ts';
import { signerOption } from '../signing/signer-option.ts';
import { configOption, keyOption, outputOption } from './options.ts';
import { logging } from './verbosity.ts';

export const createV1Command: Command = {
  name: 'create-v1',
  summary: 'Make a signed manifest of schema v1 from a config file.',
  description: `Makes an update manifest of schema v1 from the config file of \`manifest-tool create -c\`, for devices of the generation before schema v3. The priority may be left out of the config: clients older than 1.5 cannot read a manifest that has one.

The manifest names the update certificate, whose key has to be the one that signs. It has no nonce, for which \`manifest-tool verify\` refuses it; devices do not ask for one.`,
  options: [
    configOption,
    keyOption,
    {
      flags: ['-v', '--fw-version'],
      name: 'fw_version',
      metavar: 'FW_VERSION',
      excludes: 'version',
      help: 'The version of the image as a number; the time in seconds if this is 0 or not given.',
    },
    {
      flags: ['--fw-migrate-ver'],
      name: 'fw_migrate_ver',
      metavar: 'FW_MIGRATE_VER',
      excludes: 'version',
      help: 'The version as 1.2.3, for an image with a client of schema v3: later updates compare with it.',
    },
    {
      flags: ['--update-certificate'],
      name: 'update_certificate',
      metavar: 'UPDATE_CERTIFICATE',
      required: true,
      help: 'The certificate that the devices were given, DER or PEM.',
    },
    outputOption,
    signerOption,
    passwordOption,
  ],
  examples: [
    {
      run: 'manifest-tool create-v1 -c fw.yaml -k update.key.pem --update-certificate update.der -o fw.manifest',
      does: 'makes and signs a manifest with the time as its version',
    },
  ],
  run: logging(async (context, values, log) => {
    const { createV1 } = await import('./create.ts');
    return await createV1(context, values, log);
  }),
};
