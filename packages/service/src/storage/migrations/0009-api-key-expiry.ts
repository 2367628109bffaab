import type { Kysely } from 'kysely';

/** API keys that end by themselves. Null: until somebody ends them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('api_keys').addColumn('expires_at', 'bigint').execute();
}
