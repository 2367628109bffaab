import { globSync, readFileSync } from 'node:fs';

/** The processes that have this `NAME=value` in the environment they were started with. On Linux only; elsewhere none. */
export function leftRunning(mark: string): { pid: number; command: string }[] {
  return globSync('/proc/[0-9]*/environ').flatMap((path) => {
    const pid = Number(path.split('/')[2]);
    try {
      if (!readFileSync(path, 'latin1').split('\0').includes(mark)) return [];
      return [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim() }];
    } catch {
      // Another user's, or gone.
      return [];
    }
  });
}
