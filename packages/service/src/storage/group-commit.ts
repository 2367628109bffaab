import { CompiledQuery, type Kysely } from 'kysely';
import { execute } from './prepared.ts';
import type { Schema } from './schema.ts';

type Work<T> = (db: Kysely<Schema>) => Promise<T>;

interface Waiting {
  readonly work: Work<unknown>;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Works of one transaction at most, so that others get at the database in between. */
const batchSize = 256;

/** Turns of the event loop in which a batch is gathered, while many come: fewer and larger commits. */
const busyTurns = 4;

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
    let turns = 1;
    do {
      // What arrives in one turn of the event loop is one batch; others' queries come in between two.
      for (let turn = 0; turn < turns && this.#waiting.length < batchSize; turn++) await nextTurn();
      const batch = this.#waiting.splice(0, batchSize);
      await this.#commit(batch);
      turns = batch.length > 1 ? busyTurns : 1;
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
  await execute(db, savepoint);
  let outcome: () => void;
  try {
    const value = await work(db);
    outcome = () => resolve(value as never);
  } catch (error) {
    try {
      await execute(db, rollback);
    } catch {
      // The database has given the whole transaction up, as it does on a full disk.
      throw error;
    }
    outcome = () => reject(error);
  }
  await execute(db, release);
  return outcome;
}
