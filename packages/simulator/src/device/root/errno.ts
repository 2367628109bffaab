/** What the C library says for an error of a system call, as the commands of a device print it. */
const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  EEXIST: 'File exists',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  ENOTEMPTY: 'Directory not empty',
  EROFS: 'Read-only file system',
  ENOSPC: 'No space left on device',
  EBUSY: 'Device or resource busy',
  EINVAL: 'Invalid argument',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  EXDEV: 'Cross-device link',
  EFBIG: 'File too large',
  EBADF: 'Bad file descriptor',
  EMFILE: 'Too many open files',
};

/** A failed system call of the virtual device, in the shape of Node's own ones. */
export class SystemCallError extends Error {
  readonly code: string;

  constructor(code: string, path?: string) {
    super(`${sentences[code] ?? code}${path === undefined ? '' : `: ${path}`}`);
    this.code = code;
  }
}

export function errorNumber(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** True for errors that a device reports in a line; everything else is a fault of this program. */
export function isSystemError(error: unknown): boolean {
  const code = errorNumber(error);
  return code !== undefined && (code in sentences || (error as { syscall?: unknown }).syscall !== undefined);
}

/** The bare sentence, without host paths. */
export function reasonOf(error: unknown): string {
  const code = errorNumber(error);
  return (code !== undefined && sentences[code]) || 'Input/output error';
}
