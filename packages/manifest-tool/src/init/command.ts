import type { Command } from '@mooring/terminal';
import type { Disk } from '../disk.ts';
import { projectFiles } from '../project-folder.ts';

/** @param disk for tests that cut the power */
export function initCommand(disk?: Disk): Command {
  return {
    name: 'init',
    summary: 'Make the update key, its certificate, the settings and the C file of a project.',
    description: `Prepares the current folder: ${projectFiles.settings} holds the defaults for manifests, ${projectFiles.resources} what a device is given so that it accepts updates of this project. Vendor and class id are derived from a domain name of yours and a model name, or given as UUIDs; upper and lower case make a difference.

The certificate comes from -c with -k or -s; or it is the pair in ${projectFiles.certificates} (default.der, default.key.pem); or a new P-256 key and a self-signed certificate are made there. For a new one init asks six questions; each has an option, and -q takes the default of those that are left. When the questions are answered from a pipe, an empty line takes the default, and a bad or missing answer ends init with nothing written.

A certificate is valid for 90 days unless you say otherwise. Devices in the field cannot be given another one easily, so choose --valid-days with their life in mind (3653 or more).

An existing ${projectFiles.resources} stays as it is without -f, and init ends with status 0 and a warning. If its ids or its certificate differ from what the settings would say, init refuses with status 1 and changes nothing: firmware and manifests would not fit together. Removing the file and repeating init makes it anew for the same key; -f does so with a new key and certificate. The pair that -f replaces is kept as default.FINGERPRINT.old.der and .key.pem, since devices that were given the old certificate need updates signed with the old key.

All files are written together: if init is killed, the next one finishes or takes back what it left. A certificate that has expired is used with a warning; one that is damaged, is not P-256 with SHA-256, or does not belong to its key is refused.`,
    oneOf: ['vendor', 'class'],
    options: [
      {
        flags: ['-c', '--certificate'],
        name: 'certificate',
        metavar: 'CERTIFICATE',
        help: 'Use this certificate (DER or PEM) instead of one in the project; needs -k or -s.',
      },
      {
        flags: ['-k', '--private-key'],
        name: 'private_key',
        metavar: 'PRIVATE_KEY',
        excludes: 'signing',
        help: 'The private key of the certificate of -c (PEM, not encrypted).',
      },
      {
        flags: ['-s', '--signing-tool'],
        name: 'signing_tool',
        metavar: 'SIGNING_TOOL',
        excludes: 'signing',
        help: 'A program that signs with the key of the certificate of -c, for keys in an HSM. It is run as: TOOL sha256 KEY-ID INPUT-FILE OUTPUT-FILE.',
      },
      {
        flags: ['--signing-key-id'],
        name: 'signing_key_id',
        metavar: 'SIGNING_KEY_ID',
        help: 'What the program of -s is given as KEY-ID.',
      },
      {
        flags: ['-V', '--vendor-id'],
        name: 'vendor_id',
        metavar: 'VENDOR_ID',
        excludes: 'vendor',
        help: 'The vendor id as a UUID. (For the validity of the certificate see --valid-days.)',
      },
      {
        flags: ['-d', '--vendor-domain'],
        name: 'vendor_domain',
        metavar: 'VENDOR_DOMAIN',
        excludes: 'vendor',
        help: 'A domain name that the vendor id is derived from; at least two parts, such as example.com.',
      },
      {
        flags: ['-C', '--class-id'],
        name: 'class_id',
        metavar: 'CLASS_ID',
        excludes: 'class',
        help: 'The class id as a UUID.',
      },
      {
        flags: ['-m', '--model-name'],
        name: 'model_name',
        metavar: 'MODEL_NAME',
        excludes: 'class',
        help: 'A model name that the class id is derived from, together with the vendor id.',
      },
      {
        flags: ['-S', '--server-address'],
        name: 'server_address',
        metavar: 'SERVER_ADDRESS',
        help: `The URL of the service for updates. -S and -a replace ${projectFiles.cloudSettings} as a whole: give both to keep both.`,
      },
      {
        flags: ['-a', '--api-key'],
        name: 'api_key',
        metavar: 'API_KEY',
        help: 'The API key for updates. Other users of this machine may see it while init runs; the file is readable by you alone.',
      },
      {
        flags: ['-q', '--quiet'],
        name: 'quiet',
        help: 'Ask nothing: the common name is the vendor domain, the validity 90 days, all else is left out, unless options say otherwise.',
      },
      {
        flags: ['-f', '--force'],
        name: 'force',
        help: `Write ${projectFiles.resources} even if it exists and, without -c, make a new key and certificate; the old pair is kept.`,
      },
      {
        flags: ['--psk'],
        name: 'psk',
        help: `Use a pre-shared key in place of a certificate: derived from ${projectFiles.masterKey}, which is made if it is missing, for the one device whose mbed_cloud_dev_credentials.c lies in this folder or in source.`,
      },
      {
        flags: ['--valid-days'],
        name: 'valid_days',
        metavar: 'DAYS',
        kind: 'integer',
        help: 'Validity of a new certificate in days from now (90).',
      },
      {
        flags: ['--country'],
        name: 'country',
        metavar: 'CC',
        help: 'Subject of a new certificate: country, two letters. An empty text leaves it out, here and below.',
      },
      { flags: ['--state'], name: 'state', metavar: 'NAME', help: 'Subject: state or province.' },
      { flags: ['--locality'], name: 'locality', metavar: 'NAME', help: 'Subject: city or region.' },
      { flags: ['--organization'], name: 'organization', metavar: 'NAME', help: 'Subject: organization.' },
      {
        flags: ['--common-name'],
        name: 'common_name',
        metavar: 'NAME',
        help: 'Subject: common name (the vendor domain).',
      },
    ],
    examples: [
      { run: 'manifest-tool init -d arm.com -m dev-device', does: 'asks six questions and makes everything' },
      {
        run: 'manifest-tool init -d example.com -m pump-2 -q --valid-days 7300 --country DE --organization Example',
        does: 'makes everything without a question, for twenty years',
      },
      {
        run: 'manifest-tool init -d example.com -m pump-2 -c update.der -k update.key.pem',
        does: 'uses a key and certificate that exist',
      },
      {
        run: 'manifest-tool init -d example.com -m pump-2 -c update.pem -s ./hsm-sign --signing-key-id key-7',
        does: 'leaves signing to a program of yours',
      },
      {
        run: 'manifest-tool init -d example.com -m pump-2 -q --json',
        does: 'reports ids, fingerprint, validity and the files written as JSON',
      },
    ],
    async run(context, values) {
      const { init } = await import('./init.ts');
      return await init(context, values, disk);
    },
  };
}
