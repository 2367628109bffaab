import type { Command } from '@mooring/terminal';

export const certCreateCommand: Command = {
  name: 'cert create',
  summary: 'Make a key and a self-signed update certificate.',
  description: `Makes a P-256 key and a self-signed certificate for update manifests, as \`manifest-tool init\` does, in files of your choice. Without any option about the subject its common name is localhost.

Devices in the field cannot be given another certificate easily: choose -V with their life in mind (3653 or more). The key is readable by you alone; both files are written, or none.`,
  options: [
    { flags: ['-C', '--country'], name: 'country', metavar: 'COUNTRY', help: 'Subject: country, two letters.' },
    { flags: ['-S', '--state'], name: 'state', metavar: 'STATE', help: 'Subject: state or province.' },
    { flags: ['-L', '--locality'], name: 'locality', metavar: 'LOCALITY', help: 'Subject: city or region.' },
    { flags: ['-O', '--organization'], name: 'organization', metavar: 'ORGANIZATION', help: 'Subject: organization.' },
    { flags: ['-U', '--common-name'], name: 'common_name', metavar: 'COMMON_NAME', help: 'Subject: common name.' },
    {
      flags: ['-V', '--valid-time'],
      name: 'valid_time',
      metavar: 'VALID_TIME',
      kind: 'integer',
      required: true,
      help: 'Validity in days from now.',
    },
    {
      flags: ['-K', '--key-output'],
      name: 'key_output',
      metavar: 'KEY_OUTPUT',
      required: true,
      help: 'Where to write the private key (PEM, SEC1).',
    },
    {
      flags: ['-o', '--output-file'],
      name: 'output_file',
      metavar: 'FILE',
      help: 'Where to write the certificate (DER); - or nothing is standard output.',
    },
  ],
  examples: [
    {
      run: 'manifest-tool cert create -V 7300 -K update.key.pem -o update.der -C DE -O Example -U example.com',
      does: 'makes a pair that is valid for twenty years',
    },
  ],
  async run(context, values) {
    const { createCertificate } = await import('./create.ts');
    return await createCertificate(context, values);
  },
};
