import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './namespaces.ts';

/**
 * The program systemd-resolved. Debian's package is unpacked and not installed: installed, it takes over the name
 * resolution of the machine.
 *
 * @returns undefined where it cannot be had
 */
export function resolvedProgram(): string | undefined {
  const own = '/usr/lib/systemd/systemd-resolved';
  if (existsSync(own)) return own;
  const folder = join(checkout, '.interop/systemd-resolved');
  const program = join(folder, 'lib/systemd/systemd-resolved');
  if (existsSync(program)) return program;
  const begun = `${folder}.${process.pid}`;
  mkdirSync(begun, { recursive: true });
  const options = { cwd: begun, timeout: 120_000 };
  const downloaded = spawnSync('apt-get', ['download', '-q', 'systemd-resolved'], options).status === 0;
  const [archive] = readdirSync(begun).filter((name) => name.endsWith('.deb'));
  const unpacked = downloaded && archive && spawnSync('dpkg', ['-x', archive, '.'], options).status === 0;
  if (unpacked) renameSync(begun, folder);
  rmSync(begun, { recursive: true, force: true });
  return unpacked ? program : undefined;
}
