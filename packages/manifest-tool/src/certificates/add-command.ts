import type { Command } from '@mooring/terminal';
import { projectFiles } from '../project-folder.ts';

export const certAddCommand: Command = {
  name: 'cert add',
  summary: 'Make a certificate known to `manifest-tool verify`.',
  description: `Puts a copy of an update certificate into ${projectFiles.certificates} of the current folder, in DER form and under its fingerprint (SHA-256, hexadecimal), where \`manifest-tool verify\` and \`sign\` look for the certificates that a manifest names.`,
  options: [
    {
      flags: ['-c', '--certificate'],
      name: 'certificate',
      metavar: 'CERTIFICATE',
      required: true,
      help: 'The certificate, DER or PEM.',
    },
  ],
  examples: [
    { run: 'manifest-tool cert add -c update.der', does: 'lets manifests verify that were signed with its key' },
  ],
  async run(context, values) {
    const { addCertificate } = await import('./add.ts');
    return await addCertificate(context, values);
  },
};
