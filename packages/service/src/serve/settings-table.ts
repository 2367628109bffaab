import type { Option } from '@mooring/terminal';

export type SettingKind =
  | 'text'
  | 'path'
  | 'master-key'
  | 'address'
  | 'host'
  | 'port'
  | 'count'
  | 'flag'
  | 'choice'
  | 'url'
  | 'listener';

/** One setting; its option, variable, key in the file and row on the reference page all follow from this. */
export interface Setting {
  /** `public-host`: `--public-host`, `MOORING_PUBLIC_HOST`, `public-host = …`. */
  readonly name: string;
  readonly kind: SettingKind;
  readonly metavar?: string;
  readonly choices?: readonly string[];
  /** Of a count. */
  readonly most?: number;
  /** As a person would type it. */
  readonly default?: string;
  /** Said instead of `default` where it depends on something. */
  readonly defaultText?: string;
  readonly help: string;
}

const table = {
  data: {
    name: 'data',
    kind: 'path',
    metavar: 'DIR',
    defaultText: '`$XDG_DATA_HOME/mooring`, that is `~/.local/share/mooring`',
    help: 'Data folder: everything the service keeps, but not the master key. Made on first start, mode 0700.',
  },
  http: {
    name: 'http',
    kind: 'address',
    metavar: 'HOST:PORT',
    default: '127.0.0.1:8080',
    help: 'Where the REST interface listens; IPv6 as [::1]:8080, port 0 for any free one. Anything but loopback needs TLS, or insecure.',
  },
  tlsCert: {
    name: 'tls-cert',
    kind: 'path',
    metavar: 'FILE',
    help: 'Certificate for HTTPS (PEM), with its intermediate ones after it. Needs tls-key.',
  },
  tlsKey: {
    name: 'tls-key',
    kind: 'path',
    metavar: 'FILE',
    help: 'Private key of tls-cert (PEM, no passphrase).',
  },
  tlsOwn: {
    name: 'tls-own',
    kind: 'flag',
    help: 'HTTPS with a certificate of the service\'s own HTTPS authority; "mooring ca export" gives that to clients.',
  },
  insecure: {
    name: 'insecure',
    kind: 'flag',
    help: 'Allow HTTP without TLS on an address that others can reach: API keys then cross the network readable. For a proxy on the same machine or a closed network.',
  },
  publicHost: {
    name: 'public-host',
    kind: 'host',
    metavar: 'NAME',
    defaultText: 'the address of `http`, or the name of the machine if that is all addresses',
    help: 'Name or address under which devices reach this service. It stands in every credential handed out, and devices keep it.',
  },
  bootstrapPort: {
    name: 'bootstrap-port',
    kind: 'port',
    metavar: 'N',
    default: '5684',
    help: 'Port of the bootstrap server, also in the URIs handed out.',
  },
  lwm2mPort: {
    name: 'lwm2m-port',
    kind: 'port',
    metavar: 'N',
    default: '5783',
    help: 'Port of the LwM2M server, also in the URIs handed out. Not the bootstrap port: old clients send no server name, so that one port cannot be both.',
  },
  devices: {
    name: 'devices',
    kind: 'host',
    metavar: 'HOST|off',
    defaultText: 'the host of `http`',
    help: 'Where the bootstrap server and the LwM2M server listen for devices: an address of this machine, `0.0.0.0` or `::` for all of them; `off` for a service without devices.',
  },
  dtls: {
    name: 'dtls',
    kind: 'choice',
    choices: ['on', 'off'],
    default: 'on',
    help: 'Whether the two servers also listen on UDP, at the same port numbers, for devices that come with DTLS 1.2: with a certificate or a pre-shared key. Where this machine cannot do it, the service says so and serves over TCP alone.',
  },
  downloads: {
    name: 'downloads',
    kind: 'listener',
    metavar: 'HOST:PORT|off',
    defaultText: 'port 8088 of the host of `devices`, and off where that is off',
    help: 'Where devices download firmware images, by plain HTTP: devices that are in the field speak nothing else, and what they download is signed. off for none; they can still be had by CoAP.',
  },
  downloadUrl: {
    name: 'download-url',
    kind: 'url',
    metavar: 'URL',
    defaultText: '`http://`, public-host and the port of `downloads`',
    help: 'What devices are told in place of that address, where something stands in between. It stands in every image that is uploaded from then on: `http://updates.example.com`.',
  },
  downloadRate: {
    name: 'download-rate',
    kind: 'count',
    metavar: 'KIB',
    default: '0',
    help: 'How much one download gets at most, in KiB a second. 0 for no limit.',
  },
  downloadConnections: {
    name: 'download-connections',
    kind: 'count',
    metavar: 'N',
    default: '4000',
    help: 'How many downloads there may be at a time; whoever comes besides is told to come again. 0 for no limit.',
  },
  downloadDays: {
    name: 'download-days',
    kind: 'count',
    metavar: 'DAYS',
    default: '0',
    help: 'For how many days after its upload the link of an image is good. A campaign that has not ended keeps the links that it needs. 0 for as long as there is the image.',
  },
  deviceKeys: {
    name: 'device-keys',
    kind: 'choice',
    choices: ['service', 'device'],
    default: 'service',
    help: 'Who makes the key with which a Pelion client comes to the LwM2M server: the service, or the device itself (EST), where it never leaves it.',
  },
  deviceCredentialDays: {
    name: 'device-credential-days',
    kind: 'count',
    metavar: 'N',
    default: '3650',
    help: 'For how many days a certificate for the LwM2M server is good; after that its device has to bootstrap again. The certificate itself says no end, since a device may have no clock: the service keeps it.',
  },
  deviceLifetime: {
    name: 'device-lifetime',
    kind: 'count',
    metavar: 'SECONDS',
    default: '0',
    help: 'How long a registration lives without an update, told to devices when they bootstrap; 0 leaves it to them.',
  },
  masterKey: {
    name: 'master-key',
    kind: 'master-key',
    metavar: 'FILE|URI',
    defaultText:
      'the systemd credential `mooring-master-key` if there is one, else the file `DATA.master-key` beside the data folder',
    help: 'Where the key is that encrypts the private keys in the data folder: a file (made on first start, mode 0600), or a pkcs11: URI (RFC 7512).',
  },
  logFormat: {
    name: 'log-format',
    kind: 'choice',
    metavar: 'FORMAT',
    choices: ['text', 'json'],
    default: 'text',
    help: 'Form of the log on standard error: text, or one JSON object a line.',
  },
  logLevel: {
    name: 'log-level',
    kind: 'choice',
    metavar: 'LEVEL',
    choices: ['debug', 'info', 'warning', 'error'],
    default: 'info',
    help: 'What is logged at least: every request is info, those of probes are debug.',
  },
  metrics: {
    name: 'metrics',
    kind: 'listener',
    metavar: 'HOST:PORT|off',
    defaultText: '`/metrics` of `http` if that is a loopback address, else off',
    help: 'Where a listener of its own answers /metrics, /healthz and /readyz, without TLS and without asking who reads; off for no metrics at all.',
  },
  drainNotice: {
    name: 'drain-notice',
    kind: 'count',
    metavar: 'SECONDS',
    default: '0',
    most: 2,
    help: 'How long /readyz says that the service is being stopped, at most 2 s, before it takes no more connections.',
  },
  auditDays: {
    name: 'audit-days',
    kind: 'count',
    metavar: 'DAYS',
    default: '0',
    help: 'How long audit records are kept; the newest thousand are kept at any age. 0 for no limit.',
  },
  auditMax: {
    name: 'audit-max',
    kind: 'count',
    metavar: 'N',
    default: '1000000',
    help: 'How many audit records are kept. 0 for no limit.',
  },
  eventDays: {
    name: 'event-days',
    kind: 'count',
    metavar: 'DAYS',
    default: '30',
    help: 'How long device events, denials and reports of bulk enrolments are kept; of the first two the newest thousand at any age. 0 for no limit.',
  },
  eventMax: {
    name: 'event-max',
    kind: 'count',
    metavar: 'N',
    default: '2000000',
    help: 'How many device events, and how many denials, are kept. 0 for no limit.',
  },
  backupsKeep: {
    name: 'backups-keep',
    kind: 'count',
    metavar: 'N',
    default: '5',
    help: 'How many of the backups are kept that the service makes by itself in DATA/backups. 0 for all.',
  },
  limitApiKeys: {
    name: 'limit-api-keys',
    kind: 'count',
    metavar: 'N',
    default: '10000',
    help: 'How many API keys an account may have.',
  },
  limitUsers: {
    name: 'limit-users',
    kind: 'count',
    metavar: 'N',
    default: '10000',
    help: 'How many users an account may have, those who are invited among them.',
  },
  limitPolicyGroups: {
    name: 'limit-policy-groups',
    kind: 'count',
    metavar: 'N',
    default: '1000',
    help: 'How many policy groups an account may have.',
  },
  limitTrustedCertificates: {
    name: 'limit-trusted-certificates',
    kind: 'count',
    metavar: 'N',
    default: '1000000',
    help: 'How many trusted certificates an account may have, developer certificates among them.',
  },
  limitDeveloperCertificates: {
    name: 'limit-developer-certificates',
    kind: 'count',
    metavar: 'N',
    default: '1000000',
    help: 'How many developer certificates an account may have.',
  },
  limitDevices: {
    name: 'limit-devices',
    kind: 'count',
    metavar: 'N',
    default: '1000000',
    help: 'How many devices an account may have.',
  },
  limitDeveloperDevices: {
    name: 'limit-developer-devices',
    kind: 'count',
    metavar: 'N',
    default: '100000',
    help: 'How many devices may share one developer certificate.',
  },
  limitDeviceGroups: {
    name: 'limit-device-groups',
    kind: 'count',
    metavar: 'N',
    default: '10000',
    help: 'How many device groups an account may have.',
  },
  limitDeviceQueries: {
    name: 'limit-device-queries',
    kind: 'count',
    metavar: 'N',
    default: '10000',
    help: 'How many stored device queries an account may have.',
  },
  limitEnrollments: {
    name: 'limit-enrollments',
    kind: 'count',
    metavar: 'N',
    default: '1000000',
    help: 'How many enrolments an account may have.',
  },
  limitFirmwareImages: {
    name: 'limit-firmware-images',
    kind: 'count',
    metavar: 'N',
    default: '10000',
    help: 'How many firmware images an account may have.',
  },
  limitImageSize: {
    name: 'limit-image-size',
    kind: 'count',
    metavar: 'MIB',
    default: '4096',
    help: 'How large a firmware image may be, in MiB.',
  },
  limitFirmwareManifests: {
    name: 'limit-firmware-manifests',
    kind: 'count',
    metavar: 'N',
    default: '100000',
    help: 'How many update manifests an account may have.',
  },
  limitUpdateCampaigns: {
    name: 'limit-update-campaigns',
    kind: 'count',
    metavar: 'N',
    default: '100000',
    help: 'How many update campaigns an account may have.',
  },
  limitPreSharedKeys: {
    name: 'limit-pre-shared-keys',
    kind: 'count',
    metavar: 'N',
    default: '1000000',
    help: 'How many pre-shared keys of devices an account may have.',
  },
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof table;

export const settings: Readonly<Record<SettingKey, Setting>> = table;

export const settingEntries = Object.entries(settings) as readonly [SettingKey, Setting][];

/** The file itself is named by an option or a variable, not by a file. */
export const configSetting: Setting = {
  name: 'config',
  kind: 'path',
  metavar: 'FILE',
  help: 'Settings file (TOML). Its keys are the names of these settings; paths in it are relative to its folder.',
};

export const flagOf = (setting: Setting): string => `--${setting.name}`;

export const variableOf = (setting: Setting): string => `MOORING_${setting.name.toUpperCase().replaceAll('-', '_')}`;

/** Its option on a command line. Defaults are not the parser's: a variable or the file may come between. */
export function optionOf(key: string, setting: Setting): Option {
  const fallback = setting.default ?? setting.defaultText?.replaceAll('`', '');
  return {
    flags: [flagOf(setting)],
    name: key,
    help: `${setting.help}${fallback === undefined ? '' : ` Default: ${fallback}.`}`,
    ...(setting.metavar === undefined ? {} : { metavar: setting.metavar }),
    ...(setting.choices === undefined ? {} : { choices: setting.choices }),
  };
}

export const serveOptions: readonly Option[] = [
  ...settingEntries.map(([key, setting]) => optionOf(key, setting)),
  optionOf('config', configSetting),
];

/** For a command that finds the data folder, and opens it where no service runs. */
export const folderOptions: readonly Option[] = [
  optionOf('data', settings.data),
  optionOf('masterKey', settings.masterKey),
  optionOf('config', configSetting),
];
