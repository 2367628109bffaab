import { resolve } from 'node:path';
import type { Command } from '@mooring/terminal';
import type { AuthorityState } from '../admin/operations.ts';
import { folderOptions } from '../serve/settings-table.ts';
import type { AuthorityPurpose } from '../storage/schema.ts';

export const caExport: Command = {
  name: 'ca export',
  summary: 'Print the certificate of one of the authorities.',
  description:
    'Prints the certificate (PEM) on standard output and its SHA-256 fingerprint on standard error. Clients of a service that runs with --tls-own need the https one, or its fingerprint alone: mbl-cli save-api-key --ca-fingerprint.',
  options: [
    {
      flags: ['--purpose'],
      name: 'purpose',
      metavar: 'PURPOSE',
      choices: ['https', 'bootstrap', 'lwm2m', 'developer'],
      default: 'https',
      help: 'Which authority: of the REST interface, of the bootstrap or LwM2M server, or of the developer certificates.',
    },
    {
      flags: ['--state'],
      name: 'state',
      metavar: 'STATE',
      choices: ['active', 'retiring'],
      default: 'active',
      help: 'While an authority is being replaced: the new one, or the one that is retiring.',
    },
    { flags: ['--out'], name: 'out', metavar: 'FILE', help: 'Write the certificate to this file instead.' },
    ...folderOptions,
  ],
  examples: [
    { run: 'mooring ca export --out mooring-ca.pem', does: 'for curl --cacert, NODE_EXTRA_CA_CERTS and browsers' },
    { run: 'mooring ca export --json', does: 'certificate and fingerprint for a script' },
  ],
  async run(context, values) {
    const { operate } = await import('../admin/reach.ts');
    const { writeFileAtomic } = await import('@mooring/platform');
    const purpose = values.purpose as AuthorityPurpose;
    const authority = await operate(context, values, 'ca export', {
      purpose,
      state: values.state as AuthorityState,
    });
    const file = values.out === undefined ? undefined : resolve(context.cwd, String(values.out));
    if (file) await writeFileAtomic(file, authority.certificate, 0o644);
    else if (!context.json) context.output.write(authority.certificate);
    context.output.note(`${authority.subject}\nSHA-256 fingerprint: ${authority.fingerprint}`);
    return file ? { ...authority, file } : authority;
  },
};
