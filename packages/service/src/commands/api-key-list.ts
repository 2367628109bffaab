import type { Command } from '@mooring/terminal';
import { folderOptions } from '../serve/settings-table.ts';

export const apiKeyList: Command = {
  name: 'api-key list',
  summary: 'Show the API keys, without the keys themselves.',
  options: folderOptions,
  examples: [{ run: 'mooring api-key list', does: 'names, groups, when each was last used, and when it ends' }],
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const { output } = context;
    const { apiKeys } = await operate(context, values, 'api-key list', {});
    if (apiKeys.length === 0) output.note('There is no API key yet: mooring api-key create NAME');
    const width = Math.max(0, ...apiKeys.map(({ name }) => name.length));
    for (const { id, name, status, groups, lastUsedAt, expiresAt, expired } of apiKeys) {
      const used = lastUsedAt === null ? 'never used' : `last used ${lastUsedAt}`;
      const end = expiresAt === null ? '' : `  ${expired ? 'expired' : 'expires'} ${expiresAt}`;
      output.line(`${id}  ${name.padEnd(width)}  ${status}  ${groups.join(', ')}  ${used}${end}`);
    }
    return { apiKeys };
  },
};
