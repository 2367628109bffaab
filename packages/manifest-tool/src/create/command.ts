import type { Command } from '@mooring/terminal';
import { generationOption } from '../generation.ts';
import { passwordOption } from '../signing/password-option.ts';
import { signerOption } from '../signing/signer-option.ts';

/** How a person tells the two commands of this name apart; for both of their descriptions. */
export const twoCreates = `There are two commands of this name. The arguments tell which is meant: -p, -u, -i, -x, -C or --mac are those of manifest-tool 1.4.8 (schema v1); -c with a config file or -v with a version such as 1.2.3 are those of manifest-tool 2.6.2 (schema v3). A command line with arguments of both, or of neither, is refused. \`--generation 1\` or \`--generation 2\` decides in any case; \`manifest-tool create --generation 2 -h\` explains the other one.`;

export const createCommand: Command = {
  name: 'create',
  summary: 'Make a signed manifest for a firmware image (schema v1; with -c CONFIG and -v VERSION: schema v3).',
  description: `Makes an update manifest of schema v1 for a firmware image.

${twoCreates}

What the manifest says is merged from, later ones first: the options; the JSON object of -i or, where that is not given, of standard input unless it is a terminal; .manifest_tool.json of the current folder, which \`manifest-tool init\` writes. A name in a later one replaces the whole of it in an earlier one. Each value has a short name at the top level (vendorId, classId, deviceId, description, vendorInfo, applyImmediately, encryptionMode, payloadFile, payloadUri, payloadHash with payloadSize, storageIdentifier, certificates; since 1.5 payloadFormat, priority, precursorFile or precursorDigest, installedFile or installedDigest with installedSize) and most have a long one below resource.resource.manifest, where nonce, timestamp, applyPeriod, aliases and dependencies are as well.

Relative paths of images and certificates, those of -p and of .manifest_tool.json included, are looked up in the folder of the -i file; that of the private key in the current folder. A certificate or dependency with "uri" alone is fetched from there.

The signature is made with the key of -k or --signer, or with the signing tool or key of .manifest_tool.json. It has to verify with the first certificate that the manifest names. vendorInfo is a text (ISO-8859-1); vendorInfoHex takes any bytes. The output is written as a whole or not at all.`,
  options: [
    {
      flags: ['-v', '--manifest-version'],
      name: 'manifest_version',
      metavar: '{1}',
      choices: ['1'],
      default: '1',
      help: 'The schema of the manifest.',
    },
    {
      flags: ['-k', '--private-key'],
      name: 'private_key',
      metavar: 'KEY',
      excludes: signerOption.excludes as string,
      help: 'The private key to sign with; with --mac the master key.',
    },
    signerOption,
    passwordOption,
    {
      flags: ['--mac'],
      name: 'mac',
      help: 'Authenticate with the pre-shared keys of devices in place of a signature.',
    },
    { flags: ['--filter-id'], name: 'filter_id', metavar: 'FILTER_ID', hidden: true, help: 'Was never supported.' },
    {
      flags: ['--device-urn'],
      name: 'device_urn',
      metavar: 'DEVICE_URN',
      kind: 'list',
      help: 'With --mac: endpoint name of a device, beside those in .manifest_tool.json.',
    },
    {
      flags: ['--psk-table'],
      name: 'psk_table',
      metavar: 'PSK_TABLE',
      help: 'With --mac: the file for the table that the devices find their records in.',
    },
    {
      flags: ['--psk-table-encoding'],
      name: 'psk_table_encoding',
      metavar: '{protobuf,text}',
      choices: ['protobuf', 'text'],
      default: 'text',
      help: 'The form of that table.',
    },
    {
      flags: ['--payload-key'],
      name: 'payload_key',
      metavar: 'PAYLOAD_KEY',
      hidden: true,
      help: 'Encrypted payloads were never finished in this schema.',
    },
    { flags: ['-p', '--payload'], name: 'payload', metavar: 'FILE', help: 'The firmware image.' },
    {
      flags: ['-u', '--uri', '--url'],
      name: 'uri',
      metavar: 'URI',
      help: 'Where devices get the image; left out of the manifest if not given.',
    },
    {
      flags: ['-f', '--payload-format'],
      name: 'payload_format',
      metavar: '{raw-binary,bsdiff-stream}',
      choices: ['raw-binary', 'bsdiff-stream'],
      help: 'What the image is, as of 1.5 (raw-binary).',
    },
    {
      flags: ['-c', '--encoding'],
      name: 'encoding',
      metavar: '{der}',
      choices: ['der'],
      default: 'der',
      help: 'The encoding of the manifest.',
    },
    { flags: ['-x', '--hex'], name: 'hex', help: 'Write the manifest as hexadecimal digits.' },
    { flags: ['-C', '--c-file'], name: 'c_file', help: 'Write the manifest as a C array.' },
    {
      flags: ['-i', '--input-file'],
      name: 'input_file',
      metavar: 'FILE',
      help: 'JSON input; - or nothing is standard input unless that is a terminal.',
    },
    {
      flags: ['-o', '--output-file'],
      name: 'output_file',
      metavar: 'FILE',
      help: 'Where to write the manifest; - or nothing is standard output.',
    },
    generationOption,
  ],
  examples: [
    {
      run: 'manifest-tool create -u https://example.com/fw.bin -p fw.bin -o fw.manifest',
      does: 'signs a manifest for fw.bin with the key and ids of the project in this folder',
    },
    { run: 'echo \'{"priority": 1}\' | manifest-tool create -p fw.bin -x', does: 'prints one with a priority as hex' },
  ],
  async run(context, values) {
    const { create } = await import('./create.ts');
    return await create(context, values);
  },
};
