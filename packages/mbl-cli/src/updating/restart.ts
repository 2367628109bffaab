import { setTimeout as pause } from 'node:timers/promises';
import { isMooringError } from '@mooring/platform';
import { firmwareErrors } from '../errors.ts';
import { interrupted } from '../interrupted.ts';
import type { Connection } from '../ssh/connection.ts';
import { run } from '../ssh/remote-command.ts';
import { describeTarget, type Target } from '../ssh/target.ts';
import { type SoftwareOnDevice, softwareOn } from './software-on-device.ts';

export interface RestartOptions {
  signal: AbortSignal;
  /** How long the device may take, in ms. */
  patience: number;
  /** Between two tries to reach it, in ms. */
  interval: number;
  onDevice<T>(work: (connection: Connection) => Promise<T>, target: Target): Promise<T>;
  now(): number;
}

/** From then on a selected device is also looked for elsewhere, in ms. */
const elsewhereAfter = 30_000;

const away = ['ssh.unreachable', 'ssh.timeout', 'ssh.connection.lost', 'ssh.protocol.failed', 'ssh.channel.refused'];

/** The connection usually breaks before the command has an exit status. */
export async function restart(connection: Connection, signal: AbortSignal): Promise<void> {
  await run(connection, 'reboot', { signal }).catch((error: unknown) => {
    if (!isMooringError(error) || error.code !== 'ssh.connection.lost') throw error;
  });
}

/**
 * Waits until the device has started anew and lets one log in.
 *
 * @param before what ran before the restart
 * @throws MooringError `firmware.restart.late`, `ssh.hostkey.changed`, `ssh.authentication.refused`
 */
export async function waitForRestart(
  target: Target,
  before: SoftwareOnDevice,
  { signal, patience, interval, onDevice, now }: RestartOptions,
): Promise<SoftwareOnDevice> {
  const start = now();
  let wasAway = false;
  let last: unknown;
  while (now() - start < patience) {
    await pause(interval, undefined, { signal }).catch(() => {
      throw interrupted();
    });
    // Looking elsewhere takes seconds and says so: most devices come back where they were.
    const isElsewhere = now() - start > elsewhereAfter;
    try {
      const after = await onDevice((connection) => softwareOn(connection, signal), {
        ...target,
        from: isElsewhere ? target.from : 'address',
      });
      if (after.bootId === undefined ? wasAway : after.bootId !== before.bootId) return after;
    } catch (error) {
      if (!isMooringError(error) || !away.includes(error.code)) throw error;
      wasAway = true;
      last = error;
    }
  }
  throw firmwareErrors('firmware.restart.late', {
    message: wasAway
      ? `${describeTarget(target)} was told to restart and has not come back within ${Math.round(patience / 1000)} s.`
      : `${describeTarget(target)} was told to restart and still runs as before after ${Math.round(patience / 1000)} s.`,
    next: "The update is installed. 'mbl-cli doctor' says whether the device answers; '--timeout' waits longer.",
    cause: last,
  });
}
