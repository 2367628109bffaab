import { createHash } from 'node:crypto';
import { formatUuid, parseUuid } from '@mooring/credentials';
import { type Certificate, parseCertificate } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import { jsonObject } from '../../project-values.ts';
import type { PythonObject } from '../../python/json.ts';
import { readYaml } from '../../schema-3/config.ts';
import { visible } from '../../visible.ts';
import type { Finding } from '../finding.ts';
import type { DeviceIdentity, Fact, Item, Source } from '../item.ts';
import { accessFindings } from './key.ts';

/** What settings say, of either generation, in the words of the first. */
export interface Settings {
  vendorId: string | undefined;
  classId: string | undefined;
  vendorDomain: string | undefined;
  modelName: string | undefined;
  /** Paths as the settings have them. */
  certificates: string[];
  privateKey: string | undefined;
  masterKey: string | undefined;
  signingTool: string | undefined;
  devices: number;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const settings1x = (found: PythonObject): Settings => {
  const listed = found['default-certificates'];
  const entries: readonly unknown[] = Array.isArray(listed) ? listed : [];
  return {
    vendorId: text(found.vendorId),
    classId: text(found.classId),
    vendorDomain: text(found.vendorDomain),
    modelName: text(found.modelName),
    certificates: entries.flatMap((entry) => text((entry as { file?: unknown } | null)?.file) ?? []),
    privateKey: text(found['private-key']),
    masterKey: text(found['psk-master-key']),
    signingTool: text(found['signing-tool']),
    devices: Array.isArray(found.deviceURNs) ? found.deviceURNs.length : 0,
  };
};

const settings2x = (found: Readonly<Record<string, unknown>>): Settings => ({
  vendorId: text(found['vendor-id']),
  classId: text(found['class-id']),
  vendorDomain: undefined,
  modelName: undefined,
  certificates: [text(found.certificate)].filter((file) => file !== undefined),
  privateKey: text(found.key_file),
  masterKey: undefined,
  signingTool: text(found['signing-tool']),
  devices: 0,
});

/** @throws MooringError where the file is not what its name says */
export function readSettings(kind: 'settings' | 'dev-settings', file: string, data: Uint8Array): Settings {
  if (kind === 'settings') return settings1x(jsonObject(Buffer.from(data).toString('utf8'), file));
  const found = readYaml({ file, data });
  return settings2x(typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {});
}

function idOf(value: string | undefined): Uint8Array | undefined {
  try {
    return value === undefined ? undefined : parseUuid(value);
  } catch (error) {
    if (isMooringError(error)) return undefined;
    throw error;
  }
}

const named = (id: Uint8Array | undefined, given: string | undefined, name: string | undefined): string => {
  if (!id) return given === undefined ? 'MISSING' : `${visible(given)}, which is no UUID`;
  return `${formatUuid(id)}${name === undefined ? '' : `, of "${visible(name)}"`}`;
};

function factsOf(settings: Settings, vendorId: Uint8Array | undefined, classId: Uint8Array | undefined): Fact[] {
  const { certificates, privateKey, masterKey, signingTool, devices } = settings;
  return [
    ['vendor id', named(vendorId, settings.vendorId, settings.vendorDomain)],
    ['class id', named(classId, settings.classId, settings.modelName)],
    ...certificates.map((file): Fact => ['certificate', visible(file)]),
    ...(privateKey === undefined ? [] : [['signs with', visible(privateKey)] as const]),
    ...(signingTool === undefined ? [] : [['signs with', `the program ${visible(signingTool)}`] as const]),
    ...(masterKey === undefined ? [] : [['master key', `${visible(masterKey)}, for ${devices} devices`] as const]),
  ];
}

/**
 * @param load gives a file that the settings name, undefined where there is none
 * @throws MooringError where the file is not what its name says
 */
export function settingsItem(
  source: Source,
  kind: 'settings' | 'dev-settings',
  load: (file: string) => Uint8Array | undefined,
): Item {
  const { file } = source;
  const settings = readSettings(kind, file, source.head);
  const [vendorId, classId] = [idOf(settings.vendorId), idOf(settings.classId)];
  const findings: Finding[] = [];
  const certificates: Certificate[] = [];
  for (const name of settings.certificates) {
    const data = load(name);
    if (!data) findings.push(missing(file, name));
    else {
      try {
        certificates.push(parseCertificate(data));
      } catch (error) {
        if (!isMooringError(error)) throw error;
      }
    }
  }
  for (const name of [settings.privateKey, settings.masterKey]) {
    if (name !== undefined && settings.signingTool === undefined && !load(name)) findings.push(missing(file, name));
  }
  const device: DeviceIdentity | undefined = vendorId && classId ? { vendorId, classId, certificates } : undefined;
  return {
    file,
    kind,
    title: kind === 'settings' ? 'settings of manifest-tool (1.x)' : 'settings of manifest-dev-tool (2.x)',
    facts: factsOf(settings, vendorId, classId),
    details: {
      vendorId: vendorId ? formatUuid(vendorId) : null,
      classId: classId ? formatUuid(classId) : null,
      vendorDomain: settings.vendorDomain ?? null,
      modelName: settings.modelName ?? null,
      certificates: settings.certificates,
      privateKey: settings.privateKey ?? null,
      signingTool: settings.signingTool ?? null,
      masterKey: settings.masterKey ?? null,
    },
    findings,
    ...(device ? { device } : {}),
  };
}

const missing = (file: string, name: string): Finding => ({
  weight: 'problem',
  code: 'settings.file',
  files: [file],
  text: `${visible(name)}, which it names, is not there`,
});

/** `.mbed_cloud_config.json` and `dev.cloud_cfg.yaml`: where the service is. The key is not shown. */
export function cloudSettingsItem(source: Source): Item {
  const { file, head } = source;
  const found = (readYaml({ file, data: head }) ?? {}) as Readonly<Record<string, unknown>>;
  const hasKey = text(found.api_key ?? found.access_key) !== undefined;
  return {
    file,
    kind: 'cloud-settings',
    title: 'where the service is',
    facts: [
      ['host', visible(text(found.host) ?? 'not said')],
      ['API key', hasKey ? 'there (not shown)' : 'none'],
    ],
    details: { host: text(found.host) ?? null, hasApiKey: hasKey },
    findings: hasKey ? accessFindings(source) : [],
  };
}

/** 32 random bytes, known by the settings that name them. */
export function masterKeyItem(source: Source): Item {
  const id = createHash('sha256').update(source.head).digest();
  return {
    file: source.file,
    kind: 'master-key',
    title: 'master key of pre-shared keys',
    facts: [['id', id.toString('hex')]],
    details: { pskId: id.toString('hex') },
    findings: accessFindings(source),
    pskId: new Uint8Array(id),
  };
}
