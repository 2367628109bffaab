import type { Clock, Timers } from '@mooring/platform';
import { sql } from 'kysely';
import { type UsageMetric, usageMetrics } from '../../storage/device-schema.ts';
import type { Storage } from '../../storage/storage.ts';

/** Counts are kept by account and this many milliseconds. */
export const usagePeriod = 5 * 60_000;

/** Between two writes, in ms: what is lost if the process is killed. */
const writePeriod = 10_000;

type Counts = Partial<Record<UsageMetric, number>>;

const columns = (of: (metric: UsageMetric) => unknown) =>
  Object.fromEntries(usageMetrics.map((metric) => [metric, of(metric)])) as Record<UsageMetric, never>;

/** Counts what devices and the connect API do. It counts in memory and writes now and then: a statistic, not a bill. */
export class Usage {
  readonly #storage: Storage;
  readonly #clock: Clock;
  #counted = new Map<string, { accountId: string; at: number; counts: Counts }>();

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  count(accountId: string, metric: UsageMetric, times = 1): void {
    const now = this.#clock.now().getTime();
    const at = now - (now % usagePeriod);
    const key = `${accountId} ${at}`;
    let entry = this.#counted.get(key);
    if (!entry) {
      entry = { accountId, at, counts: {} };
      this.#counted.set(key, entry);
    }
    entry.counts[metric] = (entry.counts[metric] ?? 0) + times;
  }

  /** Writes what was counted; counts again what could not be written. */
  async flush(): Promise<void> {
    const counted = this.#counted;
    if (counted.size === 0) return;
    this.#counted = new Map();
    try {
      await this.#storage.grouped(async (db) => {
        for (const { accountId, at, counts } of counted.values()) {
          await db
            .insertInto('usage_counts')
            .values({ account_id: accountId, at, ...columns((metric) => counts[metric] ?? 0) })
            .onConflict((conflict) =>
              conflict
                .columns(['account_id', 'at'])
                .doUpdateSet(
                  columns((metric) => sql`${sql.ref(`usage_counts.${metric}`)} + ${sql.ref(`excluded.${metric}`)}`),
                ),
            )
            .execute();
        }
      });
    } catch (error) {
      for (const [key, { accountId, at, counts }] of counted) {
        const entry = this.#counted.get(key) ?? { accountId, at, counts: {} };
        for (const metric of usageMetrics) {
          const sum = (entry.counts[metric] ?? 0) + (counts[metric] ?? 0);
          if (sum > 0) entry.counts[metric] = sum;
        }
        this.#counted.set(key, entry);
      }
      throw error;
    }
  }

  /** Writes every few seconds. @returns what stops it, after a last write */
  start(timers: Timers, failed: (error: unknown) => void): () => Promise<void> {
    const write = () => this.flush().catch(failed);
    let timer = timers.after(writePeriod, function again() {
      void write();
      timer = timers.after(writePeriod, again);
    });
    return async () => {
      timer.cancel();
      await write();
    };
  }
}
