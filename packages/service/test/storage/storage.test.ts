import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixedClock } from '@mooring/platform';
import { sql } from 'kysely';
import { isUniqueViolation, openStorage, type Storage } from '../../src/storage/index.ts';
import { failure } from '../failures.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const clock = fixedClock('2026-01-02T03:04:05Z');
const id = (digit: string) => digit.repeat(32);

function addAccount(storage: Storage, account: string) {
  return storage.db
    .insertInto('accounts')
    .values({
      id: account,
      account_id: account,
      display_name: null,
      email: null,
      status: 'ACTIVE',
      tier: '1',
      end_market: 'IOT',
      aliases_json: '[]',
      attributes_json: '{}',
      created_at: 1,
      updated_at: 1,
      etag: 1,
    })
    .execute();
}

const countAccounts = async (storage: Storage) =>
  (await storage.db.selectFrom('accounts').select('id').execute()).length;

async function inMemory(t: { after(done: () => Promise<void>): void }): Promise<Storage> {
  const storage = await openStorage({ folder: ':memory:', clock });
  t.after(() => storage.close());
  return storage;
}

test('folder and database are for their owner alone, whatever the umask', async (t) => {
  const folder = join(temporaryFolder(t), 'deep', 'data');
  const before = process.umask(0);
  const storage = await openStorage({ folder, clock });
  await addAccount(storage, id('a'));
  process.umask(before);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const file of ['mooring.sqlite', 'mooring.sqlite-wal', 'mooring.sqlite-shm']) {
    assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
  }
  await storage.close();
});

test('what was acknowledged is on the disk: write-ahead log, full synchronisation, foreign keys', async (t) => {
  const storage = await openStorage({ folder: temporaryFolder(t), clock });
  const pragma = async (name: string) =>
    Object.values((await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(storage.db)).rows[0] ?? {})[0];
  assert.equal(await pragma('journal_mode'), 'wal');
  assert.equal(await pragma('synchronous'), 2);
  assert.equal(await pragma('foreign_keys'), 1);
  assert.equal(await pragma('busy_timeout'), 5000);
  await storage.close();
});

test('every table of ours names the account', async (t) => {
  const { db } = await inMemory(t);
  const tables = (await db.introspection.getTables()).filter(({ name }) => !name.startsWith('schema_migrations'));
  assert.ok(tables.length >= 10);
  for (const { name, columns } of tables) {
    assert.ok(
      columns.some((column) => column.name === 'account_id' && !column.isNullable),
      name,
    );
  }
});

test('a transaction is whole or not at all, also what was done inside through storage.db', async (t) => {
  const storage = await inMemory(t);
  await assert.rejects(
    storage.transaction(async () => {
      await addAccount(storage, id('a'));
      assert.equal(await countAccounts(storage), 1);
      throw new Error('stop');
    }),
    /stop/,
  );
  assert.equal(await countAccounts(storage), 0);
});

test('a transaction inside another joins it', async (t) => {
  const storage = await inMemory(t);
  await assert.rejects(
    storage.transaction(async () => {
      await storage.transaction(() => addAccount(storage, id('a')));
      throw new Error('stop');
    }),
    /stop/,
  );
  assert.equal(await countAccounts(storage), 0);
  await storage.transaction(() => storage.transaction(() => addAccount(storage, id('b'))));
  assert.equal(await countAccounts(storage), 1);
});

test('whoever is not in the transaction waits for its end', async (t) => {
  const storage = await inMemory(t);
  const order: string[] = [];
  const inside = storage.transaction(async () => {
    await addAccount(storage, id('a'));
    await new Promise((resolve) => setImmediate(resolve));
    order.push('transaction');
  });
  const outside = countAccounts(storage).then((count) => order.push(`outside saw ${count}`));
  await Promise.all([inside, outside]);
  assert.deepEqual(order, ['transaction', 'outside saw 1']);
});

test('a taken name is told apart from other failures', async (t) => {
  const storage = await inMemory(t);
  await addAccount(storage, id('a'));
  await assert.rejects(addAccount(storage, id('a')), isUniqueViolation);
  const orphan = storage.db
    .insertInto('settings')
    .values({ account_id: id('b'), name: 'x', value_json: '1', updated_at: 1 })
    .execute();
  await assert.rejects(orphan, (error: unknown) => !isUniqueViolation(error));
});

test('a full disk is a sentence, and what was being done is undone', async (t) => {
  const storage = await openStorage({ folder: temporaryFolder(t), clock });
  const pages = (await sql<{ page_count: number }>`pragma page_count`.execute(storage.db)).rows[0]?.page_count ?? 0;
  await sql.raw(`pragma max_page_count = ${pages}`).execute(storage.db);
  const full = await failure('database.disk.full', () =>
    storage.transaction(async (db) => {
      await addAccount(storage, id('a'));
      const value_json = JSON.stringify('x'.repeat(1_000_000));
      await db
        .insertInto('settings')
        .values({ account_id: id('a'), name: 'x', value_json, updated_at: 1 })
        .execute();
    }),
  );
  assert.match(full.message, /the disk is full/);
  assert.equal(await countAccounts(storage), 0);
  await storage.close();
});

test('a file that is no database is refused and left as it is', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'mooring.sqlite'), 'a letter to a friend, and not a short one either');
  await failure('database.damaged', () => openStorage({ folder, clock }));
  assert.equal(statSync(join(folder, 'mooring.sqlite')).size, 48);
});
