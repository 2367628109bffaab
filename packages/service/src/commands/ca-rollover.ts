import type { Command } from '@mooring/terminal';
import type { RolloverPurpose } from '../certificates/rollover.ts';
import { folderOptions } from '../serve/settings-table.ts';

const after: Readonly<Record<'begin' | 'cancel' | 'finish', string>> = {
  begin: 'The new authority is handed out from now on; the old one goes on counting until --finish.',
  cancel: 'The old authority is handed out again; the other one goes on counting until --finish.',
  finish: 'The old authority counts no longer, and its private key was removed.',
};

export const caRollover: Command = {
  name: 'ca rollover',
  summary: 'Replace a certificate authority while devices are out there.',
  description:
    'Without --finish or --cancel a new authority is made, which is handed out from then on; the old one is "retiring" and goes on counting: certificates that it issued are good, and devices that trust it reach the servers over a certificate of the new key that it signed. --finish ends that. --cancel hands out the old one again, and leaves the new one retiring, since devices may have got it. What devices in the field need is in docs/operating.md.',
  options: [
    {
      flags: ['--purpose'],
      name: 'purpose',
      metavar: 'PURPOSE',
      choices: ['bootstrap', 'lwm2m', 'developer'],
      required: true,
      help: 'Which authority: of the bootstrap server, of the LwM2M server, or of the developer certificates.',
    },
    { flags: ['--finish'], name: 'finish', excludes: 'end', help: 'The retiring authority counts no longer.' },
    { flags: ['--cancel'], name: 'cancel', excludes: 'end', help: 'Hand out the retiring authority again.' },
    {
      flags: ['--even-if-used'],
      name: 'evenIfUsed',
      help: 'With --finish: also where developer certificates are left whose devices rely on the retiring authority.',
    },
    ...folderOptions,
  ],
  examples: [
    { run: 'mooring ca rollover --purpose lwm2m', does: 'makes a new authority of the LwM2M server' },
    { run: 'mooring ca rollover --purpose lwm2m --finish', does: 'ends the time of the old one' },
  ],
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const purpose = values.purpose as RolloverPurpose;
    const step = values.finish ? 'finish' : values.cancel ? 'cancel' : 'begin';
    const evenIfUsed = values.evenIfUsed === true;
    const result = await operate(context, values, 'ca rollover', { purpose, step, evenIfUsed });
    const { output } = context;
    output.line(`active    ${result.active}`);
    if (result.retiring) output.line(`retiring  ${result.retiring}`);
    output.note(after[step]);
    if (result.relying > 0 && result.retiring) {
      output.note(`${result.relying} active developer certificates are from the time of the retiring one.`);
    }
    return result;
  },
};
