import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
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

/** Kysely's SQLite dialect is written for better-sqlite3; this is one of node:sqlite's statements in that shape. */
function shapedStatement(database: DatabaseSync, sql: string, path: string): SqliteStatement {
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw sqliteError(error, path);
    }
  };
  const statement = guarded(() => database.prepare(sql));
  const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
  return {
    reader: statement.columns().length > 0,
    // Rows have no prototype there; elsewhere they are plain objects.
    all: (parameters) => guarded(() => statement.all(...values(parameters)).map((row) => ({ ...row }))),
    run: (parameters) => guarded(() => statement.run(...values(parameters))),
    // One of its own: a kept one is run again by whoever needs it, in the middle of this.
    iterate: (parameters) => database.prepare(sql).iterate(...values(parameters)),
  };
}

/** A database that keeps its statements prepared: for most of them, preparing takes longer than running. */
function shaped(database: DatabaseSync, path: string): SqliteDatabase {
  /** By their text; the one used longest ago is the first. */
  const kept = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const statement = kept.get(sql) ?? shapedStatement(database, sql, path);
      if (!changesNoSchema.test(sql)) {
        // A table may have other columns from now on.
        kept.clear();
        return statement;
      }
      kept.delete(sql);
      kept.set(sql, statement);
      if (kept.size > keptStatements) kept.delete(kept.keys().next().value as string);
      return statement;
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

/** Runs a query without Kysely, for who has the connection: in a transaction. */
export class DirectAdapter extends SqliteAdapter {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    super();
    this.#database = database;
  }

  run(sql: string, parameters: readonly unknown[]): unknown[] {
    const statement = this.#database.prepare(sql);
    if (statement.reader) return statement.all(parameters);
    statement.run(parameters);
    return [];
  }

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
    return new DirectAdapter(this.#config.database);
  }
}
