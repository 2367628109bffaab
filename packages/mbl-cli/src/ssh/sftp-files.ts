import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileError, isMooringError } from '@mooring/platform';
import type { SFTPWrapper, Stats } from 'ssh2';
import { transferErrors } from '../errors.ts';
import type { Connection } from './connection.ts';
import type { FileKind, RemoteFiles } from './remote-files.ts';

/** SSH_FX_NO_SUCH_FILE of the SFTP protocol, draft 02. */
const noSuchFile = 2;

/**
 * How long the device may take to end its SFTP server, in ms. Dropbear now and then refuses the command that is asked for
 * meanwhile.
 */
const closeLimit = 2_000;

/** Undefined where the device has no SFTP subsystem. */
export async function sftpFiles(connection: Connection): Promise<RemoteFiles | undefined> {
  const sftp = await new Promise<SFTPWrapper | undefined>((resolve, reject) => {
    const onClose = () => reject(connection.lost());
    connection.ssh.once('close', onClose);
    connection.ssh.sftp((error, opened) => {
      connection.ssh.off('close', onClose);
      resolve(error ? undefined : opened);
    });
  });
  return sftp && filesOver(sftp, connection);
}

function filesOver(sftp: SFTPWrapper, connection: Connection): RemoteFiles {
  // What waits for an answer learns when none will come.
  const waiting = new Set<() => void>();
  let closed = false;
  sftp.once('close', () => {
    closed = true;
    for (const giveUp of waiting) giveUp();
  });
  sftp.on('error', () => undefined);

  /** One request; the answer, or the connection's end, whichever comes. */
  const ask = <T = void>(
    path: string,
    request: (done: (error: Error | null | undefined, value?: T) => void) => void,
  ): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (closed) throw connection.lost();
      const giveUp = () => reject(connection.lost());
      waiting.add(giveUp);
      request((error, value) => {
        waiting.delete(giveUp);
        if (error) reject(failed(path, error));
        else resolve(value as T);
      });
    });

  return {
    // A small file is four requests: on a slow link the round trips count, not the bytes.
    atOnce: 32,
    async stat(path) {
      try {
        const found = await ask<Stats>(path, (done) => sftp.stat(path, done));
        return { kind: kindOf(found), mode: found.mode & 0o7777, size: found.size };
      } catch (error) {
        if (isMooringError(error) && (error.cause as { code?: number })?.code === noSuchFile) return undefined;
        throw error;
      }
    },
    async list(path) {
      const entries = await ask<{ filename: string }[]>(path, (done) => sftp.readdir(path, done));
      return entries.map(({ filename }) => filename).filter((name) => name !== '.' && name !== '..');
    },
    resolve: (path) => ask<string>(path, (done) => sftp.realpath(path, done)).catch(() => path),
    makeFolder: (path, mode) => ask(path, (done) => sftp.mkdir(path, { mode }, done)),
    async putFile(local, remote, mode, progress) {
      const step = (done: number, _chunk: number, total: number) => progress(done, total);
      await ask(remote, (done) => sftp.fastPut(local, remote, { mode: 0o600, step }, done));
      await ask(remote, (done) => sftp.chmod(remote, mode, done));
    },
    async putData(data, remote, mode) {
      await ask(remote, (done) => sftp.writeFile(remote, Buffer.from(data), { mode: 0o600 }, done));
      if (mode !== 0o600) await ask(remote, (done) => sftp.chmod(remote, mode, done));
    },
    async getFile(remote, local, size, progress) {
      const step = (done: number, _chunk: number, total: number) => progress(done, total);
      if (size > 0) return ask(remote, (done) => sftp.fastGet(remote, local, { step }, done));
      // Files of /proc and devices have no size but do have content.
      const source = sftp.createReadStream(remote);
      sftp.once('close', () => source.destroy());
      await pipeline(source, createWriteStream(local)).catch((error: unknown) => {
        throw (error as NodeJS.ErrnoException).syscall ? fileError(error, local) : failed(remote, error as Error);
      });
    },
    async rename(from, to) {
      // Plain SFTP refuses to replace a file (draft 02 §6.5); OpenSSH's extension does it as one step.
      const replaced = await ask(to, (done) => sftp.ext_openssh_rename(from, to, done)).then(
        () => true,
        () => false,
      );
      if (replaced) return;
      await ask(to, (done) => sftp.unlink(to, done)).catch(() => undefined);
      await ask(to, (done) => sftp.rename(from, to, done));
    },
    remove: (path) => ask(path, (done) => sftp.unlink(path, done)),
    close: async () => {
      if (closed) return;
      const ended = new Promise((resolve) => sftp.once('close', resolve));
      sftp.end();
      await Promise.race([ended, sleep(closeLimit, undefined, { ref: false })]);
    },
  };
}

function kindOf(stats: Stats): FileKind {
  if (stats.isFile()) return 'file';
  return stats.isDirectory() ? 'folder' : 'other';
}

function failed(path: string, cause: Error) {
  if ((cause as NodeJS.ErrnoException).syscall) return fileError(cause, path) as Error;
  return transferErrors('transfer.failed', {
    message: `${path} on the device: ${cause.message.toLowerCase()}.`,
    next: 'Check the path, its permissions and the free space on the device.',
    cause,
    data: { path },
  });
}
