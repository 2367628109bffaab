import { sql } from 'kysely';
import { newId } from '../../accounts/ids.ts';
import { writtenBefore } from '../../storage/clock-set.ts';
import type { MessagePart } from '../../storage/connect-schema.ts';
import type { Domain } from '../../storage/context.ts';
import type { ConnectLimits } from '../limits.ts';
import type { QueuedEntry } from './serialization.ts';

/** One entry of a message, for one API key. */
export interface Entry {
  accountId: string;
  apiKeyId: string;
  part: MessagePart;
  body: Readonly<Record<string, unknown>>;
}

/**
 * What waits to be told to an API key. It is on disk before the device that brought it is thanked, and leaves when
 * it was delivered: after a crash something may be told twice, and nothing is lost.
 */
export class NotificationQueue {
  readonly #domain: Domain;
  readonly #limits: ConnectLimits;
  /** Bytes that wait, of the keys that were seen since the start. */
  readonly #bytes = new Map<string, number>();
  readonly #listeners = new Set<(apiKeyId: string) => void>();

  constructor(domain: Domain, limits: ConnectLimits) {
    this.#domain = domain;
    this.#limits = limits;
  }

  /** Told of keys that have something new. */
  onAppended(listener: (apiKeyId: string) => void): void {
    this.#listeners.add(listener);
  }

  /** In the caller's transaction where there is one. */
  async append(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const at = this.#domain.clock.now().getTime();
    const rows = entries.map(({ accountId, apiKeyId, part, body }) => {
      const body_json = JSON.stringify(body);
      return {
        id: newId(this.#domain.clock),
        account_id: accountId,
        api_key_id: apiKeyId,
        part,
        body_json,
        bytes: Buffer.byteLength(body_json),
        at,
      };
    });
    // Many keys at once stay below the number of parameters that a statement may have.
    for (let first = 0; first < rows.length; first += 500) {
      await this.#domain.storage.db
        .insertInto('notifications')
        .values(rows.slice(first, first + 500))
        .execute();
    }
    const added = new Map<string, number>();
    for (const { api_key_id, bytes } of rows) added.set(api_key_id, (added.get(api_key_id) ?? 0) + bytes);
    for (const [apiKeyId, bytes] of added) {
      const known = this.#bytes.get(apiKeyId);
      const waiting = known === undefined ? await this.#count(apiKeyId) : known + bytes;
      this.#bytes.set(apiKeyId, waiting);
      if (waiting > this.#limits.queueBytes) await this.#dropOldest(apiKeyId, waiting - this.#limits.queueBytes);
      for (const listener of this.#listeners) listener(apiKeyId);
    }
  }

  /** The oldest entries of a key; they stay until `remove`. */
  async peek(apiKeyId: string, limit: number): Promise<(QueuedEntry & { bytes: number })[]> {
    return this.#domain.storage.db
      .selectFrom('notifications')
      .select(['id', 'part', 'body_json', 'at', 'bytes'])
      .where('api_key_id', '=', apiKeyId)
      .orderBy('id')
      .limit(Math.min(limit, this.#limits.chunk))
      .execute();
  }

  /** Takes what `peek` gave, the oldest ones of the key, out of the queue. */
  async remove(apiKeyId: string, entries: readonly { id: string; bytes: number }[]): Promise<void> {
    const last = entries.at(-1);
    if (last === undefined) return;
    await this.#domain.storage.db
      .deleteFrom('notifications')
      .where('api_key_id', '=', apiKeyId)
      .where('id', '<=', last.id)
      .execute();
    this.#subtract(
      apiKeyId,
      entries.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }

  async clear(apiKeyId: string): Promise<void> {
    await this.#domain.storage.db.deleteFrom('notifications').where('api_key_id', '=', apiKeyId).execute();
    this.#bytes.delete(apiKeyId);
  }

  /** Entries that wait for a key. */
  async length(apiKeyId: string): Promise<number> {
    const { db } = this.#domain.storage;
    const { count } = await db
      .selectFrom('notifications')
      .select(db.fn.countAll<number | string>().as('count'))
      .where('api_key_id', '=', apiKeyId)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** The clock was set by so many ms: what waits is as old as before. */
  async moveTimes(jump: number): Promise<void> {
    await this.#domain.storage.db
      .updateTable('notifications')
      .set({ at: sql`at + ${jump}` })
      .where(writtenBefore('at', jump, this.#domain.clock.now().getTime()))
      .execute();
  }

  /** Drops what is too old, and what waits for a channel that does not come. */
  async sweep(): Promise<void> {
    const { db } = this.#domain.storage;
    const now = this.#domain.clock.now().getTime();
    const { queueAge, unclaimedAge } = this.#limits;
    const removed = await db
      .deleteFrom('notifications')
      .where((where) =>
        where.or([
          where('at', '<', now - queueAge),
          where.and([
            where('at', '<', now - unclaimedAge),
            where('api_key_id', 'not in', db.selectFrom('notification_channels').select('api_key_id')),
          ]),
        ]),
      )
      .executeTakeFirst();
    if (Number(removed.numDeletedRows) > 0) this.#bytes.clear();
  }

  async #count(apiKeyId: string): Promise<number> {
    const { db } = this.#domain.storage;
    const { bytes } = await db
      .selectFrom('notifications')
      .select(db.fn.sum<number | string | null>('bytes').as('bytes'))
      .where('api_key_id', '=', apiKeyId)
      .executeTakeFirstOrThrow();
    return Number(bytes ?? 0);
  }

  #subtract(apiKeyId: string, bytes: number): void {
    const known = this.#bytes.get(apiKeyId);
    if (known !== undefined) this.#bytes.set(apiKeyId, Math.max(0, known - bytes));
  }

  async #dropOldest(apiKeyId: string, excess: number): Promise<void> {
    // A tenth more than needed, so that a full queue does not drop with every entry.
    let left = excess + this.#limits.queueBytes / 10;
    while (left > 0) {
      const oldest = await this.peek(apiKeyId, 1000);
      if (oldest.length === 0) return;
      const dropped: typeof oldest = [];
      for (const entry of oldest) {
        if (left <= 0) break;
        dropped.push(entry);
        left -= entry.bytes;
      }
      await this.remove(apiKeyId, dropped);
    }
  }
}
