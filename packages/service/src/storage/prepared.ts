import type { CompiledQuery, Kysely } from 'kysely';
import type { Schema } from './schema.ts';
import { DirectAdapter } from './sqlite-dialect.ts';

/** Stands in a query for a value that is known when it runs. */
class Placeholder {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

type Compilable<Result> = { compile(): CompiledQuery<Result> };

/** Runs a query that is put together. */
export async function execute<Result>(db: Kysely<Schema>, query: CompiledQuery<Result>): Promise<Result[]> {
  if (db.isTransaction) {
    // The connection is ours, and what Kysely does around a query takes longer than SQLite.
    const { adapter } = db.getExecutor();
    if (adapter instanceof DirectAdapter) return adapter.run(query.sql, query.parameters) as Result[];
  }
  return (await db.executeQuery<Result>(query)).rows;
}

/**
 * A query that is put together once and run often: for what devices do by the thousand, that takes longer than SQLite
 * takes to run it. Its text must not depend on the values.
 *
 * @param build makes the query; what `value(name)` gives takes the place of a value
 */
export function prepared<Values extends object, Result>(
  build: (db: Kysely<Schema>, value: <Name extends keyof Values>(name: Name) => Values[Name]) => Compilable<Result>,
): (db: Kysely<Schema>, values: Values) => Promise<Result[]> {
  // One database speaks one dialect, and a process could have two.
  const compiled = new WeakMap<object, CompiledQuery<Result>>();
  return async (db, values) => {
    const { adapter } = db.getExecutor();
    let query = compiled.get(adapter);
    if (!query) {
      query = build(db, (name) => new Placeholder(name as string) as never).compile();
      compiled.set(adapter, query);
    }
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof Placeholder ? values[parameter.name as keyof Values] : parameter,
    );
    return execute(db, { ...query, parameters });
  };
}
