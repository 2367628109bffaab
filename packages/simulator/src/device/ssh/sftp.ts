import { constants } from 'node:fs';
import type { Attributes, SFTPWrapper } from 'ssh2';
import ssh2 from 'ssh2';
import { longLine } from '../commands/listing.ts';
import { below } from '../root/device-path.ts';
import { errorNumber, isSystemError, reasonOf } from '../root/errno.ts';
import type { RootFile } from '../root/root-file.ts';
import type { SessionContext } from './session-context.ts';

const { STATUS_CODE, OPEN_MODE } = ssh2.utils.sftp;

type Handle =
  | { kind: 'file'; file: RootFile; append: boolean }
  | { kind: 'folder'; path: string; names: string[] | undefined };

const mostHandles = 256;
const home = '/home/root';

/** SFTP version 3, as openssh-sftp-server gives it on a development image, within the device's folder. */
export function serveFiles(sftp: SFTPWrapper, context: SessionContext): void {
  const { root, clock } = context.device;
  const handles = new Map<number, Handle>();
  let lastHandle = 0;
  let queue = Promise.resolve();

  /** Requests are answered one after the other, so that a write is seen by the read behind it. */
  function answer(id: number, work: () => Promise<void>): void {
    const step = async () => {
      try {
        await work();
      } catch (error) {
        const code = errorNumber(error);
        if (code === 'EOF') sftp.status(id, STATUS_CODE.EOF);
        else if (code === 'ENOENT' || code === 'ENOTDIR') sftp.status(id, STATUS_CODE.NO_SUCH_FILE, reasonOf(error));
        else if (code === 'EACCES' || code === 'EPERM') sftp.status(id, STATUS_CODE.PERMISSION_DENIED, reasonOf(error));
        else sftp.status(id, STATUS_CODE.FAILURE, isSystemError(error) ? reasonOf(error) : 'Failure');
      }
    };
    queue = queue.then(step).catch(() => undefined);
  }

  const done = (id: number) => sftp.status(id, STATUS_CODE.OK);

  function keep(handle: Handle): Buffer {
    const name = Buffer.alloc(4);
    name.writeUInt32BE(++lastHandle);
    handles.set(lastHandle, handle);
    return name;
  }

  function handleOf(name: Buffer): Handle {
    const handle = name.length === 4 ? handles.get(name.readUInt32BE()) : undefined;
    if (!handle) throw Object.assign(new Error('no such handle'), { code: 'EBADF' });
    return handle;
  }

  function fileOf(name: Buffer) {
    const handle = handleOf(name);
    if (handle.kind !== 'file') throw Object.assign(new Error('not a file'), { code: 'EISDIR' });
    return handle;
  }

  async function attributesOf(path: string, last: 'follow' | 'keep'): Promise<Attributes> {
    return attributes(await root.stat(path, home, last));
  }

  async function change(path: string, wanted: Attributes): Promise<void> {
    if (wanted.mode !== undefined) await root.changeMode(path, home, wanted.mode);
    if (wanted.size === undefined && wanted.mtime === undefined) return;
    const flags = wanted.size === undefined ? constants.O_RDONLY : constants.O_WRONLY;
    const file = await root.open(path, home, flags);
    await changeFile(file, wanted).finally(() => file.close());
  }

  sftp.on('OPEN', (id, path, flags, wanted) => {
    answer(id, async () => {
      if (handles.size >= mostHandles) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
      const mode = wanted.mode ?? 0o644;
      const file = await root.open(path, home, openFlags(flags), mode);
      sftp.handle(id, keep({ kind: 'file', file, append: (flags & OPEN_MODE.APPEND) !== 0 }));
    });
  });
  sftp.on('READ', (id, name, offset, length) => {
    answer(id, async () => {
      const data = await fileOf(name).file.read(Math.min(length, 128 * 1024), offset);
      if (data.length === 0) sftp.status(id, STATUS_CODE.EOF);
      else sftp.data(id, data);
    });
  });
  sftp.on('WRITE', (id, name, offset, data) => {
    const copy = Buffer.from(data);
    context.uploaded(copy.length);
    answer(id, async () => {
      const { file, append } = fileOf(name);
      if (append) await file.append(copy);
      else await file.write(copy, offset);
      done(id);
    });
  });
  sftp.on('FSTAT', (id, name) => answer(id, async () => sftp.attrs(id, attributes(await fileOf(name).file.stat()))));
  sftp.on('FSETSTAT', (id, name, wanted) => {
    answer(id, async () => {
      const { file } = fileOf(name);
      if (wanted.mode !== undefined) await file.changeMode(wanted.mode);
      await changeFile(file, wanted);
      done(id);
    });
  });
  sftp.on('CLOSE', (id, name) => {
    answer(id, async () => {
      const handle = handleOf(name);
      handles.delete(name.readUInt32BE());
      if (handle.kind === 'file') await handle.file.close();
      done(id);
    });
  });
  sftp.on('OPENDIR', (id, path) => {
    answer(id, async () => {
      if (handles.size >= mostHandles) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
      const place = await root.find(path, home);
      const names = (await root.list(place.path)).map((entry) => entry.name);
      sftp.handle(id, keep({ kind: 'folder', path: place.path, names: ['.', '..', ...names] }));
    });
  });
  sftp.on('READDIR', (id, name) => {
    answer(id, async () => {
      const handle = handleOf(name);
      if (handle.kind !== 'folder') throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
      const names = handle.names?.splice(0, 100) ?? [];
      if (names.length === 0) {
        sftp.status(id, STATUS_CODE.EOF);
        return;
      }
      const entries = [];
      for (const filename of names) {
        const stats = await root.stat(below(handle.path, filename), '/', 'keep').catch(() => undefined);
        if (!stats) continue;
        entries.push({ filename, longname: longLine(filename, stats, clock.now()), attrs: attributes(stats) });
      }
      sftp.name(id, entries);
    });
  });
  sftp.on('LSTAT', (id, path) => answer(id, async () => sftp.attrs(id, await attributesOf(path, 'keep'))));
  sftp.on('STAT', (id, path) => answer(id, async () => sftp.attrs(id, await attributesOf(path, 'follow'))));
  sftp.on('SETSTAT', (id, path, wanted) => answer(id, async () => change(path, wanted).then(() => done(id))));
  sftp.on('REMOVE', (id, path) => answer(id, async () => root.removeFile(path, home).then(() => done(id))));
  sftp.on('RMDIR', (id, path) => answer(id, async () => root.removeFolder(path, home).then(() => done(id))));
  sftp.on('MKDIR', (id, path, wanted) => {
    answer(id, async () => root.makeFolder(path, home, wanted.mode ?? 0o755).then(() => done(id)));
  });
  sftp.on('RENAME', (id, from, to) => {
    answer(id, async () => {
      // Version 3 does not replace what is there.
      if (await root.exists(to, home)) throw Object.assign(new Error('exists'), { code: 'EEXIST' });
      await root.rename(from, to, home);
      done(id);
    });
  });
  sftp.on('REALPATH', (id, path) => {
    answer(id, async () => {
      const place = await root.find(path === '' ? '.' : path, home);
      sftp.name(id, [{ filename: place.path, longname: place.path, attrs: {} as Attributes }]);
    });
  });
  sftp.on('READLINK', (id, path) => {
    answer(id, async () => {
      const target = await root.readLink(path, home);
      sftp.name(id, [{ filename: target, longname: target, attrs: {} as Attributes }]);
    });
  });
  // A link in the folder would be followed by programs of this machine that look into it.
  sftp.on('SYMLINK', (id) => sftp.status(id, STATUS_CODE.OP_UNSUPPORTED, 'This device makes no links'));
  sftp.on('EXTENDED', (id) => sftp.status(id, STATUS_CODE.OP_UNSUPPORTED));

  const release = () => {
    queue = queue.then(async () => {
      for (const handle of handles.values())
        if (handle.kind === 'file') await handle.file.close().catch(() => undefined);
      handles.clear();
    });
    context.track(queue);
  };
  sftp.on('end', () => {
    release();
    exitInOrder(sftp);
    sftp.end();
  });
  sftp.on('error', () => undefined);
  context.signal.addEventListener('abort', release, { once: true });
}

/** OpenSSH's scp takes the status of the subsystem for its own; the library has no call for it here. */
function exitInOrder(sftp: SFTPWrapper): void {
  const channel = sftp as unknown as {
    outgoing: { id: number; state: string };
    _protocol: { exitStatus(channel: number, status: number): void };
  };
  if (channel.outgoing.state === 'open') channel._protocol.exitStatus(channel.outgoing.id, 0);
}

async function changeFile(file: RootFile, wanted: Attributes): Promise<void> {
  if (wanted.size !== undefined) await file.truncate(wanted.size);
  if (wanted.mtime !== undefined) await file.changeTimes(wanted.atime ?? wanted.mtime, wanted.mtime);
}

function attributes(stats: Awaited<ReturnType<RootFile['stat']>>): Attributes {
  return {
    mode: stats.mode,
    uid: 0,
    gid: 0,
    size: stats.size,
    atime: Math.floor(stats.atimeMs / 1000),
    mtime: Math.floor(stats.mtimeMs / 1000),
  };
}

function openFlags(flags: number): number {
  const reads = (flags & OPEN_MODE.READ) !== 0;
  const writes = (flags & OPEN_MODE.WRITE) !== 0;
  let result = writes ? (reads ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY;
  if (flags & OPEN_MODE.APPEND) result |= constants.O_APPEND;
  if (flags & OPEN_MODE.CREAT) result |= constants.O_CREAT;
  if (flags & OPEN_MODE.TRUNC) result |= constants.O_TRUNC;
  if (flags & OPEN_MODE.EXCL) result |= constants.O_EXCL;
  return result;
}
