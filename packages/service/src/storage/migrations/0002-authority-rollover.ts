import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('authorities').addColumn('cross_certificate', 'bytea').execute();
  await db.schema.alterTable('authorities').addColumn('changed_at', 'bigint').execute();
}
