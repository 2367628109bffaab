import type { Command } from '@mooring/terminal';
import { folderOptions } from '../serve/settings-table.ts';

export const apiKeyCreate: Command = {
  name: 'api-key create',
  summary: 'Make an API key.',
  description:
    'Makes an API key and prints it, alone on standard output. It is shown this once: the service keeps only a hash. Works while the service runs and while it does not.',
  positionals: [
    { name: 'name', metavar: 'NAME', help: 'Name of the key, as people will know it; unique in the account.' },
  ],
  options: [
    {
      flags: ['--group'],
      name: 'groups',
      metavar: 'GROUP',
      kind: 'list',
      help: 'Name or id of a group whose permissions the key has: Administrators (the default here) or Developers.',
    },
    {
      flags: ['--days'],
      name: 'days',
      metavar: 'N',
      kind: 'integer',
      help: 'The key expires after so many days. Without it, it is good until it is revoked.',
    },
    ...folderOptions,
  ],
  examples: [
    { run: 'KEY=$(mooring api-key create laptop)', does: 'keeps the key in a variable of the shell' },
    { run: 'mooring api-key create factory --group Developers', does: 'makes a key that cannot make other keys' },
    { run: 'mooring api-key create visitor --days 7', does: 'makes a key that ends by itself' },
  ],
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const groups = values.groups as string[] | undefined;
    const made = await operate(context, values, 'api-key create', {
      name: String(values.name),
      ...(groups ? { groups } : {}),
      ...(typeof values.days === 'number' ? { days: values.days } : {}),
    });
    if (!context.json) context.output.line(made.key);
    context.output.note(
      `API key "${made.name}" (${made.id}) of ${made.groups.join(', ')}. It is shown only this once.${made.expiresAt === null ? '' : ` It expires at ${made.expiresAt}.`}`,
    );
    return made;
  },
};
