import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('device_certificates')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id'))
    .addColumn('endpoint_name', 'text', (column) => column.notNull())
    .addColumn('certificate', 'bytea', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('authority_id', 'text', (column) => column.notNull().references('authorities.id'))
    .addColumn('owner_id', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('etag', 'integer', (column) => column.notNull())
    .addUniqueConstraint('device_certificates_name', ['account_id', 'endpoint_name'])
    .execute();
  for (const [name, columns] of [
    ['device_certificates_page', ['account_id', 'id']],
    ['device_certificates_fingerprint', ['fingerprint']],
    ['device_certificates_authority', ['authority_id']],
  ] as const) {
    await db.schema
      .createIndex(name)
      .on('device_certificates')
      .columns([...columns])
      .execute();
  }
}
