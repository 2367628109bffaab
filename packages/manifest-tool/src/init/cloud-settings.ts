import { manifestToolErrors } from '../errors.ts';
import { type NewFile, projectFiles } from '../project-folder.ts';
import { pythonJson } from '../settings.ts';

export interface CloudOptions {
  host?: string | undefined;
  apiKey?: string | undefined;
}

const texts = [
  ['host', '-S/--server-address', 'address'],
  ['apiKey', '-a/--api-key', 'API key'],
] as const;

/**
 * `.mbed_cloud_config.json` with what was given, in place of all that stood in it; undefined if nothing was given.
 *
 * @throws MooringError `init.value.empty`
 */
export function cloudSettingsFile(options: CloudOptions): NewFile | undefined {
  for (const [field, option, what] of texts) {
    if (options[field] !== '') continue;
    throw manifestToolErrors('init.value.empty', {
      message: `${option} was given an empty ${what}.`,
      next: `Give an ${what}, or leave the option out.`,
      data: { option },
    });
  }
  const { host, apiKey } = options;
  if (host === undefined && apiKey === undefined) return undefined;
  return {
    path: projectFiles.cloudSettings,
    data: pythonJson({ ...(host === undefined ? {} : { host }), ...(apiKey === undefined ? {} : { api_key: apiKey }) }),
    mode: apiKey === undefined ? 0o644 : 0o600,
  };
}

const keys = { host: 'the server address (-S)', api_key: 'the API key (-a)' } as const;

/** What stood in the file and does not any more, in words. */
export function droppedSettings(before: Buffer | undefined, after: NewFile): string[] {
  let old: unknown;
  try {
    old = JSON.parse(before?.toString('utf8') ?? '{}');
  } catch {
    return ['what it held, which was not JSON'];
  }
  if (typeof old !== 'object' || old === null) return [];
  const now = JSON.parse(String(after.data)) as Record<string, unknown>;
  return Object.keys(old)
    .filter((key) => !(key in now))
    .map((key) => keys[key as keyof typeof keys] ?? `"${key}"`);
}
