import { join, resolve } from 'node:path';
import { readFileIfExists } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { argumentError2x } from '../logging-2x.ts';
import { dumpYaml } from '../python/yaml.ts';
import { readYaml } from '../schema-3/config.ts';
import type { ServiceAccess } from '../update/access.ts';
import { updateErrors } from '../update/errors.ts';
import { cacheFiles } from './cache.ts';
import { initCommandName } from './credentials.ts';

const usualHost = 'https://api.us-east-1.mbedcloud.com';
/** In the home folder: a name, and for it host and access_key. */
const presetsFile = '.izuma-dev-presets.yaml';

type Preset = { host?: unknown; access_key?: unknown };

async function preset(context: CommandContext, name: string | undefined): Promise<Preset> {
  if (name === undefined) return {};
  const data = await readFileIfExists(join(context.home, presetsFile));
  const known = ((data && readYaml({ file: `~/${presetsFile}`, data })) ?? {}) as Record<string, Preset>;
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  if (found) return found;
  const choices = Object.keys(known).map((choice) => `'${choice}'`);
  throw argumentError2x(
    initCommandName,
    '-p/--gw-preset',
    `invalid choice: '${name}' (choose from ${choices.join(', ') || `nothing: ~/${presetsFile} has no presets`})`,
  );
}

/**
 * Where the service is and the key for it, as text of the file; undefined where no access key is known.
 *
 * @throws MooringError `manifest.argument`
 */
export async function cloudConfigText(context: CommandContext, values: Values): Promise<string | undefined> {
  const chosen = await preset(context, values.gw_preset as string | undefined);
  const accessKey = values.access_key ?? chosen.access_key;
  const host = values.api_url ?? chosen.host ?? usualHost;
  return typeof accessKey === 'string' && typeof host === 'string'
    ? dumpYaml({ access_key: accessKey, host })
    : undefined;
}

/**
 * What `init` wrote down of the service; `api_key` is an old name of `access_key`.
 *
 * @throws MooringError `update.access.missing`
 */
export async function devAccess(
  cwd: string,
  folder: string,
  caFingerprint: string | undefined,
): Promise<ServiceAccess> {
  const file = join(folder, cacheFiles.cloudConfig);
  const data = await readFileIfExists(resolve(cwd, file));
  const found = ((data && readYaml({ file, data })) ?? {}) as Record<string, unknown>;
  const { host, access_key: key = found.api_key } = found;
  if (typeof host === 'string' && typeof key === 'string') return { url: host, apiKey: key, caFingerprint };
  throw updateErrors('update.access.missing', {
    message: 'Izuma service configurations (URL and access key) are not provided',
    next: `Run \`manifest-dev-tool init -u URL -a KEY\`, which makes new ids, or write both into ${file}: "host: URL" and "access_key: KEY".`,
    data: { path: file },
  });
}
