import { AsyncLocalStorage } from 'node:async_hooks';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Clock, ensureDirectory, fileError } from '@mooring/platform';
import { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { databaseFileName } from './data-folder.ts';
import { GroupCommit } from './group-commit.ts';
import { executedMigrations, migrate, refuseNewer } from './migrate.ts';
import { migrations as ourMigrations } from './migrations/index.ts';
import type { Schema } from './schema.ts';
import { NodeSqliteDialect } from './sqlite-dialect.ts';
import { sqliteError } from './sqlite-errors.ts';

export interface Storage {
  /** Inside `transaction` this is the transaction, so that what belongs together needs no passing on. */
  readonly db: Kysely<Schema>;
  /** All of `work` or nothing. One inside another joins it. */
  transaction<T>(work: (db: Kysely<Schema>) => Promise<T>): Promise<T>;
  /**
   * The same, sharing its commit with others of the same moment: for what devices send by the thousand. It is resolved
   * after the commit; where one fails, the others stay. Inside a transaction it joins that.
   */
  grouped<T>(work: (db: Kysely<Schema>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
  readonly folder: string;
  /** Path of the database file. */
  readonly file: string;
}

export interface StorageOptions {
  /** Data folder, made with mode 0700 if it is not there; `:memory:` for a database that no one keeps. */
  folder: string;
  clock: Clock;
  /** Other than our own, for tests. */
  migrations?: Readonly<Record<string, Migration>>;
  /** Called with the names that are pending, before an existing database is changed. */
  beforeMigration?: (pending: readonly string[]) => Promise<void>;
}

/** What SQLite keeps of the file. With its 2 MiB the indexes of some thousand devices are read again and again. */
const cacheKiB = 64 * 1024;

/** The log grows by so many pages of 4 KiB before it is folded into the file: pages that change often are written once. */
const checkpointPages = 4_000;

/** SQLite makes its files with the umask, and its journal with the mode of the database: so that one comes first. */
async function makePrivateFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'a', 0o600);
    await file.close();
  } catch (error) {
    throw fileError(error, path);
  }
}

async function openDatabase(folder: string, path: string): Promise<DatabaseSync> {
  if (folder !== ':memory:') {
    await ensureDirectory(folder, 0o700);
    await makePrivateFile(path);
  }
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: true });
    database.exec('pragma journal_mode = wal; pragma synchronous = full;');
    database.exec(`pragma cache_size = -${cacheKiB}; pragma wal_autocheckpoint = ${checkpointPages};`);
    return database;
  } catch (error) {
    database?.close();
    throw sqliteError(error, path);
  }
}

/**
 * Opens the database of a data folder and brings it to our schema.
 * It does not take the folder's lock: that is for whoever opens it for long.
 *
 * @throws MooringError `database.*`, `file.*`
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { folder } = options;
  const path = folder === ':memory:' ? folder : join(folder, databaseFileName);
  const database = await openDatabase(folder, path);
  const root = new Kysely<Schema>({ dialect: new NodeSqliteDialect(database, path) });
  try {
    const migrations = options.migrations ?? ourMigrations;
    const untyped = root as unknown as Kysely<never>;
    const executed = await executedMigrations(untyped);
    const known = Object.keys(migrations).sort();
    refuseNewer(executed, known, path);
    const pending = known.filter((name) => !executed.includes(name));
    if (pending.length > 0) {
      if (executed.length > 0) await options.beforeMigration?.(pending);
      await migrate(untyped, migrations, path);
    }
  } catch (error) {
    database.close();
    throw error;
  }

  const current = new AsyncLocalStorage<Kysely<Schema>>();
  const transaction: Storage['transaction'] = (work) =>
    root.transaction().execute((begun) => current.run(begun, () => work(begun)));
  const group = new GroupCommit(transaction);
  return {
    folder,
    file: path,
    get db() {
      return current.getStore() ?? root;
    },
    async transaction(work) {
      const joined = current.getStore();
      return joined ? work(joined) : transaction(work);
    },
    async grouped(work) {
      const joined = current.getStore();
      return joined ? work(joined) : group.run(work);
    },
    close: async () => {
      await group.idle();
      try {
        // Folds the log into the file, so that a copy of the folder at rest is one file.
        database.exec('pragma wal_checkpoint(truncate)');
      } catch {
        // A full disk: what was acknowledged is in the log, and read from there at the next start.
      }
      await root.destroy();
    },
  };
}
