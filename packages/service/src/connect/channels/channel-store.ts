import { sql } from 'kysely';
import { writtenBefore } from '../../storage/clock-set.ts';
import type { ChannelKind } from '../../storage/connect-schema.ts';
import type { Domain } from '../../storage/context.ts';
import { prepared } from '../../storage/prepared.ts';
import type { Row } from '../../storage/schema.ts';
import type { Serialization } from './serialization.ts';

const keysOf = prepared<{ account_id: string }, Pick<Row<'notification_channels'>, 'api_key_id'>>((db, value) =>
  db.selectFrom('notification_channels').select('api_key_id').where('account_id', '=', value('account_id')),
);

export interface Channel {
  apiKeyId: string;
  accountId: string;
  kind: ChannelKind;
  serialization: Serialization;
  /** Of a callback. */
  callback?: { url: string; headers: Readonly<Record<string, string>> };
  /** Milliseconds since 1970. */
  aliveAt: number;
}

const headersContext = (apiKeyId: string): string => `notification_channels/${apiKeyId}/headers`;

/** The channels as they are kept. */
export class ChannelStore {
  readonly #domain: Domain;

  constructor(domain: Domain) {
    this.#domain = domain;
  }

  async get(apiKeyId: string): Promise<Channel | undefined> {
    const row = await this.#domain.storage.db
      .selectFrom('notification_channels')
      .selectAll()
      .where('api_key_id', '=', apiKeyId)
      .executeTakeFirst();
    return row && this.#channelOf(row);
  }

  async all(): Promise<Channel[]> {
    const rows = await this.#domain.storage.db.selectFrom('notification_channels').selectAll().execute();
    return rows.map((row) => this.#channelOf(row));
  }

  /** Keys of the account that have a channel: who is told of registrations. */
  async keysOfAccount(accountId: string): Promise<string[]> {
    const rows = await keysOf(this.#domain.storage.db, { account_id: accountId });
    return rows.map(({ api_key_id }) => api_key_id);
  }

  async put(channel: Omit<Channel, 'aliveAt'>): Promise<void> {
    const now = this.#domain.clock.now().getTime();
    const { apiKeyId, callback } = channel;
    const values = {
      api_key_id: apiKeyId,
      account_id: channel.accountId,
      kind: channel.kind,
      url: callback?.url ?? null,
      headers_sealed: callback
        ? this.#domain.vault.seal(headersContext(apiKeyId), Buffer.from(JSON.stringify(callback.headers)))
        : null,
      serialization_json: JSON.stringify(channel.serialization),
      alive_at: now,
    };
    await this.#domain.storage.db
      .insertInto('notification_channels')
      .values({ ...values, created_at: now })
      .onConflict((conflict) => conflict.column('api_key_id').doUpdateSet(values))
      .execute();
  }

  async alive(apiKeyId: string): Promise<void> {
    await this.#domain.storage.db
      .updateTable('notification_channels')
      .set({ alive_at: this.#domain.clock.now().getTime() })
      .where('api_key_id', '=', apiKeyId)
      .execute();
  }

  /** The clock was set by so many ms: a channel that was in use a minute ago still was. */
  async moveTimes(jump: number): Promise<void> {
    await this.#domain.storage.db
      .updateTable('notification_channels')
      .set({ alive_at: sql`alive_at + ${jump}` })
      .where(writtenBefore('alive_at', jump, this.#domain.clock.now().getTime()))
      .execute();
  }

  async delete(apiKeyId: string): Promise<void> {
    await this.#domain.storage.db.deleteFrom('notification_channels').where('api_key_id', '=', apiKeyId).execute();
  }

  #channelOf(row: Row<'notification_channels'>): Channel {
    const { api_key_id: apiKeyId, headers_sealed: sealed, url } = row;
    const headers = sealed ? Buffer.from(this.#domain.vault.open(headersContext(apiKeyId), sealed)).toString() : '{}';
    return {
      apiKeyId,
      accountId: row.account_id,
      kind: row.kind,
      serialization: JSON.parse(row.serialization_json) as Serialization,
      ...(url === null ? {} : { callback: { url, headers: JSON.parse(headers) as Record<string, string> } }),
      aliveAt: row.alive_at,
    };
  }
}
