import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BinItem } from '@mooring/credentials';
import { isMooringError } from '@mooring/platform';
import { provisionErrors } from '../errors.ts';
import type { Connection } from '../ssh/connection.ts';
import { complaint, type Result, type RunOptions, run, succeeded } from '../ssh/remote-command.ts';
import { openFiles } from '../ssh/transfer.ts';

/** Where the program is on every Mbed Linux OS device. */
export const provisioningProgram = '/opt/arm/pelion-provisioning-util';

/** The folder that is compiled into that program. */
export const certificatesFolder = '/scratch/provisioning-certs';

const exitCode = ({ exit }: Result): number => ('code' in exit ? exit.code : 255);

/** @throws MooringError `provision.program.missing`, with the exit status that a shell has for it */
export async function checkProgram(connection: Connection, signal: AbortSignal): Promise<void> {
  if (succeeded(await run(connection, `test -x ${provisioningProgram}`, { signal }))) return;
  throw provisionErrors('provision.program.missing', {
    message: `${provisioningProgram} is not on the device, or cannot be run.`,
    next: 'Check that the device runs a development image of Mbed Linux OS.',
    exitCode: 127,
  });
}

/** Makes the folder anew: what an interrupted run left in it must not be provisioned. */
export async function makeFolder(connection: Connection, signal: AbortSignal): Promise<void> {
  const command = `rm -r -f ${certificatesFolder} && mkdir -p -m 700 ${certificatesFolder}`;
  const result = await run(connection, command, { signal });
  if (succeeded(result)) return;
  throw provisionErrors('provision.folder.failed', {
    message: `${certificatesFolder} could not be made on the device: ${complaint(result)}.`,
    next: 'Check that /scratch on the device can be written to and has space left.',
    exitCode: exitCode(result),
  });
}

/** How often removing is tried: after a broken connection the device may still be writing what it had received. */
const removals = 3;

/** @returns false if something may be left on the device */
export async function removeFolder(connection: Connection): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const result = await run(connection, `rm -r -f ${certificatesFolder}`).catch(() => undefined);
    if (!result || succeeded(result) || tries === removals) return result !== undefined && succeeded(result);
    await sleep(500);
  }
}

/** Puts all files into the folder, over the same connection. */
export async function transfer(connection: Connection, items: readonly BinItem[], signal: AbortSignal): Promise<void> {
  const files = await openFiles(connection);
  try {
    const waiting = [...items];
    const worker = async () => {
      for (let item = waiting.shift(); item; item = waiting.shift()) {
        signal.throwIfAborted();
        await files.putData(item.data, posix.join(certificatesFolder, `${item.name}.bin`), 0o600);
      }
    };
    // All have ended before the folder is removed, whatever the first failure was.
    const ended = await Promise.allSettled(Array.from({ length: files.atOnce }, worker));
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
  } catch (error) {
    if (!isMooringError(error)) throw error;
    throw provisionErrors('provision.transfer.failed', {
      message: `The certificates could not be copied to the device. ${error.message}`,
      next: error.next ?? '',
      cause: error,
    });
  } finally {
    files.close();
  }
}

/** Runs the program, whose text goes to `options` as it comes. */
export async function provision(connection: Connection, options: RunOptions): Promise<Result> {
  const result = await run(connection, `${provisioningProgram} --provision`, options);
  if (succeeded(result)) return result;
  throw provisionErrors('provision.failed', {
    message: 'Remote command returned a non-zero exit code.',
    next: `The device says: ${complaint(result)}`,
    exitCode: exitCode(result),
    data: { exitCode: exitCode(result), reason: complaint(result) },
  });
}
