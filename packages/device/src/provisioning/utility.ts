import { keyForms } from '../secure-storage/key-choice.ts';

/** Set where the program is installed with the client: the systemd unit that provisioning restarts. */
export const clientUnitVariable = 'MOORING_CLIENT_UNIT';

/** The command line of pelion-provisioning-util; usage and reference page are made from it. */
export const utility = {
  name: 'pelion-provisioning-util',
  summary:
    'Puts developer and update credentials into the secure storage of the device it runs on, and tells whether the device has all it needs to connect to its Device Management service.',
  actions: [
    {
      flag: '--provision',
      name: 'provision',
      help: 'Check the credential files and store them. What an earlier service gave the device is removed with it.',
    },
    {
      flag: '--get-pelion-status',
      name: 'status',
      help: 'Tell whether the device can connect, and what is wrong if it cannot.',
    },
    {
      flag: '--migrate-key',
      name: 'migrate',
      help: 'Encrypt the secure storage anew, in one transaction, with the key that --key names; the old key is retired.',
    },
    {
      flag: '--make-key',
      name: 'makeKey',
      help: 'Make a private key inside the secure storage, and print a request for its certificate (PKCS#10). --provision takes the key once the certificate is there.',
    },
    { flag: '--help', name: 'help', help: 'Show this text.' },
  ],
  options: [
    {
      flag: '--certs-dir',
      metavar: 'DIR',
      variable: 'MOORING_PROVISIONING_CERTS_DIR',
      fallback: '/scratch/provisioning-certs',
      help: 'Folder of the 14 .bin files.',
    },
    {
      flag: '--store',
      metavar: 'DIR',
      variable: 'MOORING_STORE_DIR',
      fallback: '/config/user/mooring',
      help: 'Folder of the secure storage, used for nothing else.',
    },
    {
      flag: '--key',
      metavar: 'KIND',
      variable: 'MOORING_STORE_KEY',
      fallback: 'what the storage was written with, a key file for a new one',
      help: `What keeps the key of the secure storage: ${keyForms}.`,
    },
    {
      flag: '--key-file',
      metavar: 'FILE',
      variable: 'MOORING_STORE_KEY_FILE',
      fallback: 'the storage folder with .key added',
      help: 'File with the key of the secure storage; made with the first storage.',
    },
  ],
  requestOptions: [
    {
      flag: '--endpoint-name',
      metavar: 'NAME',
      help: 'With --make-key, which needs it: name of the device, the CN of the request.',
    },
    { flag: '--account-id', metavar: 'ID', help: 'With --make-key: account of the device, the OU of the request.' },
  ],
  jsonFlag: {
    flag: '--json',
    help: 'Write the result as one JSON object to standard output; everything for people goes to standard error.',
  },
  exitCodes: {
    0: 'Done; the device is configured.',
    1: 'It failed, or the device is not configured. Nothing was changed.',
    2: 'Wrong arguments.',
  },
} as const;

export type ActionName = (typeof utility.actions)[number]['name'];
export type OptionFlag = (typeof utility.options)[number]['flag'];
export type RequestFlag = (typeof utility.requestOptions)[number]['flag'];

export function usage(): string {
  const { name, actions, options, requestOptions, jsonFlag } = utility;
  const rows: [string, string][] = [
    ...actions.map(({ flag, help }): [string, string] => [flag, help]),
    ...options.map(({ flag, metavar, help, fallback, variable }): [string, string] => [
      `${flag} ${metavar}`,
      `${help} Otherwise ${variable}, or ${fallback}.`,
    ]),
    ...requestOptions.map(({ flag, metavar, help }): [string, string] => [`${flag} ${metavar}`, help]),
    [jsonFlag.flag, jsonFlag.help],
  ];
  const lines = rows.map(([left, help]) => `  ${left.padEnd(22)}${help}`);
  return [
    `Usage: ${name} ACTION [OPTIONS]`,
    '',
    'One action:',
    ...lines.slice(0, actions.length),
    '',
    'Options:',
    ...lines.slice(actions.length),
    '',
  ].join('\n');
}
