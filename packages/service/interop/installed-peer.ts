import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Kept from run to run, outside of git. */
const peers = join(import.meta.dirname, '../../../.interop');

/** What came of an attempt to have a real peer here. */
export type Peer = { folder: string } | { missing: string };

/**
 * A peer in a folder of its own, installed if it is not there yet. What was begun and not ended does not count.
 *
 * @param install runs in an empty folder and returns why it failed, or nothing
 */
export async function installedPeer(name: string, install: (folder: string) => string | undefined): Promise<Peer> {
  const folder = join(peers, name);
  if (existsSync(folder)) return { folder };
  const begun = join(peers, `.${name}.${process.pid}`);
  await mkdir(begun, { recursive: true });
  try {
    const failure = install(begun);
    if (failure !== undefined) return { missing: failure };
    await rename(begun, folder).catch((error) => {
      // Another run was faster.
      if (!existsSync(folder)) throw error;
    });
    return { folder };
  } finally {
    await rm(begun, { recursive: true, force: true });
  }
}

/** Runs a command; what it wrote if it failed. */
export function failureOf(command: string, args: readonly string[], cwd: string): string | undefined {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 300_000 });
  if (status === 0) return undefined;
  const said = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-3).join(' / ');
  return `${command} ${args.slice(0, 2).join(' ')} failed: ${error?.message ?? said}`;
}

/** A line that cannot be overlooked, for a peer that is not to be had here. */
export function skipLoudly(test: { skip(message: string): void }, peer: string, reason: string): void {
  const line = `SKIPPED: ${peer} could not be had, so nothing was tried with it. ${reason}`;
  process.stderr.write(`\n*** ${line}\n\n`);
  test.skip(line);
}
