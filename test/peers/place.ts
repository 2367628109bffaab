import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { notTested } from './missing.ts';

/** Kept from run to run, outside of git. */
const peers = join(dirname(dirname(import.meta.dirname)), '.interop');

/**
 * The folder of a peer. It is installed where it is not there whole.
 *
 * @param install fills the empty folder; what it throws is why the peer cannot be had
 * @returns the folder, or that and why nothing is tested with the peer; in CI that is an error instead
 */
export function peerFolder(name: string, install: (folder: string) => void): { folder: string } | string {
  const folder = join(peers, name);
  // A file rather than a rename at the end: Python's environments cannot be moved.
  const done = join(folder, '.complete');
  if (existsSync(done)) return { folder };
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    install(folder);
    writeFileSync(`${done}.tmp`, '');
    renameSync(`${done}.tmp`, done);
    return { folder };
  } catch (error) {
    return notTested(`${name} cannot be installed here: ${(error as Error).message}`);
  }
}

/** Runs a command of an installation; throws with its last words if it fails. */
export function installing(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: 300_000 });
  if (status === 0) return stdout;
  const said = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-5).join(' / ');
  throw new Error(`${program} ${args.slice(0, 3).join(' ')}: ${error?.message ?? said}`);
}
