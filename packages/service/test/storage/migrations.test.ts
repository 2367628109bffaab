import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { fixedClock } from '@mooring/platform';
import {
  DummyDriver,
  Kysely,
  type LogEvent,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
} from 'kysely';
import type { Migration } from 'kysely/migration';
import { readManifest } from '../../src/backup/archive.ts';
import { fileMasterKey } from '../../src/keys/file-key.ts';
import { openVault, type Vault } from '../../src/keys/vault.ts';
import { deviceCount } from '../../src/registry/devices/counts.ts';
import { listDevices } from '../../src/registry/devices/device.ts';
import { getRegistration } from '../../src/registry/registrations/register.ts';
import { noLog } from '../../src/serve/log.ts';
import { openFolder } from '../../src/serve/open-folder.ts';
import { defaultLimits } from '../../src/serve/settings.ts';
import { domainOf } from '../../src/storage/context.ts';
import { databaseFileName, openStorage, type Schema, type Storage, schemaVersion } from '../../src/storage/index.ts';
import { migrations } from '../../src/storage/migrations/index.ts';
import { failure } from '../failures.ts';
import { fixtureMasterKey, fixtureVersions, writeFixture } from '../fixtures/schema-fixture.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const clock = fixedClock('2026-01-02T03:04:05Z');

const later: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('accounts').addColumn('motto', 'text').execute();
  },
};

function folderOf(version: number, t: TestContext): string {
  const folder = temporaryFolder(t);
  writeFixture(version, join(folder, databaseFileName));
  return folder;
}

/** The tables that a database has before it is opened. */
function tablesIn(folder: string): string[] {
  const database = new DatabaseSync(join(folder, databaseFileName), { readOnly: true });
  const rows = database.prepare("select name from sqlite_master where type = 'table'").all() as { name: string }[];
  database.close();
  return rows.map(({ name }) => name).filter((name) => !name.startsWith('sqlite_'));
}

test('there is a fixture of every schema', () => {
  assert.deepEqual(
    fixtureVersions,
    Object.keys(migrations).map((name) => Number.parseInt(name, 10)),
  );
  assert.equal(fixtureVersions.at(-1), schemaVersion);
});

/** What stands in the device directory, by the service's own functions. */
async function checkDirectory(storage: Storage, vault: Vault): Promise<void> {
  const settings = { publicHost: 'iot.example.com', bootstrapPort: 1, lwm2mPort: 2, limits: defaultLimits };
  const domain = domainOf({ storage, vault, clock, settings });
  const { id: accountId } = await storage.db.selectFrom('accounts').select('id').executeTakeFirstOrThrow();
  const { items } = await listDevices(domain, { accountId });
  const [first] = items;
  assert.ok(first);
  assert.deepEqual(
    items.map(({ name }) => name),
    ['kitchen', items[1]?.id],
  );
  assert.deepEqual(first.customAttributes, { site: 'Süd' });
  assert.equal(first.groups.length, 1);
  assert.equal(first.state, 'registered');
  assert.deepEqual((await getRegistration(domain, first.id))?.resources, [{ path: '/3/0/0', obs: true, aobs: 486 }]);
  assert.equal(await deviceCount(domain, accountId), 2);
}

for (const version of fixtureVersions) {
  test(`a database of schema ${version} is brought to schema ${schemaVersion} with all it holds`, async (t) => {
    const folder = folderOf(version, t);
    const tables = tablesIn(folder);
    const storage = await openStorage({ folder, clock });
    t.after(() => storage.close());
    const { db } = storage;
    assert.ok(tables.length >= 12);
    for (const table of tables as (keyof Schema)[]) {
      assert.notEqual(await db.selectFrom(table).selectAll().limit(1).executeTakeFirst(), undefined, table);
    }
    assert.deepEqual((await sql`pragma foreign_key_check`.execute(db)).rows, []);

    const account = await db.selectFrom('accounts').selectAll().executeTakeFirstOrThrow();
    assert.equal(account.display_name, "O'Brien & Söhne");
    const vault = openVault(fixtureMasterKey);
    for (const { id, private_key_sealed } of await db
      .selectFrom('authorities')
      .selectAll()
      .where('state', '!=', 'retired')
      .execute()) {
      assert.equal(vault.open(`authorities/${id}/private_key`, private_key_sealed).length, 138);
    }
    if (version >= 3) await checkDirectory(storage, vault);
    for (const { id, private_key_sealed } of await db.selectFrom('developer_certificates').selectAll().execute()) {
      assert.equal(vault.open(`developer_certificates/${id}/private_key`, private_key_sealed).length, 138);
    }
  });
}

test('before a database is changed it is backed up; a new one needs none', async (t) => {
  const asked: (readonly string[])[] = [];
  const beforeMigration = async (pending: readonly string[]) => void asked.push(pending);
  const fresh = await openStorage({ folder: temporaryFolder(t), clock, beforeMigration });
  await fresh.close();
  assert.deepEqual(asked, []);

  const folder = folderOf(schemaVersion, t);
  const open = () =>
    openStorage({ folder, clock, beforeMigration, migrations: { ...migrations, '0099-motto': later } });
  await (await open()).close();
  await (await open()).close();
  assert.deepEqual(asked, [['0099-motto']]);
});

test('the backup before a migration lies in the data folder and can be restored', async (t) => {
  const folder = folderOf(8, t);
  const said: string[] = [];
  migrationsForTest['0099-motto'] = later;
  t.after(() => delete migrationsForTest['0099-motto']);
  const opened = await openFolder({
    folder,
    masterKey: fileMasterKey(join(temporaryFolder(t), 'none-yet')),
    settings: { publicHost: 'iot.example.com', bootstrapPort: 1, lwm2mPort: 2, limits: defaultLimits },
    clock,
    log: { ...noLog, info: (_event, message) => void said.push(message) },
  }).catch((error: Error & { code?: string }) => error.code);
  // The master key is not there: that is found out after the backup.
  assert.equal(opened, 'master.key.missing');
  assert.deepEqual(readdirSync(join(folder, 'backups')), ['schema-8-20260102T030405Z.tar.gz']);
  const { formatVersion, files, absentImages } = await readManifest(
    join(folder, 'backups', 'schema-8-20260102T030405Z.tar.gz'),
  );
  assert.equal(formatVersion, 1, 'as the older Mooring reads it');
  assert.deepEqual(
    files.map(({ name }) => name),
    [databaseFileName],
  );
  assert.deepEqual(
    absentImages.map(({ name, why }) => [name, why]),
    [['gateway', 'left-out']],
  );
  assert.match(said.join('\n'), /without the firmware images, which stay where they are/);
});

const migrationsForTest = migrations as Record<string, Migration>;

test('a database of a newer Mooring is refused with both versions and left as it is', async (t) => {
  const folder = folderOf(1, t);
  const newer = await openStorage({ folder, clock, migrations: { ...migrations, '0099-motto': later } });
  await newer.close();
  const refused = await failure('database.newer', () => openStorage({ folder, clock }));
  assert.match(refused.message, /schema version 99; this Mooring knows versions up to \d+/);
  assert.deepEqual(refused.data?.schemaVersion, 99);
});

test('a migration that fails is undone as a whole', async (t) => {
  const folder = folderOf(1, t);
  const broken: Migration = {
    async up(db: Kysely<unknown>) {
      await later.up(db);
      await sql`insert into no_such_table values (1)`.execute(db);
    },
  };
  const refused = await failure('database.migration.failed', () =>
    openStorage({ folder, clock, migrations: { ...migrations, '0099-broken': broken } }),
  );
  assert.match(refused.message, /0099-broken/);
  const storage = await openStorage({ folder, clock });
  const accounts = (await storage.db.introspection.getTables()).find(({ name }) => name === 'accounts');
  assert.ok(!accounts?.columns.some(({ name }) => name === 'motto'));
  await storage.close();
});

test('the migrations use only what PostgreSQL has as well', async () => {
  const db = new Kysely<unknown>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (each) => new PostgresIntrospector(each),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: (event: LogEvent) => void said.push(event.query.sql),
  });
  const said: string[] = [];
  for (const migration of Object.values(migrations)) await migration.up(db);
  const tables = said.filter((text) => text.startsWith('create table'));
  assert.ok(tables.length >= 10);
  for (const text of tables) {
    const columns = text.slice(text.indexOf('(') + 1).split(', ');
    const types = columns.flatMap((column) => /^"\w+" (\w+)/.exec(column)?.[1] ?? []);
    assert.ok(types.length > 2);
    for (const type of types)
      assert.ok(['text', 'integer', 'bigint', 'bytea', 'double'].includes(type), `${type} in ${text}`);
  }
});
