import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixedClock } from '@mooring/platform';
import { sql } from 'kysely';
import { GroupCommit } from '../../src/storage/group-commit.ts';
import { openStorage, type Storage } from '../../src/storage/index.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const clock = fixedClock('2026-01-02T03:04:05Z');

const add = (storage: Storage, id: string) =>
  storage.grouped((db) =>
    db
      .insertInto('accounts')
      .values({
        id,
        account_id: id,
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
      .execute(),
  );

const ids = async (storage: Storage) =>
  (await storage.db.selectFrom('accounts').select('id').orderBy('id').execute()).map(({ id }) => id);

async function open(t: { after(done: () => Promise<void>): void }, folder = ':memory:'): Promise<Storage> {
  const storage = await openStorage({ folder, clock });
  t.after(() => storage.close().catch(() => undefined));
  return storage;
}

test('what comes at one moment shares a commit, and each knows of its own success after it', async () => {
  const log: string[] = [];
  let batches = 0;
  const group = new GroupCommit(async (work) => {
    batches += 1;
    const result = await work({ executeQuery: async () => ({ rows: [] }) } as never);
    log.push('commit');
    return result;
  });
  const one = (name: string) =>
    group.run(async () => {
      log.push(name);
      return name;
    });
  const answers = await Promise.all([
    one('a').then((name) => log.push(`${name} told`)),
    one('b').then((name) => log.push(`${name} told`)),
  ]);
  assert.equal(answers.length, 2);
  await one('c');
  assert.deepEqual(log, ['a', 'b', 'commit', 'a told', 'b told', 'c', 'commit']);
  assert.equal(batches, 2);
});

test('one that fails is undone alone', async (t) => {
  const storage = await open(t);
  const failing = storage.grouped(async (db) => {
    await db.deleteFrom('accounts').execute();
    throw new Error('not this one');
  });
  const outcomes = await Promise.allSettled([add(storage, 'a'), failing, add(storage, 'b'), add(storage, 'a')]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'rejected'],
  );
  assert.deepEqual(await ids(storage), ['a', 'b']);
});

test('inside a transaction it joins that', async (t) => {
  const storage = await open(t);
  await assert.rejects(
    storage.transaction(async () => {
      await add(storage, 'a');
      assert.deepEqual(await ids(storage), ['a']);
      throw new Error('stop');
    }),
    /stop/,
  );
  assert.deepEqual(await ids(storage), []);
});

test('inside the work, storage.db is the transaction', async (t) => {
  const storage = await open(t);
  const failing = storage.grouped(async () => {
    await add(storage, 'a');
    throw new Error('stop');
  });
  await assert.rejects(failing, /stop/);
  assert.deepEqual(await ids(storage), []);
});

test('all of a batch hear of a commit that failed, and the next batch goes on', async (t) => {
  const storage = await open(t, join(temporaryFolder(t), 'data'));
  await sql`create table parents (id text primary key)`.execute(storage.db);
  await sql`create table children (parent text references parents (id) deferrable initially deferred)`.execute(
    storage.db,
  );
  // A deferred constraint is looked at when the transaction is committed.
  const orphan = storage.grouped((db) => sql`insert into children values ('nobody')`.execute(db));
  const outcomes = await Promise.allSettled([add(storage, 'a'), orphan]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  await add(storage, 'b');
  assert.deepEqual(await ids(storage), ['b']);
});

test('closing waits for what was asked before', async (t) => {
  const folder = join(temporaryFolder(t), 'data');
  const storage = await open(t, folder);
  const all = Array.from({ length: 600 }, (_, index) => add(storage, String(index)));
  await storage.close();
  await Promise.all(all);
  assert.equal((await ids(await open(t, folder))).length, 600);
});
