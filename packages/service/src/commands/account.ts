import type { Command, CommandContext } from '@mooring/terminal';
import type { AccountFacts } from '../admin/operations.ts';
import { folderOptions } from '../serve/settings-table.ts';

function say({ output }: CommandContext, account: AccountFacts): void {
  output.line(`id       ${account.id}`);
  output.line(`name     ${account.displayName ?? '–'}`);
  output.line(`company  ${account.company ?? '–'}`);
  output.line(`email    ${account.email ?? '–'}`);
  output.line(`status   ${account.status}`);
  output.line(`made     ${account.createdAt}`);
}

export const accountShow: Command = {
  name: 'account show',
  summary: 'Show the account of the service.',
  options: folderOptions,
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const account = await operate(context, values, 'account show', {});
    say(context, account);
    return account;
  },
};

const fields = [
  {
    flags: ['--display-name'],
    name: 'displayName',
    metavar: 'TEXT',
    help: 'Name of the account. Empty text removes it.',
  },
  { flags: ['--company'], name: 'company', metavar: 'TEXT', help: 'Company. Empty text removes it.' },
  { flags: ['--email'], name: 'email', metavar: 'ADDRESS', help: 'Mail address. Empty text removes it.' },
] as const;

export const accountSet: Command = {
  name: 'account set',
  summary: 'Change the account of the service.',
  options: [...fields, ...folderOptions],
  examples: [{ run: 'mooring account set --display-name "Example Lamps"', does: 'names the account' }],
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const changes = Object.fromEntries(
      fields.flatMap(({ name }) => (values[name] === undefined ? [] : [[name, String(values[name])]])),
    );
    const account = await operate(context, values, 'account set', changes);
    if (Object.keys(changes).length === 0) {
      context.output.note('Nothing was given to change: --display-name, --company, --email.');
    }
    say(context, account);
    return account;
  },
};
