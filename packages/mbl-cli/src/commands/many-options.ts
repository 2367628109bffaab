import type { Option } from '@mooring/terminal';

/** Options of `provision-pelion` for many devices at once. */
export const manyOptions: readonly Option[] = [
  { flags: ['--all'], name: 'all', help: 'Provision every device that answers.', excludes: 'devices' },
  {
    flags: ['--match'],
    name: 'match',
    metavar: 'PATTERN',
    help: "Provision the devices that answer and have such a name, as in 'mbed-linux-os-*'.",
    excludes: 'devices',
  },
  {
    flags: ['--from'],
    name: 'from_file',
    metavar: 'FILE',
    help: "Provision the devices of a list: one a line, by name, by address, or both; or what 'mbl-cli list --json' wrote.",
    excludes: 'devices',
  },
  {
    flags: ['--jobs'],
    name: 'jobs',
    metavar: 'NUMBER',
    kind: 'integer',
    help: 'With many devices: how many at once, 8 if not given.',
  },
  {
    flags: ['--again'],
    name: 'again',
    help: 'With many devices: also those that were provisioned with the same before and say that they are configured.',
  },
];
