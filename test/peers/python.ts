// Real peers written in Python, each in a virtual environment of its own below `.interop/` in the checkout.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const folder = join(dirname(dirname(import.meta.dirname)), '.interop');

export interface PythonPeer {
  /** Folder of the environment's programs. */
  bin: string;
}

export interface PythonPeerOptions {
  name: string;
  /** pip requirements, in this order of steps. */
  install: string[][];
  /** Files below site-packages that are written first (mends for a Python newer than the peer knows). */
  sitePackages?: Record<string, string>;
}

function run(file: string, args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${error?.message ?? stderr.slice(-2000)}`);
  return stdout;
}

/**
 * Installs the peer once; later calls find it.
 *
 * @returns the peer, or why it cannot be had here; in CI that is an error instead
 */
export function pythonPeer({ name, install, sitePackages = {} }: PythonPeerOptions): PythonPeer | string {
  const place = join(folder, name);
  const done = join(place, '.complete');
  if (!existsSync(done)) {
    try {
      rmSync(place, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      run('python3', ['-m', 'venv', place]);
      const python = join(place, 'bin/python');
      const site = run(python, ['-c', 'import sysconfig; print(sysconfig.get_paths()["purelib"])']).trim();
      for (const [file, text] of Object.entries(sitePackages)) {
        mkdirSync(dirname(join(site, file)), { recursive: true });
        writeFileSync(join(site, file), text);
      }
      for (const step of install) run(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...step]);
      writeFileSync(`${done}.tmp`, '');
      renameSync(`${done}.tmp`, done);
    } catch (error) {
      if (process.env.CI) throw error;
      return `SKIPPED: ${name} cannot be installed here (${(error as Error).message.split('\n')[0]})`;
    }
  }
  return { bin: join(place, 'bin') };
}
