import { join, resolve } from 'node:path';
import { isVersion } from '@mooring/manifest';
import { readFileIfExists, writeFileAtomic } from '@mooring/platform';
import { dumpYaml } from '../python/yaml.ts';
import { readYaml } from '../schema-3/config.ts';
import { devToolErrors } from './errors.ts';

/** What manifest-dev-tool keeps, in its folder. */
export const cacheFiles = {
  key: 'dev.key.pem',
  certificate: 'dev.cert.der',
  config: 'dev.cfg.yaml',
  cloudConfig: 'dev.cloud_cfg.yaml',
  versions: 'update.version.yaml',
  readMe: 'README.txt',
} as const;

export interface DevConfig {
  certificate: string;
  classId: string;
  keyFile: string;
  vendorId: string;
  signingTool?: string;
}

const unusable = (file: string, reason: string): Error =>
  devToolErrors('dev.config.malformed', {
    message: `${file} ${reason}.`,
    next: 'Mend it, or run `manifest-dev-tool init` anew, which makes other ids.',
    data: { path: file },
  });

async function fieldsOf(cwd: string, file: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const data = await readFileIfExists(resolve(cwd, file));
  if (!data) return undefined;
  const found = readYaml({ file, data });
  if (found === null) return {};
  if (typeof found === 'object' && !Array.isArray(found)) return found as Record<string, unknown>;
  throw unusable(file, 'does not hold names and values');
}

/**
 * What `init` wrote down.
 *
 * @throws MooringError `dev.uninitialised`, `dev.config.malformed`
 */
export async function devConfig(cwd: string, folder: string): Promise<DevConfig> {
  const file = join(folder, cacheFiles.config);
  const fields = await fieldsOf(cwd, file);
  if (!fields) {
    throw devToolErrors('dev.uninitialised', {
      message: 'Tool cache directory is missing. Execute "init" command to create it.',
      next: `There is no ${file}: run \`manifest-dev-tool init\` once in this folder.`,
      data: { path: file },
    });
  }
  const text = (name: string): string => {
    const value = fields[name];
    if (typeof value === 'string' && value !== '') return value;
    throw unusable(file, `has no text "${name}"`);
  };
  const tool = fields['signing-tool'];
  return {
    certificate: text('certificate'),
    classId: text('class-id'),
    keyFile: text('key_file'),
    vendorId: text('vendor-id'),
    ...(typeof tool === 'string' ? { signingTool: tool } : {}),
  };
}

export const devConfigText = ({ certificate, classId, keyFile, vendorId, signingTool }: DevConfig): string =>
  dumpYaml({
    certificate,
    'class-id': classId,
    key_file: keyFile,
    ...(signingTool === undefined ? {} : { 'signing-tool': signingTool }),
    'vendor-id': vendorId,
  });

/** The versions last given out, by component. */
export async function lastVersions(cwd: string, folder: string): Promise<Record<string, string>> {
  const file = join(folder, cacheFiles.versions);
  const fields = (await fieldsOf(cwd, file)) ?? {};
  return Object.fromEntries(
    Object.entries(fields).map(([component, version]) => {
      if (typeof version === 'string' && isVersion(version)) return [component, version];
      throw unusable(file, `has a version of ${component} that is none`);
    }),
  );
}

export async function keepVersion(cwd: string, folder: string, component: string, version: string): Promise<void> {
  const versions = { ...(await lastVersions(cwd, folder)), [component]: version };
  const sorted = Object.fromEntries(Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFileAtomic(resolve(cwd, folder, cacheFiles.versions), dumpYaml(sorted));
}
