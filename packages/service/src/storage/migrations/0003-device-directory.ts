import { type CreateTableBuilder, type Kysely, sql } from 'kysely';

const id = 'text';
const time = 'bigint';
const bytes = 'bytea';

type Columns = readonly (readonly [name: string, type: 'text' | 'integer' | 'bigint' | 'bytea', need?: 'always'])[];

/** Empty fields of devices stand in no index: most devices have most of them empty. */
const optionalDeviceColumns: Columns = [
  ['description', 'text'],
  ['ca_id', 'text'],
  ['device_key', 'text'],
  ['bootstrap_expiration', time],
  ['connector_expiration', time],
  ['bootstrapped_at', time],
  ['device_class', 'text'],
  ['vendor_id', 'text'],
  ['serial_number', 'text'],
  ['endpoint_type', 'text'],
  ['firmware_checksum', 'text'],
  ['manifest', 'text'],
  ['manifest_at', time],
  ['mechanism_url', 'text'],
  ['deployment', 'text'],
  ['host_gateway', 'text'],
  ['enrolled_at', time],
  ['operator_suspended_category', 'text'],
  ['operator_suspended_at', time],
];

const deviceColumns: Columns = [
  ['endpoint_name', 'text', 'always'],
  ['name', 'text', 'always'],
  ['state', 'text', 'always'],
  ['device_execution_mode', 'integer', 'always'],
  ['created_at', time, 'always'],
  ['updated_at', time, 'always'],
];

/** Columns of two values, with the one that is rare: only that stands in an index. */
const rareDeviceColumns = [
  ['lifecycle_status', 'text', 'blocked'],
  ['mechanism', 'text', 'direct'],
  ['auto_update', 'integer', 1],
  ['operator_suspended', 'integer', 1],
] as const;

const usageCounts = [
  'transactions',
  'full_registrations',
  'registration_updates',
  'deleted_registrations',
  'expired_registrations',
  'bootstraps_successful',
  'bootstraps_failed',
  'bootstraps_pending',
  'handshakes_successful',
  'connect_rest_api_success',
  'connect_rest_api_error',
  'device_proxy_request_success',
  'device_proxy_request_error',
  'device_subscription_request_success',
  'device_subscription_request_error',
  'device_observations',
] as const;

function withColumns<T extends string, C extends string>(table: CreateTableBuilder<T, C>, columns: Columns) {
  let made = table as CreateTableBuilder<string, string>;
  for (const [name, type, need] of columns) {
    made = made.addColumn(name, type as 'text', (column) => (need === 'always' ? column.notNull() : column));
  }
  return made;
}

function ofAccount<T extends string, C extends string>(table: CreateTableBuilder<T, C>) {
  return table.addColumn('account_id', id, (column) => column.notNull().references('accounts.id'));
}

export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  const entity = (name: string) =>
    ofAccount(schema.createTable(name).addColumn('id', id, (column) => column.primaryKey()));

  const rareColumns = rareDeviceColumns.map(([name, type]) => [name, type, 'always'] as const);
  await withColumns(entity('devices'), [...deviceColumns, ...rareColumns, ...optionalDeviceColumns])
    .addColumn('issuer_fingerprint', 'text')
    .addColumn('operator_suspended_description', 'text')
    .execute();
  for (const [name, , rare] of rareDeviceColumns) {
    await schema
      .createIndex(`devices_${name}`)
      .on('devices')
      .columns(['account_id', name, 'id'])
      .where(sql.ref(name), '=', sql.lit(rare))
      .execute();
  }
  for (const [name] of deviceColumns) {
    await schema.createIndex(`devices_${name}`).on('devices').columns(['account_id', name, 'id']).execute();
  }
  for (const [name] of optionalDeviceColumns) {
    await schema
      .createIndex(`devices_${name}`)
      .on('devices')
      .columns(['account_id', name, 'id'])
      .where(sql.ref(name), 'is not', null)
      .execute();
  }

  await withColumns(entity('device_groups'), [
    ['name', 'text', 'always'],
    ['description', 'text'],
    ['devices_count', 'integer', 'always'],
    ['created_at', time, 'always'],
    ['updated_at', time, 'always'],
  ])
    .addUniqueConstraint('device_groups_name', ['account_id', 'name'])
    .execute();

  for (const owner of ['device', 'device_group']) {
    await ofAccount(schema.createTable(`${owner}_attributes`))
      .addColumn('owner_id', id, (column) => column.notNull().references(`${owner}s.id`).onDelete('cascade'))
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('value', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint(`${owner}_attributes_key`, ['owner_id', 'key'])
      .execute();
    await schema
      .createIndex(`${owner}_attributes_value`)
      .on(`${owner}_attributes`)
      .columns(['account_id', 'key', 'value', 'owner_id'])
      .execute();
  }

  await ofAccount(schema.createTable('device_group_members'))
    .addColumn('group_id', id, (column) => column.notNull().references('device_groups.id').onDelete('cascade'))
    .addColumn('device_id', id, (column) => column.notNull().references('devices.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('device_group_members_key', ['group_id', 'device_id'])
    .execute();

  await withColumns(entity('device_queries'), [
    ['name', 'text', 'always'],
    ['query', 'text', 'always'],
    ['created_at', time, 'always'],
    ['updated_at', time, 'always'],
  ]).execute();

  // How many devices there are of an account and of a trusted certificate, so that a limit costs no counting.
  await ofAccount(schema.createTable('device_counts'))
    .addColumn('subject_id', id, (column) => column.notNull().primaryKey())
    .addColumn('devices', 'integer', (column) => column.notNull())
    .execute();

  // Events stay when their device is deleted.
  await withColumns(entity('device_events'), [
    ['device_id', 'text', 'always'],
    ['event_type', 'text', 'always'],
    ['status', 'text', 'always'],
    ['category', 'text'],
    ['description', 'text', 'always'],
    ['state_change', 'integer', 'always'],
    ['data_json', 'text', 'always'],
    ['at', time, 'always'],
  ]).execute();

  await withColumns(
    ofAccount(
      schema
        .createTable('registrations')
        .addColumn('device_id', id, (column) => column.primaryKey().references('devices.id').onDelete('cascade')),
    ),
    [
      ['location', 'text', 'always'],
      ['endpoint_name', 'text', 'always'],
      ['endpoint_type', 'text'],
      ['lifetime', time, 'always'],
      ['expires_at', time, 'always'],
      ['version', 'text', 'always'],
      ['binding', 'text', 'always'],
      ['queue_mode', 'integer', 'always'],
      ['address', 'text'],
      ['resources_json', 'text', 'always'],
      ['registered_at', time, 'always'],
      ['updated_at', time, 'always'],
    ],
  )
    .addUniqueConstraint('registrations_location', ['location'])
    .execute();

  // Certificates that devices were given for the LwM2M server.
  await ofAccount(
    schema.createTable('device_credentials').addColumn('fingerprint', 'text', (column) => column.primaryKey()),
  )
    .addColumn('device_id', id, (column) => column.notNull().references('devices.id').onDelete('cascade'))
    .addColumn('authority_id', id, (column) => column.notNull().references('authorities.id'))
    .addColumn('serial', 'text', (column) => column.notNull())
    .addColumn('not_after', time, (column) => column.notNull())
    .addColumn('issued_at', time, (column) => column.notNull())
    .addColumn('used_at', time)
    .execute();

  await withColumns(entity('enrolments'), [
    ['identity', 'text', 'always'],
    ['fingerprint', 'text', 'always'],
    ['created_at', time, 'always'],
    ['claimed_at', time],
    ['device_id', 'text'],
    ['expires_at', time],
    ['etag', 'integer', 'always'],
  ])
    .addUniqueConstraint('enrolments_fingerprint', ['fingerprint'])
    .execute();

  await withColumns(entity('enrolment_jobs'), [
    ['kind', 'text', 'always'],
    ['status', 'text', 'always'],
    ['actor_json', 'text', 'always'],
    ['total_count', 'integer', 'always'],
    ['processed_count', 'integer', 'always'],
    ['errors_count', 'integer', 'always'],
    ['created_at', time, 'always'],
    ['completed_at', time],
    ['etag', 'integer', 'always'],
  ]).execute();

  await ofAccount(schema.createTable('enrolment_job_lines'))
    .addColumn('job_id', id, (column) => column.notNull().references('enrolment_jobs.id').onDelete('cascade'))
    .addColumn('line', 'integer', (column) => column.notNull())
    .addColumn('identity', 'text', (column) => column.notNull())
    .addColumn('done_at', time)
    .addColumn('error', 'text')
    .addPrimaryKeyConstraint('enrolment_job_lines_key', ['job_id', 'line'])
    .execute();

  await withColumns(entity('denials'), [
    ['endpoint_name', 'text', 'always'],
    ['trusted_certificate_id', 'text'],
    ['reason', 'text', 'always'],
    ['fingerprint', 'text'],
    ['address', 'text'],
    ['attempts', 'integer', 'always'],
    ['created_at', time, 'always'],
    ['last_at', time, 'always'],
  ]).execute();

  await withColumns(entity('pre_shared_keys'), [
    ['endpoint_name', 'text', 'always'],
    ['secret_sealed', bytes, 'always'],
    ['created_at', time, 'always'],
  ])
    .addUniqueConstraint('pre_shared_keys_endpoint_name', ['endpoint_name'])
    .execute();

  await withColumns(entity('certificate_renewals'), [
    ['device_id', 'text', 'always'],
    ['certificate_name', 'text', 'always'],
    ['status', 'text', 'always'],
    ['result', 'text'],
    ['detail', 'text'],
    ['created_at', time, 'always'],
    ['updated_at', time, 'always'],
    ['etag', 'integer', 'always'],
  ]).execute();

  await withColumns(
    ofAccount(schema.createTable('usage_counts')).addColumn('at', time, (column) => column.notNull()),
    usageCounts.map((name) => [name, time, 'always'] as const),
  )
    .addPrimaryKeyConstraint('usage_counts_key', ['account_id', 'at'])
    .execute();

  const indexes: [table: string, name: string, columns: string[]][] = [
    ['devices', 'devices_page', ['account_id', 'id']],
    ['device_groups', 'device_groups_page', ['account_id', 'id']],
    ['device_group_members', 'device_group_members_device', ['device_id']],
    ['device_queries', 'device_queries_page', ['account_id', 'id']],
    ['device_events', 'device_events_page', ['account_id', 'id']],
    ['device_events', 'device_events_device', ['account_id', 'device_id', 'id']],
    ['device_events', 'device_events_type', ['account_id', 'event_type', 'id']],
    ['device_events', 'device_events_description', ['account_id', 'description', 'id']],
    ['device_events', 'device_events_at', ['account_id', 'at', 'id']],
    ['device_events', 'device_events_state_change', ['account_id', 'state_change', 'id']],
    ['registrations', 'registrations_expiry', ['expires_at']],
    ['registrations', 'registrations_account', ['account_id', 'device_id']],
    ['device_credentials', 'device_credentials_device', ['device_id', 'issued_at']],
    ['enrolments', 'enrolments_page', ['account_id', 'id']],
    ['enrolment_jobs', 'enrolment_jobs_status', ['status', 'id']],
    ['denials', 'denials_page', ['account_id', 'id']],
    ['denials', 'denials_certificate', ['account_id', 'trusted_certificate_id', 'id']],
    ['denials', 'denials_endpoint_name', ['account_id', 'endpoint_name', 'id']],
    ['pre_shared_keys', 'pre_shared_keys_page', ['account_id', 'id']],
    ['certificate_renewals', 'certificate_renewals_device', ['device_id', 'certificate_name', 'status']],
    ['trusted_certificates', 'trusted_certificates_subject', ['subject']],
  ];
  for (const [table, name, columns] of indexes) {
    await schema.createIndex(name).on(table).columns(columns).execute();
  }
}
