import { errorFamily } from './errors.ts';

export const platformErrors = errorFamily({
  'file.not.found': 'A file or folder that was named does not exist.',
  'file.not.allowed': 'The operating system refused access to a file or folder.',
  'file.not.folder': 'A path that has to be a folder is a file, or the other way round.',
  'file.disk.full': 'The disk is full; what was there before is unchanged.',
  'file.read.only': 'The file system is mounted read-only.',
  'file.failed': 'A file operation failed for another reason, which is given.',
  'lock.busy': 'Another process is working on the same data.',
});

const sentences: Record<string, { code: Parameters<typeof platformErrors>[0]; text: string; next: string }> = {
  ENOENT: { code: 'file.not.found', text: 'does not exist', next: 'Check the path.' },
  EACCES: { code: 'file.not.allowed', text: 'may not be accessed by this user', next: 'Check owner and permissions.' },
  EPERM: { code: 'file.not.allowed', text: 'may not be changed by this user', next: 'Check owner and permissions.' },
  ENOTDIR: { code: 'file.not.folder', text: 'lies below something that is not a folder', next: 'Check the path.' },
  EISDIR: { code: 'file.not.folder', text: 'is a folder, not a file', next: 'Name a file.' },
  EEXIST: {
    code: 'file.not.folder',
    text: 'exists already and is not a folder',
    next: 'Move it away or name another place.',
  },
  ENOSPC: {
    code: 'file.disk.full',
    text: 'could not be written: the disk is full',
    next: 'Free some space and repeat; nothing was changed.',
  },
  EDQUOT: {
    code: 'file.disk.full',
    text: 'could not be written: the disk quota is used up',
    next: 'Free some space and repeat; nothing was changed.',
  },
  EROFS: { code: 'file.read.only', text: 'lies on a read-only file system', next: 'Name a place that can be written.' },
};

/** Turns a failed system call on `path` into an expected error; anything else is passed through unchanged. */
export function fileError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (typeof code !== 'string' || (error as NodeJS.ErrnoException).syscall === undefined) return error;
  const known = sentences[code];
  if (!known) {
    return platformErrors('file.failed', {
      message: `${path}: ${(error as Error).message}.`,
      cause: error,
      data: { path },
    });
  }
  return platformErrors(known.code, {
    message: `${path} ${known.text}.`,
    next: known.next,
    cause: error,
    data: { path },
  });
}
