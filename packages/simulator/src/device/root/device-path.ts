/** Lexical work on paths as the device sees them: always `/`, absolute after `absolutePath`. */

/** Joins to the current folder; `.` and empty parts go, `..` stays, since what it means depends on links. */
export function partsOf(path: string, folder: string): string[] {
  const whole = path.startsWith('/') ? path : `${folder}/${path}`;
  return whole.split('/').filter((part) => part !== '' && part !== '.');
}

/** The path without links being looked at, as a shell's `cd` sees it. */
export function absolutePath(path: string, folder: string): string {
  const parts: string[] = [];
  for (const part of partsOf(path, folder)) {
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export function baseName(path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  return trimmed === '' ? '/' : trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

export function folderOf(path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  const end = trimmed.lastIndexOf('/');
  if (end < 0) return '.';
  return end === 0 ? '/' : trimmed.slice(0, end);
}

/** A file name below a folder, for messages: no double slash after the root. */
export function below(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}

/** True if `path` is `folder` or lies in it; both absolute. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}
