import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { fileError } from '@mooring/platform';
import { transferErrors } from '../errors.ts';
import type { Connection } from './connection.ts';
import { quote } from './quote.ts';
import { complaint, type Result, type RunOptions, run, succeeded } from './remote-command.ts';
import type { FileKind, RemoteFiles } from './remote-files.ts';

const nothingThere = 44;

/** For a device without SFTP (Dropbear alone): POSIX commands over exec channels of the same connection. */
export function shellFiles(connection: Connection): RemoteFiles {
  const succeed = async (command: string, path: string, options?: RunOptions): Promise<Result> => {
    const result = await run(connection, command, options);
    if (!succeeded(result)) throw failed(path, complaint(result));
    return result;
  };
  // A path that begins with a dash must not be taken for an option.
  const word = (path: string) => quote(path.startsWith('-') ? `./${path}` : path);

  return {
    // Each is a session of its own, of which servers allow few on one connection.
    atOnce: 1,
    async stat(path) {
      const p = word(path);
      const result = await run(connection, `[ -e ${p} ] || exit ${nothingThere}; LC_ALL=C ls -ldLn ${p}`);
      if ('code' in result.exit && result.exit.code === nothingThere) return undefined;
      const fields = /^(.)(\S{9})\S*\s+\d+\s+\d+\s+\d+\s+(\d+)?/.exec(result.stdout.toString('latin1'));
      if (!succeeded(result) || !fields) throw failed(path, complaint(result));
      const [, type, permissions, size] = fields;
      return { kind: kindOf(type), mode: modeOf(permissions as string), size: Number(size ?? 0) };
    },
    async list(path) {
      const each = `for f in * .[!.]* ..?*; do { [ -e "$f" ] || [ -h "$f" ]; } && printf '%s\\0' "$f"; done; :`;
      const { stdout } = await succeed(`cd ${word(path)} && { ${each}; }`, path);
      return stdout.toString('utf8').split('\0').slice(0, -1);
    },
    async resolve(path) {
      const result = await run(connection, `readlink -f ${word(path)}`);
      return (succeeded(result) && result.stdout.toString('utf8').replace(/\n$/, '')) || path;
    },
    async makeFolder(path, mode) {
      await succeed(`mkdir -m ${mode.toString(8)} ${word(path)}`, path);
    },
    async putFile(local, remote, mode, progress) {
      const { size } = await import('node:fs/promises').then(({ stat }) => stat(local));
      let done = 0;
      const count = (bytes: number) => progress((done += bytes), size);
      await succeed(writing(word(remote), mode), remote, { input: { file: local, progress: count } });
    },
    async putData(data, remote, mode) {
      await succeed(writing(word(remote), mode), remote, { input: data });
    },
    async getFile(remote, local, size, progress) {
      const source = await connection.exec(`cat ${word(remote)}`);
      source.stdin.end();
      let done = 0;
      let said = '';
      source.stdout.on('data', (chunk: Buffer) => progress((done += chunk.length), Math.max(size, done)));
      source.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString('utf8');
      });
      await pipeline(source.stdout, createWriteStream(local)).catch((error: unknown) => {
        source.abandon();
        throw fileError(error, local);
      });
      const exit = await source.exit;
      if (!('code' in exit) || exit.code !== 0) throw failed(remote, said.trim() || 'it could not be read');
    },
    async rename(from, to) {
      await succeed(`mv -f ${word(from)} ${word(to)}`, to);
    },
    async remove(path) {
      await succeed(`rm -f ${word(path)}`, path);
    },
    close: async () => undefined,
  };
}

/** Private from the first byte; the final mode comes last. */
const writing = (path: string, mode: number) => `umask 077; cat > ${path} && chmod ${mode.toString(8)} ${path}`;

function kindOf(type: string | undefined): FileKind {
  if (type === '-') return 'file';
  return type === 'd' ? 'folder' : 'other';
}

/** `rwxr-x---` to 0o750. */
function modeOf(permissions: string): number {
  return [...permissions].reduce((mode, sign, index) => mode | (/[-ST]/.test(sign) ? 0 : 1 << (8 - index)), 0);
}

function failed(path: string, reason: string) {
  return transferErrors('transfer.failed', {
    message: `${path} on the device: ${reason}.`,
    next: 'Check the path, its permissions and the free space on the device.',
    data: { path },
  });
}
