import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Golden vectors of the original tools, beside the checkout; not part of it. */
export const vectorsFolder = join(dirname(fileURLToPath(import.meta.url)), '../../../../shared/vectors');

/** What `test` takes as `skip`: a sentence where the vectors are not there. */
export const withoutVectors: string | false = existsSync(vectorsFolder)
  ? false
  : `SKIPPED: no golden vectors at ${vectorsFolder}`;

if (withoutVectors) process.stderr.write(`${withoutVectors}\n`);

export const vector = (path: string): Uint8Array => new Uint8Array(readFileSync(join(vectorsFolder, path)));

export interface Run {
  label?: string;
  tool: string;
  argv: string[];
  clock: string;
  rc: number;
  stdout: string;
  stderr: string;
}

export interface Case {
  id: string;
  runs: Run[];
}

export const vectorCase = (group: string): Case =>
  JSON.parse(readFileSync(join(vectorsFolder, group, 'case.json'), 'utf8'));

/** Paths of all `*.manifest` files that are not empty, relative to the folder of vectors. */
export function manifestPaths(): string[] {
  if (withoutVectors) return [];
  return readdirSync(vectorsFolder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.manifest') && statSync(join(vectorsFolder, path)).size > 0)
    .map((path) => relative('.', path))
    .sort();
}
