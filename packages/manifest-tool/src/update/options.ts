import type { Option } from '@mooring/terminal';
import { createCommand } from '../create/command.ts';
import { caFingerprintOption } from './ca-fingerprint-option.ts';

/** Options of create that make no sense where the manifest is uploaded, or have another meaning. */
const notHere = new Set(['output_file', 'hex', 'c_file', 'generation']);

const ofCreate = (createCommand.options ?? []).filter(({ name }) => !notHere.has(name));

/** What `update prepare` and `update device` have in common. */
export const updateOptions: readonly Option[] = [
  ...ofCreate.map((option) =>
    option.name === 'payload'
      ? { ...option, required: true }
      : option.name === 'uri'
        ? { ...option, help: 'Has no effect: devices get the image from the service.' }
        : option,
  ),
  {
    flags: ['-o', '--output-file'],
    name: 'output_file',
    metavar: 'FILE',
    help: 'Keep the manifest in this file; a temporary one if not given.',
  },
  {
    flags: ['-n', '--payload-name'],
    name: 'payload_name',
    metavar: 'PAYLOAD_NAME',
    help: 'Name of the image on the service; the name of the file and the time if not given.',
  },
  {
    flags: ['-d', '--payload-description'],
    name: 'payload_description',
    metavar: 'PAYLOAD_DESCRIPTION',
    help: 'Description of the image on the service.',
  },
  {
    flags: ['--manifest-name'],
    name: 'manifest_name',
    metavar: 'MANIFEST_NAME',
    help: 'Name of the manifest on the service; the name of the image file and the time if not given.',
  },
  {
    flags: ['--manifest-description'],
    name: 'manifest_description',
    metavar: 'MANIFEST_DESCRIPTION',
    help: 'Description of the manifest on the service.',
  },
  {
    flags: ['-a', '--api-key'],
    name: 'api_key',
    metavar: 'API_KEY',
    help: 'The API key for the service. Other users of this machine may see it while the command runs.',
  },
  caFingerprintOption,
];

/** For the descriptions of both. */
export const whereTheServiceIs =
  'Service and API key are those that the mbed-cloud SDK for Python would use: -a; the environment (MBED_CLOUD_SDK_HOST, MBED_CLOUD_SDK_API_KEY); the nearest .env; the file of MBED_CLOUD_SDK_CONFIG; .mbed_cloud_config.json (host, api_key) of this folder, which `manifest-tool init -S URL -a KEY` writes, of the home folder, and of /etc. Each value is taken where it is found first.';
