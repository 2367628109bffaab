import SSHConfig from 'ssh-config';
import { expandPath } from './config-path.ts';
import type { HostSettings } from './host-settings.ts';
import { proxyOf } from './proxy.ts';

/** @param text the file, with what it includes */
export function settingsFor(text: string, alias: string, home: string, isGate = false): HostSettings {
  const config = SSHConfig.parse(text);
  // No command is run and no name looked up for a question about a file.
  const options = { ignoreCase: true, matchExec: false };
  const lines = config.filter((line) => !('param' in line && /^canonicalize/i.test(line.param)));
  const all = SSHConfig.from(lines) as SSHConfig;
  const named = SSHConfig.from(
    lines.filter((line) => 'param' in line && /^host$/i.test(line.param) && !isForAll(line.value)),
  ) as SSHConfig;

  const common = all.compute(alias, options);
  const own = isGate ? common : named.compute(alias, options);
  const port = Number(first(own.port) ?? Number.NaN);
  const identities = [common.identityfile ?? []].flat();
  return {
    hostName: first(own.hostname)?.replaceAll('%h', alias),
    port: Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined,
    user: first(own.user),
    identityFiles: identities.filter((file) => file.toLowerCase() !== 'none').map((file) => expandPath(file, home)),
    identitiesOnly: first(common.identitiesonly)?.toLowerCase() === 'yes',
    proxy: proxyOf(own),
  };
}

const first = (value: string | string[] | undefined): string | undefined => [value ?? []].flat()[0];

function isForAll(value: string | { val: string }[]): boolean {
  const patterns = typeof value === 'string' ? value.split(/\s+/) : value.map(({ val }) => val);
  return patterns.every((pattern) => /^\*$/.test(pattern) || pattern.startsWith('!'));
}
