import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '@mooring/platform';
import { sshErrors } from '../errors.ts';
import { expandPath } from './config-path.ts';
import type { ProxyWay } from './proxy.ts';

/** What `~/.ssh/config` says about a host, as far as it is used here. */
export interface HostSettings {
  hostName?: string | undefined;
  port?: number | undefined;
  user?: string | undefined;
  /** Absolute paths. */
  identityFiles: string[];
  /** Only these keys are tried, not all of the agent's. */
  identitiesOnly: boolean;
  /** The way to it; undefined for the straight one. */
  proxy?: ProxyWay | undefined;
}

export const noSettings: HostSettings = { identityFiles: [], identitiesOnly: false };

/** As deep as OpenSSH follows `Include`. */
const deepest = 16;

/**
 * The settings for a device under its name in `~/.ssh/config`. Neither the file nor the host has to be there. A block for
 * all hosts gives keys, but no user, port, host name or proxy: devices are reached straight and as root unless a block
 * names them.
 *
 * @throws MooringError `ssh.config.unreadable`
 */
export const hostSettings = (home: string, alias: string): Promise<HostSettings> => readSettings(home, alias, false);

/** The same for a machine on the way to a device, for which a block for all hosts counts as any other, as in OpenSSH. */
export const gateSettings = (home: string, alias: string): Promise<HostSettings> => readSettings(home, alias, true);

async function readSettings(home: string, alias: string, isGate: boolean): Promise<HostSettings> {
  const path = join(home, '.ssh', 'config');
  const text = await readConfig(path, home, []);
  if (text === undefined) return noSettings;
  try {
    const { settingsFor } = await import('./host-settings-text.ts');
    return settingsFor(text, alias, home, isGate);
  } catch (cause) {
    throw sshErrors('ssh.config.unreadable', {
      message: `${path}, or a file that it includes, has a line that could not be understood.`,
      next: "Look for a quotation mark that is not closed, a 'Host' without a name or a 'ProxyJump' without an address; '-v' shows more.",
      cause,
      data: { path },
    });
  }
}

/** The text, with `Include` lines replaced by what they name; undefined if there is no such file. */
async function readConfig(path: string, home: string, above: readonly string[]): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path);
  }
  const lines = await Promise.all(
    text.split(/\r?\n/).map(async (line) => {
      const patterns = /^\s*Include(?:\s*=\s*|\s+)(.+)$/i.exec(line)?.[1];
      if (patterns === undefined || above.length >= deepest) return line;
      return included(patterns, home, [...above, path]);
    }),
  );
  return lines.join('\n');
}

async function included(patterns: string, home: string, above: readonly string[]): Promise<string> {
  const texts: string[] = [];
  for (const [, quoted, bare] of patterns.matchAll(/"([^"]+)"|(\S+)/g)) {
    const found: string[] = [];
    for await (const file of glob(expandPath(quoted ?? bare ?? '', home))) found.push(file);
    for (const file of found.sort()) {
      if (!above.includes(file)) texts.push((await readConfig(file, home, above)) ?? '');
    }
  }
  return texts.join('\n');
}
