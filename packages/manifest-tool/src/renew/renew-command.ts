import type { Command } from '@mooring/terminal';
import { projectFiles } from '../project-folder.ts';
import { passwordOption } from '../signing/password-option.ts';
import { signerOption } from '../signing/signer-option.ts';
import { successorFiles } from './successor-files.ts';

export const certRenewCommand: Command = {
  name: 'cert renew',
  summary: 'Make the successor of an update certificate, and say what devices need.',
  description: `Makes the certificate that follows another one: the same subject and extensions, a new serial number, valid from now on. It has the same key unless you say --new-key, so that devices which look at the key alone go on as they are.

Nothing that manifests are made with is changed: they go on naming the certificate that devices hold. In a project the successor is written beside it, as ${successorFiles.certificate} (with --new-key also ${successorFiles.privateKey}), together with ${successorFiles.resources}, which firmware and provisioning take in place of ${projectFiles.resources}. The last part of the output says what has to happen on devices, in which order and until when, and which command then makes manifests name the successor.

The key of -k or --signer signs; without them it is the key or the signing tool of .manifest_tool.json. A certificate that an authority issued cannot be renewed here.`,
  options: [
    {
      flags: ['-c', '--certificate'],
      name: 'certificate',
      metavar: 'CERTIFICATE',
      help: 'The certificate to renew, DER or PEM; that of .manifest_tool.json if not given.',
    },
    {
      flags: ['-k', '--private-key'],
      name: 'private_key',
      metavar: 'KEY',
      excludes: signerOption.excludes as string,
      help: 'The private key of the successor.',
    },
    signerOption,
    passwordOption,
    {
      flags: ['-V', '--valid-time'],
      name: 'valid_time',
      metavar: 'VALID_TIME',
      kind: 'integer',
      help: 'Validity in days from now. Default: as long as before, and 3653 (ten years) at least.',
    },
    {
      flags: ['--new-key'],
      name: 'new_key',
      help: 'Make a new key, or take that of -k or --signer. No device takes what it signs before it holds the successor.',
    },
    {
      flags: ['-o', '--output-file'],
      name: 'output_file',
      metavar: 'FILE',
      help: `Where to write the successor, DER (${successorFiles.certificate}).`,
    },
    {
      flags: ['-K', '--key-output'],
      name: 'key_output',
      metavar: 'FILE',
      help: `With --new-key: where to write the private key that is made (${successorFiles.privateKey}).`,
    },
    {
      flags: ['-r', '--resources'],
      name: 'resources',
      metavar: 'FILE',
      help: `Where to write the C file with the successor (${successorFiles.resources}).`,
    },
    {
      flags: ['-f', '--force'],
      name: 'force',
      help: 'Write over files that exist. Devices may have been given the successor that is in them.',
    },
  ],
  examples: [
    { run: 'manifest-tool cert renew', does: 'makes the successor of the certificate of the project in this folder' },
    {
      run: 'manifest-tool cert renew -c dev.cert.der -k dev.key.pem -V 7300 -o dev2.cert.der',
      does: 'renews a certificate anywhere, for twenty years',
    },
    { run: 'manifest-tool cert renew --json', does: 'gives fingerprints, dates and the steps as JSON' },
  ],
  async run(context, values) {
    const { renewCertificate } = await import('./renew.ts');
    return await renewCertificate(context, values);
  },
};
