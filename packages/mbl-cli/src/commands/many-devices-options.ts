import type { Option, Values } from '@mooring/terminal';

/**
 * Options of a command for many devices at once.
 *
 * @param verb what it does with them: `Provision`
 */
export const manyDevicesOptions = (verb: string): readonly Option[] => [
  { flags: ['--all'], name: 'all', help: `${verb} every device that answers.`, excludes: 'devices' },
  {
    flags: ['--match'],
    name: 'match',
    metavar: 'PATTERN',
    help: `${verb} the devices that answer and have such a name, as in 'mbed-linux-os-*'.`,
    excludes: 'devices',
  },
  {
    flags: ['--from'],
    name: 'from_file',
    metavar: 'FILE',
    help: `${verb} the devices of a list: one a line, by name, by address, or both; or what 'mbl-cli list --json' wrote.`,
    excludes: 'devices',
  },
  {
    flags: ['--jobs'],
    name: 'jobs',
    metavar: 'NUMBER',
    kind: 'integer',
    help: 'With many devices: how many at once, 8 if not given.',
  },
];

export const isForMany = ({ all, match, from_file }: Values): boolean =>
  all === true || match !== undefined || from_file !== undefined;
