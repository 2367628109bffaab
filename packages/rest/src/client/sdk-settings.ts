import { dirname, isAbsolute, join, resolve } from 'node:path';
import { readFileIfExists } from '@mooring/platform';
import { restErrors } from '../errors.ts';

/** A setting, and where it was found, for `-v` and errors. */
export interface Found {
  value: string;
  from: string;
}

export interface SdkSettings {
  host?: Found | undefined;
  apiKey?: Found | undefined;
}

export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  home: string;
}

/**
 * What the mbed-cloud SDKs are configured with, by their own rules: environment, the nearest `.env`, the file of
 * MBED_CLOUD_SDK_CONFIG, then `.mbed_cloud_config.json` here, in the home folder and in /etc. What comes first counts.
 *
 * @throws MooringError `rest.config.malformed`
 */
export async function sdkSettings(around: Surroundings): Promise<SdkSettings> {
  const sources = [fromEnvironment(around.env), await fromDotenv(around.cwd)];
  const fileName = '.mbed_cloud_config.json';
  const named = around.env.MBED_CLOUD_SDK_CONFIG;
  const files = [
    ...(named ? [absolute(named, around)] : []),
    ...[around.cwd, around.home, '/etc'].map((folder) => join(folder, fileName)),
  ];
  for (const file of new Set(files)) sources.push(await fromJsonFile(file));
  const first = (name: keyof SdkSettings) => sources.find((source) => source[name] !== undefined)?.[name];
  return { host: first('host'), apiKey: first('apiKey') };
}

function absolute(path: string, { cwd, home }: Surroundings): string {
  const expanded = path.replace(/^~(?=\/|$)/, home);
  return isAbsolute(expanded) ? expanded : resolve(cwd, expanded);
}

const variables = { host: 'MBED_CLOUD_SDK_HOST', apiKey: 'MBED_CLOUD_SDK_API_KEY' } as const;

function fromEnvironment(env: Surroundings['env'], where = ''): SdkSettings {
  const found = (name: string) => (env[name] ? { value: env[name], from: `${name}${where}` } : undefined);
  return { host: found(variables.host), apiKey: found(variables.apiKey) };
}

/** Only the nearest `.env` counts, from the current folder upward. */
async function fromDotenv(cwd: string): Promise<SdkSettings> {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const path = join(folder, '.env');
    // Many a `.env` is a folder (a Python environment) or not ours to read.
    const text = await readFileIfExists(path).catch(() => undefined);
    if (text !== undefined) return fromEnvironment(parseDotenv(text.toString('utf8')), ` in ${path}`);
    if (dirname(folder) === folder) return {};
  }
}

/** `NAME=value` lines, perhaps with `export`, quotes and a comment. */
export function parseDotenv(text: string): Record<string, string> {
  const line = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.]*)[ \t]*=[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\n#]*))/gm;
  const values: Record<string, string> = {};
  for (const [, name, double, single, bare] of text.matchAll(line)) {
    values[name as string] = double ?? single ?? bare?.trim() ?? '';
  }
  return values;
}

async function fromJsonFile(path: string): Promise<SdkSettings> {
  const text = (await readFileIfExists(path))?.toString('utf8');
  if (text === undefined) return {};
  const content = objectIn(text);
  if (!content) {
    throw restErrors('rest.config.malformed', {
      message: `${path} is not a JSON object.`,
      next: 'Mend it or move it away; it is read because the mbed-cloud SDKs read it.',
      data: { path },
    });
  }
  const found = (name: string) => {
    const value = content[name];
    return typeof value === 'string' && value !== '' ? { value, from: path } : undefined;
  };
  return { host: found('host'), apiKey: found('api_key') };
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
