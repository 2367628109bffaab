import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';
import { sqliteError } from './sqlite-errors.ts';

/** Statements that are kept: as many as the service has, not counting lists of varying length. */
const keptStatements = 500;

const changesNoSchema = /^\s*(select|insert|update|delete|with|begin|commit|rollback|savepoint|release)\b/i;

/** Prepared statements by their text. Preparing one takes longer than running it, for most of what the service does. */
class Statements {
  readonly #database: DatabaseSync;
  /** The one used longest ago is the first. */
  readonly #kept = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get(sql: string): StatementSync {
    const kept = this.#kept.get(sql);
    if (kept) {
      this.#kept.delete(sql);
      this.#kept.set(sql, kept);
      return kept;
    }
    const statement = this.#database.prepare(sql);
    if (changesNoSchema.test(sql)) {
      this.#kept.set(sql, statement);
      if (this.#kept.size > keptStatements) this.#kept.delete(this.#kept.keys().next().value as string);
    } else {
      // A table may have other columns from now on.
      this.#kept.clear();
    }
    return statement;
  }
}

/** Kysely's SQLite dialect is written for better-sqlite3; this is node:sqlite in that shape. */
function shaped(database: DatabaseSync, path: string): SqliteDatabase {
  const statements = new Statements(database);
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw sqliteError(error, path);
    }
  };
  return {
    close: () => database.close(),
    prepare: (sql): SqliteStatement => {
      const statement = guarded(() => statements.get(sql));
      const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
      return {
        reader: statement.columns().length > 0,
        // Rows have no prototype there; elsewhere they are plain objects.
        all: (parameters) => guarded(() => statement.all(...values(parameters)).map((row) => ({ ...row }))),
        run: (parameters) => guarded(() => statement.run(...values(parameters))),
        // One of its own: a kept one is run again by whoever needs it, in the middle of this.
        iterate: (parameters) => database.prepare(sql).iterate(...values(parameters)),
      };
    },
  };
}

class TransactionDriver extends SqliteDriver {
  readonly #database: DatabaseSync;

  constructor(config: { database: SqliteDatabase }, database: DatabaseSync) {
    super(config);
    this.#database = database;
  }

  // A deferred one fails at its first write if a reader's snapshot has become old; this one waits its turn.
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  // SQLite has rolled back by itself after a full disk and other grave errors; a second time would hide the first error.
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.isTransaction) await super.rollbackTransaction(connection);
  }
}

class TransactionalAdapter extends SqliteAdapter {
  // SQLite rolls back CREATE and ALTER TABLE; Kysely does not count on it unless told.
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

export class NodeSqliteDialect extends SqliteDialect {
  readonly #config: { database: SqliteDatabase };
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync, path: string) {
    const config = { database: shaped(database, path) };
    super(config);
    this.#config = config;
    this.#database = database;
  }

  override createDriver(): SqliteDriver {
    return new TransactionDriver(this.#config, this.#database);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}
