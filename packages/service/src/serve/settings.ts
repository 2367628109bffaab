import { join, resolve } from 'node:path';
import { settingsErrors } from '../errors.ts';
import type { PasswordCost } from '../people/password-cost.ts';
import type { ListenAddress } from './address.ts';
import type { LogLevel } from './log.ts';
import { readSettingValues, type SettingValue, type Sources } from './settings-sources.ts';
import { type SettingKey, settings as table } from './settings-table.ts';

/** How many of each an account may have; generous, and there to stop a script that has gone wrong. */
export interface Limits {
  readonly apiKeys: number;
  readonly users: number;
  readonly policyGroups: number;
  /** Developer certificates are among them. */
  readonly trustedCertificates: number;
  readonly developerCertificates: number;
  readonly devices: number;
  /** Of one developer certificate. */
  readonly developerDevices: number;
  readonly deviceGroups: number;
  readonly deviceQueries: number;
  readonly enrollments: number;
  readonly preSharedKeys: number;
  readonly firmwareImages: number;
  /** MiB. */
  readonly imageSize: number;
  readonly firmwareManifests: number;
  readonly updateCampaigns: number;
}

/** What the rules of the service need to know of how it is run. */
export interface ServiceSettings {
  /** Host name or address in every URI handed out to devices; an IPv6 address without brackets. */
  readonly publicHost: string;
  readonly bootstrapPort: number;
  readonly lwm2mPort: number;
  readonly limits: Limits;
  /** Where devices download images: `http://host:port`, without a slash at its end. */
  readonly downloadUrl?: string;
  /** For how long the link of an image is good; as long as there is the image if absent. */
  readonly downloadDays?: number;
  /** For how long a certificate for the LwM2M server is good, by the service's clock; ten years if absent. */
  readonly deviceCredentialDays?: number;
  /** Who makes the key for the LwM2M server: the service if absent. */
  readonly deviceKeys?: 'service' | 'device';
  /** Seconds that a device is told to keep its registration for; its own choice if absent. */
  readonly deviceLifetime?: number;
  /** What a password costs to try; as much as is right if absent. */
  readonly passwordCost?: PasswordCost;
}

export const defaultLimits: Limits = {
  apiKeys: Number(table.limitApiKeys.default),
  users: Number(table.limitUsers.default),
  policyGroups: Number(table.limitPolicyGroups.default),
  trustedCertificates: Number(table.limitTrustedCertificates.default),
  developerCertificates: Number(table.limitDeveloperCertificates.default),
  devices: Number(table.limitDevices.default),
  developerDevices: Number(table.limitDeveloperDevices.default),
  deviceGroups: Number(table.limitDeviceGroups.default),
  deviceQueries: Number(table.limitDeviceQueries.default),
  enrollments: Number(table.limitEnrollments.default),
  preSharedKeys: Number(table.limitPreSharedKeys.default),
  firmwareImages: Number(table.limitFirmwareImages.default),
  imageSize: Number(table.limitImageSize.default),
  firmwareManifests: Number(table.limitFirmwareManifests.default),
  updateCampaigns: Number(table.limitUpdateCampaigns.default),
};

export type TlsSource =
  | { readonly kind: 'own' }
  | { readonly kind: 'files'; readonly cert: string; readonly key: string };

/** Everything that can be set, checked and complete. */
export interface Settings extends Omit<ServiceSettings, 'publicHost'> {
  readonly data: string;
  readonly http: ListenAddress;
  /** Where the servers for devices listen. */
  readonly devices: string | 'off';
  /** Whether they listen on UDP as well. */
  readonly dtls: boolean;
  /** Where devices download images. */
  readonly downloads: ListenAddress | 'off';
  /** KiB a second; 0 for no limit. */
  readonly downloadRate: number;
  /** 0 for no limit. */
  readonly downloadConnections: number;
  readonly tls: TlsSource | undefined;
  readonly insecure: boolean;
  /** As it was set; what it is if it was not is for {@link publicHostOf}. */
  readonly publicHost: string | undefined;
  /** Absolute path or `pkcs11:` URI. */
  readonly masterKey: string | undefined;
  readonly logFormat: 'text' | 'json';
  readonly logLevel: LogLevel;
  /** Undefined where it was not set. */
  readonly metrics: ListenAddress | 'off' | undefined;
  /** Seconds. */
  readonly drainNotice: number;
  readonly retention: Retention;
}

/** How much is kept of what grows by itself; 0 for no limit. */
export interface Retention {
  readonly auditDays: number;
  readonly auditMax: number;
  readonly backupsKeep: number;
  readonly eventDays: number;
  readonly eventMax: number;
}

export const defaultRetention: Retention = {
  auditDays: Number(table.auditDays.default),
  auditMax: Number(table.auditMax.default),
  backupsKeep: Number(table.backupsKeep.default),
  eventDays: Number(table.eventDays.default),
  eventMax: Number(table.eventMax.default),
};

export function defaultDataFolder(sources: Pick<Sources, 'env' | 'home'>): string {
  const shared = sources.env.XDG_DATA_HOME;
  return join(shared?.startsWith('/') ? shared : join(sources.home, '.local', 'share'), 'mooring');
}

function tlsOf(found: Partial<Record<SettingKey, SettingValue>>): TlsSource | undefined {
  const { tlsCert, tlsKey, tlsOwn } = found;
  if (tlsOwn?.value === true) {
    const other = tlsCert ?? tlsKey;
    if (!other) return { kind: 'own' };
    throw settingsErrors('settings.conflict', {
      message: `tls-own (${tlsOwn.origin}) and ${other === tlsCert ? 'tls-cert' : 'tls-key'} (${other.origin}) exclude each other: HTTPS has one certificate.`,
      next: 'Leave one of them out.',
    });
  }
  if (tlsCert && tlsKey) return { kind: 'files', cert: String(tlsCert.value), key: String(tlsKey.value) };
  if (!tlsCert && !tlsKey) return undefined;
  throw settingsErrors('settings.conflict', {
    message: tlsCert
      ? `tls-cert (${tlsCert.origin}) is given without tls-key.`
      : `tls-key (${tlsKey?.origin}) is given without tls-cert.`,
    next: 'Give both, or tls-own for a certificate of the service itself.',
  });
}

/**
 * Collects the settings: command line, then environment, then file, then defaults.
 *
 * @throws MooringError `settings.*`, `file.*`
 */
export async function resolveSettings(sources: Sources): Promise<Settings> {
  const found = await readSettingValues(sources);
  const number = (key: SettingKey) => Number(found[key]?.value ?? table[key].default);
  const text = (key: SettingKey) => found[key]?.value as string | undefined;
  const bootstrapPort = number('bootstrapPort');
  const lwm2mPort = number('lwm2mPort');
  if (bootstrapPort === lwm2mPort) {
    throw settingsErrors('settings.conflict', {
      message: `bootstrap-port and lwm2m-port are both ${lwm2mPort}. Old clients send no server name (SNI), so that one port cannot tell which of the two servers a device wants.`,
      next: `Choose another: --bootstrap-port ${table.bootstrapPort.default} --lwm2m-port ${table.lwm2mPort.default}`,
      data: { bootstrapPort, lwm2mPort },
    });
  }
  const devices = text('devices') ?? (found.http?.value as ListenAddress | undefined)?.host ?? '127.0.0.1';
  return {
    data: text('data') ?? resolve(sources.cwd, defaultDataFolder(sources)),
    http: (found.http?.value ?? { host: '127.0.0.1', port: 8080 }) as ListenAddress,
    tls: tlsOf(found),
    insecure: found.insecure?.value === true,
    publicHost: text('publicHost'),
    bootstrapPort,
    lwm2mPort,
    dtls: text('dtls') !== 'off',
    devices,
    downloads: (found.downloads?.value ?? (devices === 'off' ? 'off' : { host: devices, port: 8088 })) as
      | ListenAddress
      | 'off',
    ...(text('downloadUrl') === undefined ? {} : { downloadUrl: text('downloadUrl') as string }),
    downloadRate: number('downloadRate'),
    downloadConnections: number('downloadConnections'),
    ...(number('downloadDays') > 0 ? { downloadDays: number('downloadDays') } : {}),
    deviceKeys: text('deviceKeys') === 'device' ? 'device' : 'service',
    deviceCredentialDays: number('deviceCredentialDays'),
    ...(number('deviceLifetime') > 0 ? { deviceLifetime: number('deviceLifetime') } : {}),
    masterKey: text('masterKey'),
    logFormat: text('logFormat') === 'json' ? 'json' : 'text',
    logLevel: (text('logLevel') ?? 'info') as LogLevel,
    metrics: found.metrics?.value as ListenAddress | 'off' | undefined,
    drainNotice: number('drainNotice'),
    retention: {
      auditDays: number('auditDays'),
      auditMax: number('auditMax'),
      backupsKeep: number('backupsKeep'),
      eventDays: number('eventDays'),
      eventMax: number('eventMax'),
    },
    limits: {
      apiKeys: number('limitApiKeys'),
      users: number('limitUsers'),
      policyGroups: number('limitPolicyGroups'),
      trustedCertificates: number('limitTrustedCertificates'),
      developerCertificates: number('limitDeveloperCertificates'),
      devices: number('limitDevices'),
      developerDevices: number('limitDeveloperDevices'),
      deviceGroups: number('limitDeviceGroups'),
      deviceQueries: number('limitDeviceQueries'),
      enrollments: number('limitEnrollments'),
      preSharedKeys: number('limitPreSharedKeys'),
      firmwareImages: number('limitFirmwareImages'),
      imageSize: number('limitImageSize'),
      firmwareManifests: number('limitFirmwareManifests'),
      updateCampaigns: number('limitUpdateCampaigns'),
    },
  };
}
