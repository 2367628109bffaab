import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileError } from '@mooring/platform';
import { settingsErrors } from '../errors.ts';
import { type ListenAddress, parseHost, parseListenAddress } from './address.ts';
import { configSetting, flagOf, type Setting, type SettingKey, settingEntries, variableOf } from './settings-table.ts';

export interface Sources {
  /** By {@link SettingKey}, and `config`; as the parser of the command line found them. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
}

export interface SettingValue {
  readonly value: string | number | boolean | ListenAddress;
  /** Where it was said: `--http`, `MOORING_HTTP`, `http in /etc/mooring.toml`. */
  readonly origin: string;
}

function malformed(origin: string, problem: string, next?: string): never {
  throw settingsErrors('settings.malformed', { message: `${origin}: ${problem}.`, ...(next ? { next } : {}) });
}

function wholeNumber(raw: unknown, least: number, most: number, origin: string): number {
  const number =
    typeof raw === 'number' || (typeof raw === 'string' && /^\d{1,15}$/.test(raw)) ? Number(raw) : Number.NaN;
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  return malformed(origin, `${JSON.stringify(raw)} is not a whole number from ${least} to ${most}`);
}

function truth(raw: unknown, origin: string): boolean {
  if (typeof raw === 'boolean') return raw;
  if (typeof raw === 'string' && /^(1|true|yes|on)$/i.test(raw)) return true;
  if (typeof raw === 'string' && /^(0|false|no|off|)$/i.test(raw)) return false;
  return malformed(origin, `${JSON.stringify(raw)} is neither true nor false`);
}

/** An address without what would stand in the way of a path after it. */
function plainUrl(raw: string): string | undefined {
  const url = URL.parse(raw);
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username || url.password)
    return undefined;
  return raw.replace(/\/+$/, '');
}

/** @param folder what relative paths start from */
function settingValue(setting: Setting, raw: unknown, origin: string, folder: string): SettingValue['value'] {
  switch (setting.kind) {
    case 'flag':
      return truth(raw, origin);
    case 'port':
      return wholeNumber(raw, 1, 65_535, origin);
    case 'count':
      return wholeNumber(raw, 0, setting.most ?? Number.MAX_SAFE_INTEGER, origin);
  }
  if (typeof raw !== 'string') return malformed(origin, 'a text in quotes is expected');
  if (raw === '') return malformed(origin, 'is empty', 'Give it a value, or leave it out.');
  switch (setting.kind) {
    case 'path':
      return resolve(folder, raw);
    case 'master-key':
      return raw.startsWith('pkcs11:') ? raw : resolve(folder, raw);
    case 'address':
    case 'listener':
      if (setting.kind === 'listener' && raw === 'off') return raw;
      return (
        parseListenAddress(raw) ??
        malformed(origin, `"${raw}" is not of the form HOST:PORT`, 'IPv6 addresses go in brackets: [::1]:8080')
      );
    case 'host':
      return (
        parseHost(raw) ??
        malformed(
          origin,
          `"${raw}" is neither a host name nor an address`,
          'Give the bare name, without scheme, port or path.',
        )
      );
    case 'url':
      return plainUrl(raw) ?? malformed(origin, `"${raw}" is no address of the form http://HOST[:PORT][/PATH]`);
    case 'choice':
      return setting.choices?.includes(raw)
        ? raw
        : malformed(origin, `"${raw}" is none of ${setting.choices?.join(', ')}`);
    default:
      return raw;
  }
}

async function readSettingsFile(path: string): Promise<Map<string, unknown>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fileError(error, path);
  }
  const { parse, TomlError } = await import('smol-toml');
  let found: Record<string, unknown>;
  try {
    found = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '');
    throw settingsErrors('settings.malformed', {
      message: `${path}, line ${error.line}, column ${error.column}: ${reason}.`,
      next: 'A setting is a line of the form: public-host = "iot.example.com"',
      data: { path, line: error.line, column: error.column },
    });
  }
  const known = settingEntries.map(([, setting]) => setting.name);
  for (const name of Object.keys(found)) {
    if (known.includes(name)) continue;
    const meant = name.replaceAll('_', '-').toLowerCase();
    throw settingsErrors('settings.unknown', {
      message: `${path}: there is no setting "${name}".`,
      next: known.includes(meant) ? `Did you mean "${meant}"?` : `The settings are: ${known.join(', ')}.`,
      data: { path, name },
    });
  }
  return new Map(Object.entries(found));
}

/** What was set anywhere, the strongest source of each. */
export async function readSettingValues(sources: Sources): Promise<Partial<Record<SettingKey, SettingValue>>> {
  const { options, env, cwd } = sources;
  const config = options.config ?? (env[variableOf(configSetting)] || undefined);
  const file = config === undefined ? undefined : resolve(cwd, String(config));
  const fromFile = file === undefined ? new Map<string, unknown>() : await readSettingsFile(file);
  const found: Partial<Record<SettingKey, SettingValue>> = {};
  for (const [key, setting] of settingEntries) {
    const candidates: [raw: unknown, origin: string, folder: string][] = [
      [options[key], flagOf(setting), cwd],
      // An empty variable is how a unit file or a container unsets one.
      [env[variableOf(setting)] || undefined, variableOf(setting), cwd],
      [fromFile.get(setting.name), `${setting.name} in ${file}`, file === undefined ? cwd : dirname(file)],
    ];
    const said = candidates.find(([raw]) => raw !== undefined);
    if (said) found[key] = { value: settingValue(setting, said[0], said[1], said[2]), origin: said[1] };
  }
  return found;
}
