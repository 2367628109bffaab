import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'fixtures', name));
export const fixtureText = (name: string): string => fixture(name).toString('utf8');

const vectors = join(import.meta.dirname, '../../../../shared/vectors');

/** A file of the golden vectors, undefined where this checkout has none beside it. */
export function vector(path: string): Buffer | undefined {
  if (existsSync(vectors)) return readFileSync(join(vectors, path));
  process.stderr.write(`\nSKIPPED: the golden vectors are not at ${vectors}; ${path} was not compared.\n`);
  return undefined;
}
