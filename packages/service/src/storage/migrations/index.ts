import type { Migration } from 'kysely/migration';
import * as m0001 from './0001-accounts-keys-certificates.ts';
import * as m0002 from './0002-authority-rollover.ts';
import * as m0003 from './0003-device-directory.ts';
import * as m0004 from './0004-connect.ts';
import * as m0005 from './0005-enrolment-files.ts';
import * as m0006 from './0006-device-certificates.ts';
import * as m0007 from './0007-people.ts';
import * as m0008 from './0008-updates.ts';
import * as m0009 from './0009-api-key-expiry.ts';

/** In order; the number in front is the version of the schema. A released one is never changed. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-accounts-keys-certificates': m0001,
  '0002-authority-rollover': m0002,
  '0003-device-directory': m0003,
  '0004-connect': m0004,
  '0005-enrolment-files': m0005,
  '0006-device-certificates': m0006,
  '0007-people': m0007,
  '0008-updates': m0008,
  '0009-api-key-expiry': m0009,
};

export function schemaVersionOf(migrationName: string): number {
  return Number.parseInt(migrationName, 10);
}

/** The schema that this program works with. */
export const schemaVersion: number = Math.max(...Object.keys(migrations).map(schemaVersionOf));
