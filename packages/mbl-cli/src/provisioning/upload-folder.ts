import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BinItem } from '@mooring/credentials';
import { isMooringError } from '@mooring/platform';
import { provisionErrors } from '../errors.ts';
import { unlessInterrupted } from '../interrupted.ts';
import type { Connection } from '../ssh/connection.ts';
import { complaint, type Result, run, succeeded } from '../ssh/remote-command.ts';
import type { RemoteFiles } from '../ssh/remote-files.ts';
import { sftpFiles } from '../ssh/sftp-files.ts';
import { shellFiles } from '../ssh/shell-files.ts';
import { ustar } from '../ssh/ustar.ts';

/** The folder that is compiled into the provisioning program. */
export const certificatesFolder = '/scratch/provisioning-certs';

/** The folder on a device into which the certificates go, as long as it is there. */
export interface UploadFolder {
  /** @returns false if something may be left on the device */
  remove(): Promise<boolean>;
}

/**
 * Makes the folder anew: what an interrupted run left in it must not be provisioned. A command on the device waits
 * beside it and removes it when this connection ends, however that comes about: a private key is in it.
 *
 * @throws MooringError `provision.folder.failed`
 */
export async function makeFolder(connection: Connection, signal: AbortSignal): Promise<UploadFolder> {
  // The mark tells whether the folder is still that of this run, for a connection may be found dead hours later.
  const mark = `${certificatesFolder}/.mooring-${randomBytes(6).toString('hex')}`;
  const made = `rm -r -f ${certificatesFolder} && mkdir -p -m 700 ${certificatesFolder} && : > ${mark} && echo ready`;
  const command = `${made} && cat > /dev/null; [ -e ${mark} ] && rm -r -f ${certificatesFolder}`;
  const guard = await unlessInterrupted(signal, connection.exec(command));
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const ready = Promise.withResolvers<void>();
  guard.stdin.on('error', () => undefined);
  guard.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  guard.stdout.on('data', (chunk: Buffer) => {
    stdout.push(chunk);
    if (Buffer.concat(stdout).includes('ready\n')) ready.resolve();
  });
  const ended = guard.exit.then(
    (exit): Result => ({ exit, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }),
  );
  ended.catch(() => undefined);
  const failure = await unlessInterrupted(signal, Promise.race([ready.promise, ended]));
  if (failure) {
    throw provisionErrors('provision.folder.failed', {
      message: `${certificatesFolder} could not be made on the device: ${complaint(failure)}.`,
      next: 'Check that /scratch on the device can be written to and has space left.',
      exitCode: 'code' in failure.exit ? failure.exit.code : 255,
    });
  }
  return {
    async remove() {
      guard.stdin.end();
      const removed = await ended.then(succeeded, () => false);
      return removed || removeFolder(connection);
    },
  };
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

/** Puts all files into the folder in one go, over the same connection. */
export async function transfer(connection: Connection, items: readonly BinItem[], signal: AbortSignal): Promise<void> {
  try {
    const sftp = await sftpFiles(connection);
    if (sftp) await putAll(sftp, items, signal);
    else if (!(await unpack(connection, items, signal))) await putAll(shellFiles(connection), items, signal);
  } catch (error) {
    if (!isMooringError(error)) throw error;
    throw provisionErrors('provision.transfer.failed', {
      message: `The certificates could not be copied to the device. ${error.message}`,
      next: error.next ?? '',
      cause: error,
    });
  }
}

/** One command of the device unpacks all files. @returns false if it has no tar */
async function unpack(connection: Connection, items: readonly BinItem[], signal: AbortSignal): Promise<boolean> {
  const input = ustar(items.map(({ name, data }) => ({ name: `${name}.bin`, data, mode: 0o600 })));
  const result = await run(connection, `cd ${certificatesFolder} && umask 077 && tar -x -f -`, { input, signal });
  if (succeeded(result)) return true;
  if ('code' in result.exit && result.exit.code === 127) return false;
  throw provisionErrors('provision.folder.failed', {
    message: `They could not be unpacked in ${certificatesFolder}: ${complaint(result)}.`,
    next: 'Check that /scratch on the device can be written to and has space left.',
  });
}

async function putAll(files: RemoteFiles, items: readonly BinItem[], signal: AbortSignal): Promise<void> {
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
  } finally {
    await files.close();
  }
}
