import type { CreateTableBuilder, Kysely } from 'kysely';

const id = 'text';
const time = 'bigint';
const bytes = 'bytea';

function ofKey<T extends string, C extends string>(table: CreateTableBuilder<T, C>) {
  return table
    .addColumn('account_id', id, (column) => column.notNull().references('accounts.id'))
    .addColumn('api_key_id', id, (column) => column.notNull().references('api_keys.id').onDelete('cascade'));
}

export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;

  await ofKey(schema.createTable('notification_channels'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('url', 'text')
    .addColumn('headers_sealed', bytes)
    .addColumn('serialization_json', 'text', (column) => column.notNull())
    .addColumn('created_at', time, (column) => column.notNull())
    .addColumn('alive_at', time, (column) => column.notNull())
    .addPrimaryKeyConstraint('notification_channels_key', ['api_key_id'])
    .execute();

  await ofKey(schema.createTable('notifications').addColumn('id', id, (column) => column.primaryKey()))
    .addColumn('part', 'text', (column) => column.notNull())
    .addColumn('body_json', 'text', (column) => column.notNull())
    .addColumn('bytes', 'integer', (column) => column.notNull())
    .addColumn('at', time, (column) => column.notNull())
    .execute();

  await ofKey(schema.createTable('subscriptions'))
    .addColumn('device_id', id, (column) => column.notNull().references('devices.id').onDelete('cascade'))
    .addColumn('path', 'text', (column) => column.notNull())
    .addColumn('by_rule', 'integer', (column) => column.notNull())
    .addColumn('created_at', time, (column) => column.notNull())
    .addPrimaryKeyConstraint('subscriptions_key', ['device_id', 'path', 'api_key_id'])
    .execute();

  await ofKey(schema.createTable('presubscriptions'))
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('endpoint_name', 'text')
    .addColumn('endpoint_type', 'text')
    .addColumn('paths_json', 'text')
    .addPrimaryKeyConstraint('presubscriptions_key', ['api_key_id', 'position'])
    .execute();

  await ofKey(schema.createTable('device_requests').addColumn('id', id, (column) => column.primaryKey()))
    .addColumn('device_id', id, (column) => column.notNull().references('devices.id').onDelete('cascade'))
    .addColumn('async_id', 'text', (column) => column.notNull())
    .addColumn('method', 'text', (column) => column.notNull())
    .addColumn('uri', 'text', (column) => column.notNull())
    .addColumn('accept', 'integer')
    .addColumn('content_format', 'integer')
    .addColumn('payload', bytes, (column) => column.notNull())
    .addColumn('retries', 'integer', (column) => column.notNull())
    .addColumn('expires_at', time, (column) => column.notNull())
    .addColumn('created_at', time, (column) => column.notNull())
    .execute();

  // What a server has to know of a device again after a restart: where its objects stand, and in which formats it writes.
  for (const name of ['root', 'formats_json'])
    await schema.alterTable('registrations').addColumn(name, 'text').execute();

  const indexes: [table: string, name: string, columns: string[]][] = [
    ['notification_channels', 'notification_channels_account', ['account_id']],
    ['notifications', 'notifications_queue', ['api_key_id', 'id']],
    ['subscriptions', 'subscriptions_api_key', ['api_key_id', 'device_id']],
    ['presubscriptions', 'presubscriptions_account', ['account_id']],
    ['device_requests', 'device_requests_queue', ['device_id', 'id']],
    ['device_requests', 'device_requests_expiry', ['expires_at']],
  ];
  for (const [table, name, columns] of indexes) {
    await schema.createIndex(name).on(table).columns(columns).execute();
  }
}
