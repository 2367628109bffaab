import type { CreateTableBuilder, Kysely } from 'kysely';

type Column = readonly [
  name: string,
  type: 'text' | 'integer' | 'bigint' | 'bytea' | 'double precision',
  need?: 'always',
];

const named: readonly Column[] = [
  ['name', 'text', 'always'],
  ['description', 'text'],
];
const times: readonly Column[] = [
  ['created_at', 'bigint', 'always'],
  ['updated_at', 'bigint', 'always'],
];

export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  const table = (name: string, columns: readonly Column[]) => {
    let made: CreateTableBuilder<string, string> = schema
      .createTable(name)
      .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id'));
    for (const [column, type, need] of columns) {
      made = made.addColumn(column, type, (one) => (need === 'always' ? one.notNull() : one));
    }
    return made;
  };
  const entity = (name: string, columns: readonly Column[]) =>
    table(name, columns).addColumn('id', 'text', (column) => column.primaryKey());

  await entity('firmware_images', [
    ...named,
    ['blob', 'text', 'always'],
    ['link', 'text', 'always'],
    ['file_name', 'text', 'always'],
    ['checksum', 'text', 'always'],
    ['size', 'bigint', 'always'],
    ['expires_at', 'bigint'],
    ...times,
  ])
    .addUniqueConstraint('firmware_images_link', ['link'])
    .execute();

  await entity('upload_jobs', [
    ...named,
    ['status', 'text', 'always'],
    ['size', 'bigint', 'always'],
    ['firmware_image_id', 'text'],
    ...times,
  ]).execute();

  await table('upload_chunks', [
    ['number', 'integer', 'always'],
    ['length', 'bigint', 'always'],
    ['hash', 'text', 'always'],
    ['created_at', 'bigint', 'always'],
  ])
    .addColumn('job_id', 'text', (column) => column.notNull().references('upload_jobs.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('upload_chunks_key', ['job_id', 'number'])
    .execute();

  await entity('firmware_manifests', [
    ...named,
    ['data', 'bytea', 'always'],
    ['size', 'integer', 'always'],
    ['link', 'text', 'always'],
    ['key_table', 'bytea'],
    ['schema_version', 'text', 'always'],
    ['device_class', 'text'],
    ['device_vendor', 'text'],
    ['timestamp', 'bigint'],
    ['priority', 'bigint'],
    ['component', 'text'],
    ['payload_version', 'text'],
    ['payload_uri', 'text'],
    ['payload_digest', 'text'],
    ['payload_size', 'bigint'],
    ['payload_type', 'text'],
    ['installed_digest', 'text'],
    ['precursor_digest', 'text'],
    ['signed_by', 'text'],
    ...times,
  ])
    .addUniqueConstraint('firmware_manifests_link', ['link'])
    .execute();

  await entity('update_certificates', [
    ['name', 'text', 'always'],
    ['certificate', 'bytea', 'always'],
    ['fingerprint', 'text', 'always'],
    ['not_after', 'bigint', 'always'],
    ...times,
  ])
    .addUniqueConstraint('update_certificates_fingerprint', ['account_id', 'fingerprint'])
    .execute();

  await entity('update_campaigns', [
    ...named,
    ['device_filter', 'text', 'always'],
    ['root_manifest_id', 'text'],
    ['strategy', 'text', 'always'],
    ['state', 'text', 'always'],
    ['phase', 'text', 'always'],
    ['start_at', 'bigint'],
    ['approval_required', 'integer', 'always'],
    ['approved_at', 'bigint'],
    ['autostop', 'integer', 'always'],
    ['autostop_percent', 'double precision', 'always'],
    ['failure_percent', 'double precision'],
    ['stop_reason', 'text'],
    ['waves_json', 'text'],
    ['wave', 'integer', 'always'],
    ['wave_at', 'bigint'],
    ['pending_count', 'integer', 'always'],
    ['success_count', 'integer', 'always'],
    ['failed_count', 'integer', 'always'],
    ['skipped_count', 'integer', 'always'],
    ['started_at', 'bigint'],
    ['starting_at', 'bigint'],
    ['active_at', 'bigint'],
    ['stopping_at', 'bigint'],
    ['stopped_at', 'bigint'],
    ['archived_at', 'bigint'],
    ...times,
  ]).execute();

  // Not bound to the device: the record of what was done stays when its device is deleted.
  await entity('campaign_devices', [
    ['device_id', 'text', 'always'],
    ['progress', 'text', 'always'],
    ['status', 'text', 'always'],
    ['event_type', 'text', 'always'],
    ['reason_code', 'text'],
    ['reason_detail', 'text'],
    ['wave', 'integer', 'always'],
    ['attempts', 'integer', 'always'],
    ['told_state', 'integer'],
    ['before_result', 'integer'],
    ...times,
  ])
    .addColumn('campaign_id', 'text', (column) =>
      column.notNull().references('update_campaigns.id').onDelete('cascade'),
    )
    .addUniqueConstraint('campaign_devices_device', ['campaign_id', 'device_id'])
    .execute();

  await table('device_update_facts', [
    ['protocol', 'integer'],
    ['schemas', 'text', 'always'],
    ['client', 'text', 'always'],
    ['fingerprint', 'text'],
    ['not_after', 'bigint'],
    ['source', 'text'],
    ['updated_at', 'bigint', 'always'],
  ])
    .addColumn('device_id', 'text', (column) => column.primaryKey().references('devices.id').onDelete('cascade'))
    .execute();

  const indexes: readonly (readonly [table: string, name: string, columns: readonly string[]])[] = [
    ['firmware_images', 'firmware_images_page', ['account_id', 'id']],
    ['upload_jobs', 'upload_jobs_page', ['account_id', 'id']],
    ['firmware_manifests', 'firmware_manifests_page', ['account_id', 'id']],
    ['update_certificates', 'update_certificates_page', ['account_id', 'id']],
    ['update_campaigns', 'update_campaigns_page', ['account_id', 'id']],
    ['update_campaigns', 'update_campaigns_phase', ['phase']],
    ['campaign_devices', 'campaign_devices_page', ['campaign_id', 'id']],
    ['campaign_devices', 'campaign_devices_progress', ['campaign_id', 'progress', 'wave', 'id']],
    ['campaign_devices', 'campaign_devices_of', ['device_id', 'status']],
    ['device_update_facts', 'device_update_facts_end', ['account_id', 'not_after']],
  ];
  for (const [on, name, columns] of indexes) {
    await schema
      .createIndex(name)
      .on(on)
      .columns([...columns])
      .execute();
  }
}
