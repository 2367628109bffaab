import type { Command } from '@mooring/terminal';
import { passwordOption } from '../signing/password-option.ts';
import { signerOption } from '../signing/signer-option.ts';
import { verifyOptions } from '../verify/options.ts';

export const signCommand: Command = {
  name: 'sign',
  summary: 'Add one more signature to a manifest of schema v1.',
  description: `Verifies a manifest of schema v1 as \`manifest-tool verify\` does, with the same options, and adds a signature to it. What was signed before stays as it is, and so do the signatures that are there.

The key of -k or --signer has to be that of the certificate of -c. Without them the signing tool or key and the certificate of .manifest_tool.json are used. Clients of the FOTA generation refuse a manifest with more than one signature.`,
  options: [
    ...verifyOptions,
    {
      flags: ['-m', '--manifest'],
      name: 'manifest',
      metavar: 'MANIFEST',
      required: true,
      help: 'The manifest; - is standard input.',
    },
    {
      flags: ['-k', '--private-key'],
      name: 'private_key',
      metavar: 'KEY',
      excludes: signerOption.excludes as string,
      help: 'The private key to sign with.',
    },
    signerOption,
    passwordOption,
    {
      flags: ['-c', '--certificate'],
      name: 'certificate',
      metavar: 'CERTIFICATE',
      help: 'The certificate of that key, DER or PEM.',
    },
    {
      flags: ['-o', '--output-file'],
      name: 'output_file',
      metavar: 'FILE',
      help: 'Where to write the manifest; - or nothing is standard output.',
    },
  ],
  examples: [
    {
      run: 'manifest-tool sign -m fw.manifest -k second.key.pem -c second.der -o fw2.manifest',
      does: 'adds the signature of a second key',
    },
  ],
  async run(context, values) {
    const { sign } = await import('./sign.ts');
    return await sign(context, values);
  },
};
