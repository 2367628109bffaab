import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('enrolment_jobs').addColumn('input', 'bytea').execute();
}
