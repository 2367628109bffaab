import { isAbsolute, join } from 'node:path';

/** A path in `~/.ssh/config`, in which `~` and `%d` are the home folder. */
export function expandPath(file: string, home: string): string {
  const path = file.replace(/^~(?=\/|$)/, home).replaceAll('%d', home);
  return isAbsolute(path) ? path : join(home, '.ssh', path);
}
