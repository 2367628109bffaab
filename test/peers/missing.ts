import { spawnSync } from 'node:child_process';

/** Whether a program can be started. */
export const isThere = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/** False if all programs are there; else the reason to skip, after a line that cannot be overlooked. */
export function missing(programs: readonly string[], packages: string): string | false {
  const absent = programs.filter((program) => !isThere(program));
  return absent.length > 0 && notTested(`${absent.join(', ')} not found (apt install ${packages})`);
}

/** A missing peer may be passed over by a person; in CI it is a fault of what installs the peers. */
export function notTested(reason: string): string {
  if (process.env.CI) throw new Error(`NOT TESTED, though this is CI: ${reason}`);
  process.stderr.write(`\n*** NOT TESTED: ${reason}\n\n`);
  return `NOT TESTED: ${reason}`;
}
