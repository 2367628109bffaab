import type { CreateTableBuilder, Kysely } from 'kysely';

/*
 * Column types are those that both databases know. `bytea` is no type of SQLite, but leaves it with no wish to convert
 * a blob; `bigint` is there for PostgreSQL, where `integer` ends in 1970.
 */

const id = 'text';
const time = 'bigint';
const bytes = 'bytea';

function ofAccount<T extends string, C extends string>(table: CreateTableBuilder<T, C>) {
  return table.addColumn('account_id', id, (column) => column.notNull().references('accounts.id'));
}

export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;

  await schema
    .createTable('accounts')
    .addColumn('id', id, (column) => column.primaryKey())
    .addColumn('account_id', id, (column) => column.notNull())
    .addColumn('display_name', 'text')
    .addColumn('email', 'text')
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('tier', 'text', (column) => column.notNull())
    .addColumn('end_market', 'text', (column) => column.notNull())
    .addColumn('aliases_json', 'text', (column) => column.notNull())
    .addColumn('attributes_json', 'text', (column) => column.notNull())
    .addColumn('created_at', time, (column) => column.notNull())
    .addColumn('updated_at', time, (column) => column.notNull())
    .addColumn('etag', 'integer', (column) => column.notNull())
    .execute();

  await ofAccount(schema.createTable('policy_groups').addColumn('id', id, (column) => column.primaryKey()))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('permissions_json', 'text', (column) => column.notNull())
    .addColumn('created_at', time, (column) => column.notNull())
    .addColumn('updated_at', time, (column) => column.notNull())
    .addColumn('etag', 'integer', (column) => column.notNull())
    .addUniqueConstraint('policy_groups_name', ['account_id', 'name'])
    .execute();

  await ofAccount(schema.createTable('api_keys').addColumn('id', id, (column) => column.primaryKey()))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('owner_id', id)
    .addColumn('secret_hash', bytes, (column) => column.notNull())
    .addColumn('created_at', time, (column) => column.notNull())
    .addColumn('updated_at', time, (column) => column.notNull())
    .addColumn('last_login_at', time)
    .addColumn('etag', 'integer', (column) => column.notNull())
    .addUniqueConstraint('api_keys_name', ['account_id', 'name'])
    .addUniqueConstraint('api_keys_secret', ['secret_hash'])
    .execute();

  await ofAccount(schema.createTable('api_key_groups'))
    .addColumn('api_key_id', id, (column) => column.notNull().references('api_keys.id').onDelete('cascade'))
    .addColumn('group_id', id, (column) => column.notNull().references('policy_groups.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('api_key_groups_key', ['api_key_id', 'group_id'])
    .execute();

  await ofAccount(schema.createTable('authorities').addColumn('id', id, (column) => column.primaryKey()))
    .addColumn('purpose', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('certificate', bytes, (column) => column.notNull())
    .addColumn('private_key_sealed', bytes, (column) => column.notNull())
    .addColumn('created_at', time, (column) => column.notNull())
    .addColumn('crl_number', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();

  await ofAccount(schema.createTable('trusted_certificates').addColumn('id', id, (column) => column.primaryKey()))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('description', 'text')
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('enrollment_mode', 'integer', (column) => column.notNull())
    .addColumn('device_execution_mode', 'integer', (column) => column.notNull())
    .addColumn('certificate', bytes, (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('not_after', time, (column) => column.notNull())
    .addColumn('authority_id', id, (column) => column.references('authorities.id'))
    .addColumn('owner_id', id)
    .addColumn('created_at', time, (column) => column.notNull())
    .addColumn('updated_at', time, (column) => column.notNull())
    .addColumn('etag', 'integer', (column) => column.notNull())
    .addUniqueConstraint('trusted_certificates_name', ['account_id', 'name'])
    .execute();

  await ofAccount(
    schema
      .createTable('developer_certificates')
      .addColumn('id', id, (column) => column.primaryKey().references('trusted_certificates.id').onDelete('cascade')),
  )
    .addColumn('private_key_sealed', bytes, (column) => column.notNull())
    .execute();

  // The certificate may be deleted; that its serial was revoked stays.
  await ofAccount(schema.createTable('revocations'))
    .addColumn('authority_id', id, (column) => column.notNull().references('authorities.id'))
    .addColumn('serial', 'text', (column) => column.notNull())
    .addColumn('certificate_id', id, (column) => column.notNull())
    .addColumn('revoked_at', time, (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('revocations_key', ['authority_id', 'serial'])
    .execute();

  await ofAccount(schema.createTable('audit_records').addColumn('id', id, (column) => column.primaryKey()))
    .addColumn('at', time, (column) => column.notNull())
    .addColumn('actor_kind', 'text', (column) => column.notNull())
    .addColumn('actor_id', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('subject_kind', 'text', (column) => column.notNull())
    .addColumn('subject_id', 'text', (column) => column.notNull())
    .addColumn('request_id', 'text')
    .addColumn('detail_json', 'text', (column) => column.notNull())
    .execute();

  await ofAccount(schema.createTable('settings'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('value_json', 'text', (column) => column.notNull())
    .addColumn('updated_at', time, (column) => column.notNull())
    .addPrimaryKeyConstraint('settings_key', ['account_id', 'name'])
    .execute();

  const indexes: [table: string, name: string, columns: string[]][] = [
    ['policy_groups', 'policy_groups_page', ['account_id', 'id']],
    ['api_keys', 'api_keys_page', ['account_id', 'id']],
    ['api_key_groups', 'api_key_groups_of_group', ['group_id']],
    ['authorities', 'authorities_purpose', ['account_id', 'purpose', 'state']],
    ['trusted_certificates', 'trusted_certificates_page', ['account_id', 'id']],
    ['trusted_certificates', 'trusted_certificates_fingerprint', ['fingerprint']],
    ['trusted_certificates', 'trusted_certificates_authority', ['authority_id']],
    ['audit_records', 'audit_records_page', ['account_id', 'id']],
    ['audit_records', 'audit_records_subject', ['account_id', 'subject_kind', 'subject_id']],
  ];
  for (const [table, name, columns] of indexes) {
    await schema.createIndex(name).on(table).columns(columns).execute();
  }
}
