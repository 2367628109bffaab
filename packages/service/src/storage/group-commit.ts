import { CompiledQuery, type Kysely } from 'kysely';
import type { Schema } from './schema.ts';

type Work<T> = (db: Kysely<Schema>) => Promise<T>;

interface Waiting {
  readonly work: Work<unknown>;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Works of one transaction at most, so that others get at the database in between. */
const batchSize = 256;

const savepoint = CompiledQuery.raw('savepoint one');
const rollback = CompiledQuery.raw('rollback to savepoint one');
const release = CompiledQuery.raw('release savepoint one');

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Commits together what comes at the same moment. A commit waits for the disk, a single write does not: so a
 * thousand small changes of a second cost as many commits as the disk can do, and not a thousand.
 */
export class GroupCommit {
  readonly #transaction: <T>(work: Work<T>) => Promise<T>;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  /** @param transaction all of the work or nothing; works inside find it by themselves */
  constructor(transaction: <T>(work: Work<T>) => Promise<T>) {
    this.#transaction = transaction;
  }

  /** Resolved after the commit. A work that fails is undone alone; if the commit fails, all of its works do. */
  run<T>(work: Work<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject });
      this.#running ??= this.#drain();
    });
  }

  /** When nothing waits any more. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #drain(): Promise<void> {
    do {
      // What arrives in one turn of the event loop is one batch; others' queries come in between two.
      await nextTurn();
      await this.#commit(this.#waiting.splice(0, batchSize));
    } while (this.#waiting.length > 0);
    this.#running = undefined;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const outcomes: (() => void)[] = [];
    try {
      await this.#transaction(async (db) => {
        for (const one of batch) outcomes.push(await attempt(db, one));
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const outcome of outcomes) outcome();
  }
}

async function attempt(db: Kysely<Schema>, { work, resolve, reject }: Waiting): Promise<() => void> {
  await db.executeQuery(savepoint);
  let outcome: () => void;
  try {
    const value = await work(db);
    outcome = () => resolve(value as never);
  } catch (error) {
    try {
      await db.executeQuery(rollback);
    } catch {
      // The database has given the whole transaction up, as it does on a full disk.
      throw error;
    }
    outcome = () => reject(error);
  }
  await db.executeQuery(release);
  return outcome;
}
