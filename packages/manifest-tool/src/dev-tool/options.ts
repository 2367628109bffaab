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
