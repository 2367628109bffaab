import type { Command } from '@mooring/terminal';
import { passwordOption } from '../signing/password-option.ts';
import { logging } from './verbosity.ts';

export const publicKeyCommand: Command = {
  name: 'public-key',
  summary: 'Write the public half of a private key as devices keep it.',
  description:
    'Writes the public key of an elliptic curve private key as its point in uncompressed form: 65 bytes for P-256, the only curve that devices check manifests with.',
  positionals: [{ name: 'key', metavar: 'private_key', help: 'The private key, PEM or DER.' }],
  options: [
    {
      flags: ['-o', '--out'],
      name: 'out',
      metavar: 'OUT',
      required: true,
      help: 'Where to write the point; - is standard output.',
    },
    passwordOption,
  ],
  examples: [{ run: 'manifest-tool public-key update.key.pem -o update.pub', does: 'writes 65 bytes' }],
  run: logging(async (context, values, log) => {
    const { publicKey } = await import('./public-key.ts');
    return await publicKey(context, values, log);
  }),
};
