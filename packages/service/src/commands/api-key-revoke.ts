import type { Command } from '@mooring/terminal';
import { folderOptions } from '../serve/settings-table.ts';

export const apiKeyRevoke: Command = {
  name: 'api-key revoke',
  summary: 'Delete an API key; it is refused from then on.',
  positionals: [
    { name: 'key', metavar: 'NAME-OR-ID', help: 'Name or id of the key, as "mooring api-key list" shows it.' },
  ],
  options: folderOptions,
  examples: [{ run: 'mooring api-key revoke laptop', does: 'deletes the key named laptop' }],
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const revoked = await operate(context, values, 'api-key revoke', { key: String(values.key) });
    context.output.line(`API key "${revoked.name}" (${revoked.id}) is revoked.`);
    return revoked;
  },
};
