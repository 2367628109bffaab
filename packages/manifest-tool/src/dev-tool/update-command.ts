import type { Timers } from '@mooring/platform';
import type { Command, Option } from '@mooring/terminal';
import { passwordOption } from '../signing/password-option.ts';
import { caFingerprintOption } from '../update/ca-fingerprint-option.ts';
import { outcomeExitCodes } from '../update/outcome.ts';
import { createOptions, imageOptions, versionV1Options } from './options.ts';
import { logging } from './verbosity.ts';

/** In seconds; 2.6.2 waited for ever. */
const usualTimeout = '3600';

const manifestOptions = createOptions.filter(({ name }) => name !== 'payload_url' && name !== 'output');

const campaignOptions: readonly Option[] = [
  {
    flags: ['-i', '--device-id'],
    name: 'device_id',
    metavar: 'DEVICE_ID',
    help: 'Update this device alone, of those with the vendor and class id of this project.',
  },
  {
    flags: ['-s', '--start-campaign'],
    name: 'start_campaign',
    help: 'Start the campaign, and do not wait for its end.',
  },
  {
    flags: ['-w', '--wait-for-completion'],
    name: 'wait',
    help: 'Start the campaign, wait for its end, tell how it went, and remove what was made on the service.',
  },
  {
    flags: ['-t', '--timeout'],
    name: 'timeout',
    metavar: 'TIMEOUT',
    default: usualTimeout,
    help: 'Seconds that -w waits; 0 for no end, which was the default of 2.6.2.',
  },
  {
    flags: ['-n', '--no-cleanup'],
    name: 'no_cleanup',
    help: 'Leave everything on the service, after a failure too.',
  },
  caFingerprintOption,
];

const description = (schema: string) =>
  `Uploads a firmware image, makes a manifest of ${schema} for it with the key and the ids that \`manifest-dev-tool init\` made, uploads that, and makes an update campaign for the devices with these ids. Without -s or -w the campaign is left as a draft.

Service and access key are those of dev.cloud_cfg.yaml in the folder of init (host, access_key), which \`manifest-dev-tool init -u URL -a KEY\` writes. The manifest is kept beside the image; with -w it is removed in the end.

With -w the exit status tells what became of the devices. If something fails before the campaign has begun, nothing is left on the service unless -n is given.`;

export const updateCommand = (timers: Timers): Command => ({
  name: 'update',
  summary: 'Update devices over the air, with a manifest of schema v3.',
  description: description('schema v3'),
  options: [
    ...manifestOptions.map((option) => (option.name === 'priority' ? { ...option, default: '0' } : option)),
    ...imageOptions,
    { flags: ['-e', '--encrypt-payload'], name: 'encrypt_payload', help: 'Have the service encrypt the image.' },
    {
      flags: ['--current-fw'],
      name: 'current_fw',
      metavar: 'CURRENT_FW',
      help: 'The image that the devices run: if the delta from it is smaller than the image, it is sent in its place.',
    },
    {
      flags: ['-u', '--use-short-url'],
      name: 'use_short_url',
      help: 'Put the short address of the image into the manifest, for devices that download by CoAP.',
    },
    ...campaignOptions,
    passwordOption,
  ],
  examples: [
    { run: 'manifest-dev-tool update -p fw.bin -w', does: 'updates the devices of this project with the next version' },
  ],
  exitCodes: outcomeExitCodes,
  run: logging(async (context, values, log) => {
    const { update } = await import('./update.ts');
    return await update(context, values, log, timers);
  }),
});

export const updateV1Command = (timers: Timers): Command => ({
  name: 'update-v1',
  summary: 'Update devices over the air, with a manifest of schema v1.',
  description: description('schema v1'),
  options: [...manifestOptions, ...versionV1Options, ...campaignOptions, passwordOption],
  examples: [
    { run: 'manifest-dev-tool update-v1 -p fw.bin -w', does: 'updates devices of the generation before schema v3' },
  ],
  exitCodes: outcomeExitCodes,
  run: logging(async (context, values, log) => {
    const { updateV1 } = await import('./update.ts');
    return await updateV1(context, values, log, timers);
  }),
});
