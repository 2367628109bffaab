import type { Option } from '@mooring/terminal';
import { usualCacheFolder } from './cache-folder.ts';

export const cacheOption: Option = {
  flags: ['--cache-dir'],
  name: 'cache_dir',
  metavar: 'CACHE_DIR',
  default: usualCacheFolder,
  help: 'The folder that init fills and create reads.',
};

/** What `create` and `create-v1` have in common. */
export const createOptions: readonly Option[] = [
  {
    flags: ['-u', '--payload-url'],
    name: 'payload_url',
    metavar: 'PAYLOAD_URL',
    required: true,
    help: 'Where devices get the image.',
  },
  {
    flags: ['-p', '--payload-path'],
    name: 'payload_path',
    metavar: 'PAYLOAD_PATH',
    required: true,
    help: 'The image, or a delta of manifest-delta-tool with its .yaml file beside it.',
  },
  {
    flags: ['-o', '--output'],
    name: 'output',
    metavar: 'OUTPUT',
    required: true,
    help: 'Where to write the manifest.',
  },
  {
    flags: ['-r', '--priority'],
    name: 'priority',
    metavar: 'PRIORITY',
    help: 'How urgent the update is, 0 or more.',
  },
  {
    flags: ['-d', '--vendor-data'],
    name: 'vendor_data',
    metavar: 'VENDOR_DATA',
    help: 'A file whose content the application on the device is given.',
  },
  cacheOption,
];

/** Of schema v3. */
export const imageOptions: readonly Option[] = [
  {
    flags: ['-v', '--fw-version'],
    name: 'fw_version',
    metavar: 'FW_VERSION',
    help: 'The version of the image, 0.0.1 to 999.999.999.',
  },
  {
    flags: ['--component-name'],
    name: 'component_name',
    metavar: 'NAME',
    default: 'MAIN',
    help: 'The part of the device that is updated.',
  },
  { flags: ['-m', '--sign-image'], name: 'sign_image', help: 'Also sign the image, for boot loaders that check it.' },
  { flags: ['--combined-image'], name: 'combined_image', help: 'The image is a package of manifest-package-tool.' },
];

/** Of schema v1. */
export const versionV1Options: readonly Option[] = [
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
    help: 'The version as 1.2.3, for an image with a client of schema v3.',
  },
];
