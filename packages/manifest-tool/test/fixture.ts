import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A key of the fixtures that package pki tests with. */
export const readFixture = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, '../../pki/test/fixtures', name));
