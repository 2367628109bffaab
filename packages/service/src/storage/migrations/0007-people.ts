import type { CreateTableBuilder, Kysely } from 'kysely';

type Columns = readonly (readonly [name: string, type: 'text' | 'integer' | 'bigint' | 'bytea', need?: 'always'])[];

const users: Columns = [
  ['email', 'text', 'always'],
  ['email_key', 'text', 'always'],
  ['username', 'text'],
  ['full_name', 'text'],
  ['phone_number', 'text'],
  ['address', 'text'],
  ['status', 'text', 'always'],
  ['gtc_accepted', 'integer', 'always'],
  ['marketing_accepted', 'integer', 'always'],
  ['password_hash', 'text'],
  ['password_changed_at', 'bigint'],
  ['totp_secret_sealed', 'bytea'],
  ['totp_enabled', 'integer', 'always'],
  ['totp_last_step', 'bigint', 'always'],
  ['last_login_at', 'bigint'],
  ['created_at', 'bigint', 'always'],
  ['updated_at', 'bigint', 'always'],
  ['etag', 'integer', 'always'],
];

/** What belongs to one user and goes with it. */
const ofUser: Readonly<Record<string, Columns>> = {
  user_invitations: [
    ['email', 'text', 'always'],
    ['expires_at', 'bigint', 'always'],
    ['created_at', 'bigint', 'always'],
    ['updated_at', 'bigint', 'always'],
    ['etag', 'integer', 'always'],
  ],
  user_sessions: [
    ['token_hash', 'bytea', 'always'],
    ['second_factor', 'integer', 'always'],
    ['ip_address', 'text', 'always'],
    ['user_agent', 'text', 'always'],
    ['created_at', 'bigint', 'always'],
    ['used_at', 'bigint', 'always'],
    ['ends_at', 'bigint', 'always'],
  ],
  user_logins: [
    ['at', 'bigint', 'always'],
    ['ip_address', 'text', 'always'],
    ['user_agent', 'text', 'always'],
    ['success', 'integer', 'always'],
  ],
  user_scratch_codes: [['code_hash', 'bytea', 'always']],
  user_passkeys: [
    ['name', 'text', 'always'],
    ['credential_id', 'text', 'always'],
    ['relying_party', 'text', 'always'],
    ['public_key', 'bytea', 'always'],
    ['counter', 'bigint', 'always'],
    ['transports_json', 'text', 'always'],
    ['created_at', 'bigint', 'always'],
    ['used_at', 'bigint'],
  ],
};

const links: Columns = [
  ['purpose', 'text', 'always'],
  ['token_hash', 'bytea', 'always'],
  ['created_at', 'bigint', 'always'],
  ['expires_at', 'bigint', 'always'],
];

function table(db: Kysely<unknown>, name: string, columns: Columns): CreateTableBuilder<string, string> {
  let made: CreateTableBuilder<string, string> = db.schema
    .createTable(name)
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id'));
  for (const [column, type, need] of columns) {
    made = made.addColumn(column, type, (each) => (need ? each.notNull() : each));
  }
  return made;
}

export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await table(db, 'users', users)
    .addUniqueConstraint('users_email', ['account_id', 'email_key'])
    .addUniqueConstraint('users_username', ['account_id', 'username'])
    .execute();
  for (const [name, columns] of Object.entries(ofUser)) {
    await table(db, name, columns)
      .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
      .execute();
  }
  // The first administrator's link has no user yet.
  await table(db, 'one_time_links', links)
    .addColumn('user_id', 'text', (column) => column.references('users.id').onDelete('cascade'))
    .execute();
  await schema
    .createTable('user_groups')
    .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id'))
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('group_id', 'text', (column) => column.notNull().references('policy_groups.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('user_groups_key', ['user_id', 'group_id'])
    .execute();

  const indexes: readonly [table: string, name: string, columns: string[], unique?: 'unique'][] = [
    ['users', 'users_page', ['account_id', 'id']],
    ['users', 'users_sign_in', ['email_key']],
    ['user_groups', 'user_groups_of_group', ['group_id']],
    ['user_invitations', 'user_invitations_page', ['account_id', 'id']],
    ['user_sessions', 'user_sessions_token', ['token_hash'], 'unique'],
    ['user_passkeys', 'user_passkeys_credential', ['credential_id'], 'unique'],
    ['one_time_links', 'one_time_links_token', ['token_hash'], 'unique'],
    ['one_time_links', 'one_time_links_user', ['user_id']],
    ['audit_records', 'audit_records_action', ['account_id', 'action', 'id']],
    ['audit_records', 'audit_records_actor', ['account_id', 'actor_id', 'id']],
    ['audit_records', 'audit_records_of', ['account_id', 'subject_id', 'id']],
    ['audit_records', 'audit_records_kind', ['account_id', 'subject_kind', 'id']],
    ['audit_records', 'audit_records_time', ['account_id', 'at']],
    ...Object.keys(ofUser).map((name): [string, string, string[]] => [name, `${name}_user`, ['user_id', 'id']]),
  ];
  for (const [name, index, columns, unique] of indexes) {
    const made = schema.createIndex(index).on(name).columns(columns);
    await (unique ? made.unique() : made).execute();
  }
}
