import { type Kysely, sql } from 'kysely';
import type { Domain } from '../storage/context.ts';

const day = 24 * 60 * 60 * 1000;

/** Records of one transaction, so that requests in between wait for milliseconds only. */
const batchSize = 500;

/** Kept at any age: a clock that was wrong once must not cost all that is known. */
const keptAtAnyAge = 1000;

/** Tables that grow by themselves, with the column that says when. */
const logs = { audit_records: 'at', device_events: 'at', denials: 'last_at' } as const;

export type LogTable = keyof typeof logs;

export interface LogRetention {
  /** Days; 0 for no limit. */
  readonly days: number;
  /** Records; 0 for no limit. */
  readonly max: number;
}

/** As Kysely sees any of them. */
type AnyLog = Kysely<Record<string, { id: string; at: number }>>;

/** How many of the oldest are too many now, and before when they are too old. */
async function surplus(domain: Domain, table: LogTable, { days, max }: LogRetention) {
  const db = domain.storage.db as unknown as AnyLog;
  const { rows } = await db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow();
  const count = Number(rows);
  const newest = await db
    .selectFrom(table)
    .select(sql.ref<number>(logs[table]).as('at'))
    .orderBy('id', 'desc')
    .executeTakeFirst();
  // Age is what lies behind the last thing that happened, if the clock is ahead of that.
  const present = Math.min(domain.clock.now().getTime(), newest?.at ?? 0);
  return {
    tooMany: max === 0 ? 0 : Math.max(0, count - max),
    mayGo: Math.max(0, count - keptAtAnyAge),
    oldest: days === 0 ? Number.NEGATIVE_INFINITY : present - days * day,
  };
}

async function removeOldest(domain: Domain, table: LogTable, limit: number, before?: number): Promise<number> {
  if (limit <= 0) return 0;
  const result = await domain.storage.transaction((db) =>
    (db as unknown as AnyLog)
      .deleteFrom(table)
      .where('id', 'in', (oldest) => {
        const all = oldest.selectFrom(table).select('id');
        const old = before === undefined ? all : all.where(sql.ref<number>(logs[table]), '<', before);
        return old.orderBy('id').limit(sql.lit(limit));
      })
      .executeTakeFirst(),
  );
  return Number(result.numDeletedRows);
}

/**
 * Removes records of a log that are too old or too many, oldest first, in small batches.
 *
 * @returns how many were removed
 * @throws MooringError `database.*`
 */
export async function trimLog(
  domain: Domain,
  table: LogTable,
  retention: LogRetention,
  signal?: AbortSignal,
): Promise<number> {
  let { tooMany, mayGo, oldest } = await surplus(domain, table, retention);
  let removed = 0;
  const one = async (limit: number, before?: number) => {
    const count = await removeOldest(domain, table, Math.min(limit, batchSize), before);
    removed += count;
    tooMany -= count;
    mayGo -= count;
    await new Promise((resolve) => setImmediate(resolve));
    return count;
  };
  while (!signal?.aborted && tooMany > 0 && (await one(tooMany)) > 0);
  while (!signal?.aborted && oldest > 0 && mayGo > 0 && (await one(mayGo, oldest)) > 0);
  return removed;
}
