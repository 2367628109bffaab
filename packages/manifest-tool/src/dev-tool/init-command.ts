import type { Command } from '@mooring/terminal';
import { passwordOption } from '../signing/password-option.ts';
import { cacheOption } from './options.ts';
import { logging } from './verbosity.ts';

export const initCommand: Command = {
  name: 'init',
  summary: 'Make key, certificate, ids and C file for a developer’s own devices.',
  description: `Makes what a developer needs to update devices of their own: a key and a certificate for twenty years, random vendor and class ids unless you give them, and a C file that goes into the firmware.

Every run replaces what the last one made; firmware with the old C file then takes no more updates of the new key. The old key and certificate are kept beside the new ones. For products use \`manifest-tool init\` or certificates of your own with --key and --update-certificate, of which the key is copied and the path of --key is written down.`,
  options: [
    cacheOption,
    {
      flags: ['-f', '--force'],
      name: 'force',
      hidden: true,
      help: 'Did nothing any more in 2.x, and does nothing here.',
    },
    {
      flags: ['-g', '--generated-resource'],
      name: 'generated_resource',
      metavar: 'GENERATED_RESOURCE',
      default: 'update_default_resources.c',
      help: 'The C file to write.',
    },
    { flags: ['--vendor-id'], name: 'vendor_id', metavar: 'VENDOR_ID', help: 'The vendor id, a UUID (random).' },
    { flags: ['--class-id'], name: 'class_id', metavar: 'CLASS_ID', help: 'The class id, a UUID (random).' },
    {
      flags: ['--update-certificate'],
      name: 'update_certificate',
      metavar: 'UPDATE_CERTIFICATE',
      help: 'Use this certificate, DER or PEM; with --key.',
    },
    {
      flags: ['--key'],
      name: 'key',
      metavar: 'KEY',
      help: 'The private key of that certificate; with -s what the signing tool knows it by.',
    },
    {
      flags: ['-s', '--signing-tool'],
      name: 'signing_tool',
      metavar: 'SIGNING_TOOL',
      help: 'A program that signs with the key. It is run as: TOOL sha256 KEY INPUT OUTPUT.',
    },
    {
      flags: ['-p', '--gw-preset'],
      name: 'gw_preset',
      metavar: 'PRESET',
      help: 'Take URL and access key of the service from this entry of ~/.izuma-dev-presets.yaml.',
    },
    {
      flags: ['-a', '--access-key', '--api-key'],
      name: 'access_key',
      metavar: 'ACCESS_KEY',
      help: 'The access key for the service. Other users of this machine may see it while init runs.',
    },
    { flags: ['-u', '--api-url'], name: 'api_url', metavar: 'API_URL', help: 'The URL of the service.' },
    passwordOption,
  ],
  examples: [{ run: 'manifest-dev-tool init', does: 'makes everything with random ids' }],
  run: logging(async (context, values, log) => {
    const { init } = await import('./init.ts');
    return await init(context, values, log);
  }),
};
