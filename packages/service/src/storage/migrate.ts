import { isMooringError } from '@mooring/platform';
import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { storageErrors } from '../errors.ts';
import { schemaVersionOf } from './migrations/index.ts';

const table = 'schema_migrations';

/** Names of the migrations that were run on this database, in order; none for a new one. */
export async function executedMigrations(db: Kysely<never>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((found) => found.name === table)) return [];
  const rows = await (db as unknown as Kysely<Record<typeof table, { name: string }>>)
    .selectFrom(table)
    .select('name')
    .orderBy('name')
    .execute();
  return rows.map((row) => row.name);
}

/** @throws MooringError `database.newer` if the database has migrations that are not among `known` */
export function refuseNewer(executed: readonly string[], known: readonly string[], path: string): void {
  const newest = executed.at(-1);
  if (newest === undefined || executed.every((name) => known.includes(name))) return;
  const ours = known.map(schemaVersionOf).at(-1) ?? 0;
  const theirs = schemaVersionOf(newest);
  throw storageErrors('database.newer', {
    message: `${path} has schema version ${theirs}; this Mooring knows versions up to ${ours}. Nothing was changed.`,
    next: 'Run the newer Mooring, or restore a backup made by this one.',
    data: { path, schemaVersion: theirs, knownSchemaVersion: ours },
  });
}

/** Runs what is pending, all of it or nothing. */
export async function migrate(
  db: Kysely<never>,
  migrations: Readonly<Record<string, Migration>>,
  path: string,
): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: table,
    migrationLockTableName: `${table}_lock`,
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return;
  // A full disk is no fault of the migration.
  if (isMooringError(error)) throw error;
  const failed = results?.find((result) => result.status === 'Error')?.migrationName;
  throw storageErrors('database.migration.failed', {
    message: `${path}: migration ${failed ?? '?'} failed: ${(error as Error).message}. The data is as it was before.`,
    next: 'Keep the folder as it is, run the Mooring that was used before, and report this.',
    cause: error,
    data: { path, migration: failed },
  });
}
