import type { Command } from '@mooring/terminal';
import { folderOptions } from '../serve/settings-table.ts';
import { noteWithoutPortal } from './link-note.ts';

export const portalLink: Command = {
  name: 'portal link',
  summary: 'Print a link that makes an administrator of the portal.',
  description:
    'Prints the address of a page where whoever opens it becomes an administrator: good once, for a day. The first start prints one as well; this makes another in its place, also where every administrator has lost the password. Works while the service runs and while it does not.',
  options: folderOptions,
  examples: [{ run: 'mooring portal link', does: 'prints the link, alone on standard output' }],
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const link = await operate(context, values, 'portal link', {});
    if (!context.json) context.output.line(link.url);
    context.output.note(`Good once, until ${link.expiresAt}. Links that were made before are good no more.`);
    await noteWithoutPortal(context);
    return link;
  },
};
