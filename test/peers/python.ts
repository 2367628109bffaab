// Real peers written in Python, each in a virtual environment of its own below `.interop/` in the checkout.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installing, peerFolder } from './place.ts';

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
  /** A module of the peer that has to be importable. */
  imports?: string;
}

/** python3 first; the others where that one is too new or too old for a peer. */
const pythons = ['python3', 'python3.11', 'python3.12', 'python3.10', 'python3.9', 'python3.8', 'python3.13'];

const works = (python: string) => spawnSync(python, ['-c', 'import venv, ensurepip'], { stdio: 'ignore' }).status === 0;

function installWith(python: string, folder: string, { install, sitePackages = {}, imports }: PythonPeerOptions): void {
  installing(python, ['-m', 'venv', '--clear', '--copies', '.'], folder);
  const inside = join(folder, 'bin/python');
  const site = installing(inside, ['-c', 'import sysconfig; print(sysconfig.get_paths()["purelib"])'], folder).trim();
  for (const [file, text] of Object.entries(sitePackages)) {
    mkdirSync(dirname(join(site, file)), { recursive: true });
    writeFileSync(join(site, file), text);
  }
  for (const step of install) {
    installing(inside, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...step], folder);
  }
  if (imports) installing(inside, ['-c', `import ${imports}`], folder);
}

/** @returns the peer, or that and why nothing is tested with it; in CI that is an error instead */
export function pythonPeer(options: PythonPeerOptions): PythonPeer | string {
  const found = peerFolder(options.name, (folder) => {
    const failures: string[] = [];
    for (const python of pythons.filter(works)) {
      try {
        return installWith(python, folder, options);
      } catch (error) {
        failures.push((error as Error).message);
      }
    }
    throw new Error(failures.at(0) ?? 'no python3 with venv is on the PATH');
  });
  return typeof found === 'string' ? found : { bin: join(found.folder, 'bin') };
}
