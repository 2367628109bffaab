import { join } from 'node:path';
import type { Disk } from '../disk.ts';
import type { Containers } from './containers.ts';

/** `/home/app/NAME/N`: the numbers that are there, from the lowest. */
export async function numbersOf(disk: Disk, folder: string, name: string): Promise<number[]> {
  const names = await disk.list(join(folder, name));
  return names
    .filter((one) => /^(0|[1-9]\d{0,8})$/.test(one))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Names of the applications that are there. */
export async function applicationNames(disk: Disk, folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of (await disk.list(folder)).sort()) {
    if (/^[A-Za-z0-9]/.test(name) && (await numbersOf(disk, folder, name)).length > 0) found.push(name);
  }
  return found;
}

/**
 * Starts every application that does not run, as at a boot; one that fails does not keep the others down.
 *
 * @param except those that an update has in hand
 * @returns what went wrong, a line for each
 */
export async function startAll(
  disk: Disk,
  folder: string,
  containers: Containers,
  except: ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const failures: string[] = [];
  for (const name of await applicationNames(disk, folder)) {
    if (except.has(name)) continue;
    const [number] = await numbersOf(disk, folder, name);
    try {
      if (number === undefined || (await containers.isRunning(name))) continue;
      await containers.start(name, join(folder, name, `${number}`));
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
    }
  }
  return failures;
}
