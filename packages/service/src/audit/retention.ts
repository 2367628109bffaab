import { sql } from 'kysely';
import type { Domain } from '../storage/context.ts';

const day = 24 * 60 * 60 * 1000;

/** Records of one transaction, so that requests in between wait for milliseconds only. */
const batchSize = 500;

/** Kept at any age: a clock that was wrong once must not cost all that is known. */
const keptAtAnyAge = 1000;

export interface AuditRetention {
  /** Days; 0 for no limit. */
  readonly auditDays: number;
  /** Records; 0 for no limit. */
  readonly auditMax: number;
}

/** How many of the oldest are too many now, and before when they are too old. */
async function surplus(domain: Domain, { auditDays, auditMax }: AuditRetention) {
  const { db } = domain.storage;
  const { rows } = await db
    .selectFrom('audit_records')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow();
  const count = Number(rows);
  const newest = await db.selectFrom('audit_records').select('at').orderBy('id', 'desc').executeTakeFirst();
  // Age is what lies behind the last thing that happened, if the clock is ahead of that.
  const present = Math.min(domain.clock.now().getTime(), newest?.at ?? 0);
  return {
    tooMany: auditMax === 0 ? 0 : Math.max(0, count - auditMax),
    mayGo: Math.max(0, count - keptAtAnyAge),
    oldest: auditDays === 0 ? Number.NEGATIVE_INFINITY : present - auditDays * day,
  };
}

async function removeOldest(domain: Domain, limit: number, before?: number): Promise<number> {
  if (limit <= 0) return 0;
  const result = await domain.storage.transaction((db) =>
    db
      .deleteFrom('audit_records')
      .where('id', 'in', (oldest) => {
        const all = oldest.selectFrom('audit_records').select('id');
        return (before === undefined ? all : all.where('at', '<', before)).orderBy('id').limit(sql.lit(limit));
      })
      .executeTakeFirst(),
  );
  return Number(result.numDeletedRows);
}

/**
 * Removes audit records that are too old or too many, oldest first, in small batches.
 *
 * @returns how many were removed
 * @throws MooringError `database.*`
 */
export async function trimAudit(domain: Domain, retention: AuditRetention, signal?: AbortSignal): Promise<number> {
  let { tooMany, mayGo, oldest } = await surplus(domain, retention);
  let removed = 0;
  const one = async (limit: number, before?: number) => {
    const count = await removeOldest(domain, Math.min(limit, batchSize), before);
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
