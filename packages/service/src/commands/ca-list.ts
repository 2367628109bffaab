import type { Command } from '@mooring/terminal';
import { folderOptions } from '../serve/settings-table.ts';

export const caList: Command = {
  name: 'ca list',
  summary: 'Show the certificate authorities, those that are being replaced among them.',
  options: folderOptions,
  examples: [
    { run: 'mooring ca list', does: 'state, end and fingerprint of each, and how many certificates it issued' },
  ],
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const { authorities } = await operate(context, values, 'ca list', {});
    for (const { purpose, state, fingerprint, notAfter, certificates, revoked } of authorities) {
      const issued = purpose === 'developer' ? `  ${certificates} certificates, ${revoked} revoked` : '';
      const line = `${purpose.padEnd(9)}  ${state.padEnd(8)}  until ${notAfter.slice(0, 10)}  ${fingerprint}${issued}`;
      context.output.line(line);
    }
    return { authorities };
  },
};
