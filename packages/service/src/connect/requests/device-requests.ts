import type { Timer, Timers } from '@mooring/platform';
import { newId } from '../../accounts/ids.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import { prepared } from '../../storage/prepared.ts';
import type { Row } from '../../storage/schema.ts';
import type { NotificationQueue } from '../channels/queue.ts';
import { type DeviceAnswer, type DeviceLinks, type DeviceOperation, LinkFailure } from '../device-links.ts';
import type { ConnectLimits } from '../limits.ts';
import { type AsyncFailure, asyncAnswer, asyncFailure } from '../messages.ts';
import { Refusal } from '../refusal.ts';
import { hasPath, registeredDevice } from '../registered-device.ts';
import type { ResourceCache } from '../resource-cache.ts';

/** What a caller asks of a device. */
export interface Request {
  asyncId: string;
  method: DeviceOperation['method'];
  /** With its query: `/5/0/1?pmin=10`. */
  uri: string;
  accept?: number;
  contentFormat?: number;
  payload: Uint8Array;
  /** Attempts after the first; the contract's default for the device if absent. */
  retries?: number;
  expirySeconds?: number;
}

/** Defaults of the contract, for a device that is always there and for one that sleeps. */
const defaults = {
  awake: { retries: 0, expirySeconds: 2 * 60 * 60 },
  queueMode: { retries: 2, expirySeconds: 3 * 24 * 60 * 60 },
} as const;

/** `/5/0/1?pmin=10&pmax=60` → path and query. */
export function splitUri(uri: string): { path: string; query: string[] } {
  const [path = '', ...rest] = uri.split('?');
  const query = rest.join('?');
  return { path: path.startsWith('/') ? path : `/${path}`, query: query === '' ? [] : query.split('&') };
}

/** What the contract says of it. */
export const failureOf: Readonly<Record<LinkFailure['reason'], AsyncFailure>> = {
  'not-connected': 'NOT_CONNECTED',
  lost: 'NOT_CONNECTED',
  'no-answer': 'TIMEOUT',
  'too-large': 'REQUEST_TOO_LARGE',
};

/** One of a process at a time; who left it is found by `expire` and by the device's next contact. */
interface Draining {
  again: boolean;
}

const nextRequest = prepared<{ device_id: string }, Row<'device_requests'>>((db, value) =>
  db.selectFrom('device_requests').selectAll().where('device_id', '=', value('device_id')).orderBy('id').limit(1),
);

/**
 * Requests that wait for their device: on disk, in the order in which they came, one at a time for a device. A request
 * leaves with its answer in one transaction; after a crash it may be made again, and never gets two answers.
 */
export class DeviceRequests {
  readonly #domain: Domain;
  readonly #limits: ConnectLimits;
  readonly #timers: Timers;
  readonly #queue: NotificationQueue;
  readonly #cache: ResourceCache;
  readonly #links: () => DeviceLinks;
  readonly #draining = new Map<string, Draining>();
  #expiry: { timer: Timer; at: number } | undefined;
  #stopped = false;

  constructor(
    domain: Domain,
    world: {
      limits: ConnectLimits;
      timers: Timers;
      queue: NotificationQueue;
      cache: ResourceCache;
      links: () => DeviceLinks;
    },
  ) {
    this.#domain = domain;
    this.#limits = world.limits;
    this.#timers = world.timers;
    this.#queue = world.queue;
    this.#cache = world.cache;
    this.#links = world.links;
  }

  async start(): Promise<void> {
    await this.#armExpiry();
  }

  stop(): void {
    this.#stopped = true;
    this.#expiry?.timer.cancel();
  }

  /**
   * Takes a request; its answer comes as an async response of the actor's key.
   *
   * @throws Refusal 400 or 404, as the contract has them; 429 where the device's queue is full
   */
  async submit(actor: Actor, deviceId: string, request: Request, onFull = 400): Promise<void> {
    const { path } = splitUri(request.uri);
    const device = await registeredDevice(this.#domain, actor.accountId, deviceId);
    if (!device) throw new Refusal(404, 'DEVICE_NOT_FOUND');
    if (device.isBlocked) throw new Refusal(400, 'DEVICE_BLOCKED', 'The device was suspended.');
    // A POST may make an object instance that is not there yet.
    if (request.method !== 'POST' && !hasPath(device.resources, path)) throw new Refusal(400, 'RESOURCE_NOT_FOUND');
    if (request.payload.length > this.#limits.payload) {
      throw new Refusal(413, 'PAYLOAD_TOO_LARGE', `At most ${this.#limits.payload} bytes can be sent to a device.`);
    }
    const cached =
      request.method === 'GET' && request.accept === undefined ? this.#cache.get(deviceId, path) : undefined;
    if (cached) {
      await this.#tell(actor.accountId, actor.id, asyncAnswer(request.asyncId, cached));
      return;
    }
    const { retries, expirySeconds } = device.queueMode ? defaults.queueMode : defaults.awake;
    const now = this.#domain.clock.now().getTime();
    const expiresAt = now + (request.expirySeconds ?? expirySeconds) * 1000;
    await this.#domain.storage.transaction(async (db) => {
      const { waiting } = await db
        .selectFrom('device_requests')
        .select(db.fn.countAll<number | string>().as('waiting'))
        .where('device_id', '=', deviceId)
        .executeTakeFirstOrThrow();
      if (Number(waiting) >= this.#limits.deviceQueue) {
        throw new Refusal(onFull, 'QUEUE_IS_FULL', `${waiting} requests wait for the device already.`);
      }
      await db
        .insertInto('device_requests')
        .values({
          id: newId(this.#domain.clock),
          account_id: actor.accountId,
          api_key_id: actor.id,
          device_id: deviceId,
          async_id: request.asyncId,
          method: request.method,
          uri: request.uri,
          accept: request.accept ?? null,
          content_format: request.contentFormat ?? null,
          payload: request.payload,
          retries: request.retries ?? retries,
          expires_at: expiresAt,
          created_at: now,
        })
        .execute();
    });
    if (this.#expiry === undefined || expiresAt < this.#expiry.at) this.#armAt(expiresAt);
    this.drain(deviceId);
  }

  /** What was told last of a resource and is valid still. */
  cached(deviceId: string, path: string): DeviceAnswer | undefined {
    return this.#cache.get(deviceId, path);
  }

  /** The device was heard: what waits for it goes out. */
  drain(deviceId: string): void {
    const running = this.#draining.get(deviceId);
    if (running) {
      running.again = true;
      return;
    }
    const state: Draining = { again: true };
    this.#draining.set(deviceId, state);
    void this.#drain(deviceId, state);
  }

  /** Nothing of what waits will be delivered any more. */
  async abandon(deviceId: string, failure: AsyncFailure): Promise<void> {
    await this.#domain.storage.transaction(async (db) => {
      const rows = await db.deleteFrom('device_requests').where('device_id', '=', deviceId).returningAll().execute();
      for (const row of rows) await this.#tell(row.account_id, row.api_key_id, asyncFailure(row.async_id, failure));
    });
  }

  async #drain(deviceId: string, state: Draining): Promise<void> {
    try {
      while (state.again && !this.#stopped) {
        state.again = false;
        let goesOn = true;
        while (goesOn && !this.#stopped) {
          const [row] = await this.#domain.storage.grouped((db) => nextRequest(db, { device_id: deviceId }));
          goesOn = row !== undefined && (await this.#attempt(row));
        }
      }
    } catch {
      // The database failed: what waits is tried again with the device's next contact.
    } finally {
      this.#draining.delete(deviceId);
      if (state.again && !this.#stopped) this.drain(deviceId);
    }
  }

  /** @returns whether the next request can be tried */
  async #attempt(row: Row<'device_requests'>): Promise<boolean> {
    if (row.expires_at <= this.#domain.clock.now().getTime()) return this.#fail(row, 'REQUEST_EXPIRED');
    const { path, query } = splitUri(row.uri);
    try {
      if (!this.#links().isReachable(row.device_id)) throw new LinkFailure('not-connected');
      const answer = await this.#links().send(row.device_id, {
        method: row.method as DeviceOperation['method'],
        path,
        query,
        ...(row.accept === null ? {} : { accept: row.accept }),
        ...(row.content_format === null ? {} : { contentFormat: row.content_format }),
        payload: row.payload,
      });
      if (row.method !== 'GET') this.#cache.forget(row.device_id, path);
      else if (answer.code >> 5 === 2) this.#cache.put(row.device_id, path, answer);
      await this.#finish(row, asyncAnswer(row.async_id, answer));
      return true;
    } catch (error) {
      if (!(error instanceof LinkFailure)) throw error;
      if (row.retries === 0 || error.reason === 'too-large') return this.#fail(row, failureOf[error.reason]);
      // Not having been there is no attempt; it waits for the device, until it expires.
      if (error.reason !== 'not-connected') {
        await this.#domain.storage.db
          .updateTable('device_requests')
          .set({ retries: row.retries - 1 })
          .where('id', '=', row.id)
          .execute();
      }
      return false;
    }
  }

  async #fail(row: Row<'device_requests'>, failure: AsyncFailure): Promise<boolean> {
    await this.#finish(row, asyncFailure(row.async_id, failure));
    return true;
  }

  async #finish(row: Row<'device_requests'>, body: Record<string, unknown>): Promise<void> {
    await this.#domain.storage.transaction(async (db) => {
      const { numDeletedRows } = await db.deleteFrom('device_requests').where('id', '=', row.id).executeTakeFirst();
      if (Number(numDeletedRows) > 0) await this.#tell(row.account_id, row.api_key_id, body);
    });
  }

  async #tell(accountId: string, apiKeyId: string, body: Record<string, unknown>): Promise<void> {
    await this.#queue.append([{ accountId, apiKeyId, part: 'async-responses', body }]);
  }

  #armAt(at: number): void {
    this.#expiry?.timer.cancel();
    if (this.#stopped) return;
    const wait = Math.max(0, at - this.#domain.clock.now().getTime());
    this.#expiry = { at, timer: this.#timers.after(wait, () => void this.#expire().catch(() => undefined)) };
  }

  async #armExpiry(): Promise<void> {
    const next = await this.#domain.storage.db
      .selectFrom('device_requests')
      .select('expires_at')
      .orderBy('expires_at')
      .limit(1)
      .executeTakeFirst();
    // What is due and on its way to its device has to wait for that; look again, but not at once.
    if (next) this.#armAt(Math.max(next.expires_at, this.#domain.clock.now().getTime() + 1000));
    else this.#expiry = undefined;
  }

  async #expire(): Promise<void> {
    const due = await this.#domain.storage.db
      .selectFrom('device_requests')
      .selectAll()
      .where('expires_at', '<=', this.#domain.clock.now().getTime())
      .execute();
    // One that is on its way to the device gets the device's answer.
    for (const row of due) if (!this.#draining.has(row.device_id)) await this.#fail(row, 'REQUEST_EXPIRED');
    await this.#armExpiry();
  }
}
