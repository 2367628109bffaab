import { createHash } from 'node:crypto';
import { type Clock, openForReading, piecesOf, type RandomAccess } from '@mooring/platform';
import { earliestTime } from '../../provisioning/device-time.ts';
import type { Installer, Pending } from '../installer/installer.ts';
import type { Software } from '../software.ts';

export async function digestOf(source: RandomAccess): Promise<string> {
  const digest = createHash('sha256');
  for await (const piece of piecesOf(source)) digest.update(piece);
  return digest.digest('hex');
}

/**
 * The version of what is installed without a manifest: the clock's, as MBL's program has it; the version that runs where
 * the clock is behind that or not to be believed. So a board in 1970, or in the future of another one, does not spoil what
 * comes later from the service.
 */
export function localVersion(running: Software | undefined, clock: Clock): bigint {
  const now = clock.now();
  const seconds = now < earliestTime ? 0n : BigInt(Math.floor(now.getTime() / 1000));
  const current = running?.version ?? 0n;
  return seconds > current ? seconds : current;
}

/** @throws MooringError */
export async function installFile(
  installer: Installer,
  path: string,
  software: (digest: string, size: number) => Software,
): Promise<Pending> {
  const file = await openForReading(path);
  try {
    const digest = await digestOf(file);
    return await installer.install({
      payloads: [file],
      file: path,
      software: software(digest, file.size),
      source: 'local',
    });
  } finally {
    await file.close();
  }
}
