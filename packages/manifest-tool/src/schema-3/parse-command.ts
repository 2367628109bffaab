import type { Command } from '@mooring/terminal';
import { acceptLikeOption } from '../accept-like.ts';
import { generationOption } from '../generation.ts';
import { twoParses } from '../parse/command.ts';
import { passwordOption } from '../signing/password-option.ts';
import { logging } from './verbosity.ts';

export const parse2xCommand: Command = {
  name: 'parse',
  summary: 'Show a manifest of schema v1 or v3 as YAML, and check its signature.',
  description: `Writes a manifest of either schema as YAML. With a key its signature is checked, and that of the installed image if there is one; a bad one ends with status 1.

${twoParses}

Octet strings are shown as text where they happen to be one, else as hexadecimal digits; --json always gives digits. In schema v1 the hash and, with -c, the fingerprint have to be right as well, since devices check those. What is no manifest, is damaged, has an unknown version or format, or goes on after its end (but for the key that the service puts behind an encrypted payload's) is refused with status 1.`,
  positionals: [{ name: 'manifest', help: 'The manifest; - is standard input.' }],
  options: [
    {
      flags: ['-c', '--certificate'],
      name: 'certificate',
      metavar: 'CERTIFICATE',
      excludes: 'key',
      help: 'Check the signature with the key of this certificate.',
    },
    {
      flags: ['-p', '--public-key'],
      name: 'public_key',
      metavar: 'PUBLIC_KEY',
      excludes: 'key',
      help: 'Check the signature with this public key: 65 bytes as `manifest-tool public-key` writes them, PEM or DER.',
    },
    {
      flags: ['-k', '--private-key'],
      name: 'private_key',
      metavar: 'PRIVATE_KEY',
      excludes: 'key',
      help: 'Check the signature with the public half of this private key.',
    },
    passwordOption,
    acceptLikeOption(
      '2.6.2',
      'bytes after the end, unknown versions and formats, and in schema v1 a wrong hash or fingerprint are left out of account',
    ),
    generationOption,
  ],
  examples: [
    { run: 'manifest-tool parse fw.manifest -c update.der', does: 'shows a manifest and checks its signature' },
  ],
  run: logging(async (context, values, log) => {
    const { parse } = await import('./parse.ts');
    return await parse(context, values, log);
  }),
};
