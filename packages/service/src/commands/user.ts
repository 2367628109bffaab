import type { Command } from '@mooring/terminal';
import { folderOptions } from '../serve/settings-table.ts';
import { noteWithoutPortal } from './link-note.ts';

export const userList: Command = {
  name: 'user list',
  summary: 'Show who can sign in to the portal.',
  options: folderOptions,
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const { output } = context;
    const { users } = await operate(context, values, 'user list', {});
    if (users.length === 0) output.note('There is nobody yet: mooring portal link');
    const width = Math.max(0, ...users.map(({ email }) => email.length));
    for (const { id, email, status, groups, secondFactor, lastSignInAt } of users) {
      const used = lastSignInAt === null ? 'never signed in' : `last signed in ${lastSignInAt}`;
      const factor = secondFactor ? '  second factor' : '';
      output.line(`${id}  ${email.padEnd(width)}  ${status}  ${groups.join(', ')}  ${used}${factor}`);
    }
    return { users };
  },
};

export const userCreate: Command = {
  name: 'user create',
  summary: 'Invite somebody to the portal.',
  description:
    'Makes a user and prints the link of the invitation, alone on standard output, for you to pass on: good once, for 30 days. Whoever opens it chooses a password.',
  positionals: [{ name: 'email', metavar: 'ADDRESS', help: 'E-mail address, with which the user signs in.' }],
  options: [
    { flags: ['--name'], name: 'fullName', metavar: 'TEXT', help: 'Name of the user.' },
    {
      flags: ['--group'],
      name: 'groups',
      metavar: 'GROUP',
      kind: 'list',
      help: 'Name or id of a group whose permissions the user has: Administrators (the default here), Developers or Observers.',
    },
    ...folderOptions,
  ],
  examples: [{ run: 'mooring user create anna@example.com --group Developers', does: 'prints a link for Anna' }],
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const groups = values.groups as string[] | undefined;
    const made = await operate(context, values, 'user create', {
      email: String(values.email),
      ...(values.fullName === undefined ? {} : { fullName: String(values.fullName) }),
      ...(groups ? { groups } : {}),
    });
    if (!context.json) context.output.line(made.url);
    context.output.note(`Invitation for ${made.email} to ${made.groups.join(', ')}, good until ${made.expiresAt}.`);
    await noteWithoutPortal(context);
    return made;
  },
};

export const userReset: Command = {
  name: 'user reset',
  summary: 'Print a link with which a user sets a new password.',
  description:
    'Prints a link for you to pass on, alone on standard output: good once, for a day. The present password stays good until then. A user who was made inactive is let in again.',
  positionals: [
    {
      name: 'user',
      metavar: 'ADDRESS-OR-ID',
      help: 'E-mail address or id of the user, as "mooring user list" shows it.',
    },
  ],
  options: [
    {
      flags: ['--without-second-factor'],
      name: 'withoutSecondFactor',
      help: 'Turn the second factor off as well, for one who has lost it.',
    },
    ...folderOptions,
  ],
  examples: [{ run: 'mooring user reset anna@example.com', does: 'prints a link for Anna' }],
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const reset = await operate(context, values, 'user reset', {
      user: String(values.user),
      ...(values.withoutSecondFactor === true ? { withoutSecondFactor: true } : {}),
    });
    if (!context.json) context.output.line(reset.url);
    context.output.note(`Link for ${reset.email}, good once, until ${reset.expiresAt}.`);
    await noteWithoutPortal(context);
    return reset;
  },
};
