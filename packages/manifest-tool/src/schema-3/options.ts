import type { Option } from '@mooring/terminal';
import { signerOption } from '../signing/signer-option.ts';

export const configOption: Option = {
  flags: ['-c', '--config'],
  name: 'config',
  metavar: 'YAML',
  required: true,
  help: 'The config file, YAML or JSON; `manifest-tool schema` prints what it may say.',
};

export const keyOption: Option = {
  flags: ['-k', '--key'],
  name: 'key',
  metavar: 'KEY',
  excludes: signerOption.excludes as string,
  help: 'The private key to sign with (PEM or DER); where the config names a signing tool, what that knows its key by.',
};

export const outputOption: Option = {
  flags: ['-o', '--output'],
  name: 'output',
  metavar: 'OUTPUT',
  required: true,
  help: 'Where to write the manifest; - is standard output.',
};
