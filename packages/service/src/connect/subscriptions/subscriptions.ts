import { randomUUID } from 'node:crypto';
import { audit } from '../../audit/index.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import { prepared } from '../../storage/prepared.ts';
import type { Row } from '../../storage/schema.ts';
import type { NotificationQueue } from '../channels/queue.ts';
import { type DeviceAnswer, type DeviceLinks, LinkFailure } from '../device-links.ts';
import { asyncAnswer, notificationData, type RegisteredDevice } from '../messages.ts';
import { Refusal } from '../refusal.ts';
import { hasPath, registeredDevice } from '../registered-device.ts';
import type { ResourceCache } from '../resource-cache.ts';
import { type Presubscription, wantedBy } from './presubscription.ts';

type Subscription = Row<'subscriptions'>;

const deleteOfDevice = prepared<Pick<Subscription, 'device_id'>, unknown>((db, value) =>
  db.deleteFrom('subscriptions').where('device_id', '=', value('device_id')),
);

const rulesOfAccount = prepared<Pick<Subscription, 'account_id'>, Row<'presubscriptions'>>((db, value) =>
  db.selectFrom('presubscriptions').selectAll().where('account_id', '=', value('account_id')).orderBy('position'),
);

const pathsOfDevice = prepared<Pick<Subscription, 'device_id'>, Pick<Subscription, 'path'>>((db, value) =>
  db.selectFrom('subscriptions').select('path').distinct().where('device_id', '=', value('device_id')).orderBy('path'),
);

const subscribers = prepared<Pick<Subscription, 'device_id' | 'path'>, Pick<Subscription, 'api_key_id' | 'account_id'>>(
  (db, value) =>
    db
      .selectFrom('subscriptions')
      .select(['api_key_id', 'account_id'])
      .where('device_id', '=', value('device_id'))
      .where('path', '=', value('path')),
);

/** Which keys want to be told of which resources, by hand and by rule. */
export class Subscriptions {
  readonly #domain: Domain;
  readonly #queue: NotificationQueue;
  readonly #cache: ResourceCache;
  readonly #links: () => DeviceLinks;

  constructor(domain: Domain, world: { queue: NotificationQueue; cache: ResourceCache; links: () => DeviceLinks }) {
    this.#domain = domain;
    this.#queue = world.queue;
    this.#cache = world.cache;
    this.#links = world.links;
  }

  /**
   * Subscribes. The value of now comes as async response once the device is observed: at once if it is there, else
   * when it connects.
   *
   * @returns the id of the async response; undefined where the key had the subscription already
   * @throws Refusal 404
   */
  async subscribe(actor: Actor, deviceId: string, path: string): Promise<string | undefined> {
    const device = await registeredDevice(this.#domain, actor.accountId, deviceId);
    if (!device) throw new Refusal(404, 'DEVICE_NOT_FOUND');
    if (!hasPath(device.resources, path)) throw new Refusal(404, 'RESOURCE_NOT_FOUND');
    const inserted = await this.#insert(actor.accountId, deviceId, path, actor.id, 0);
    if (!inserted) return undefined;
    const asyncId = randomUUID();
    if (this.#links().isReachable(deviceId)) void this.#observe(actor, deviceId, path, asyncId);
    return asyncId;
  }

  async isSubscribed(actor: Actor, deviceId: string, path: string): Promise<boolean> {
    const row = await this.#ofKey(actor, deviceId).select('path').where('path', '=', path).executeTakeFirst();
    return row !== undefined;
  }

  /** Paths that the key is subscribed to, sorted. */
  async paths(actor: Actor, deviceId: string): Promise<string[]> {
    const rows = await this.#ofKey(actor, deviceId).select('path').orderBy('path').execute();
    return rows.map(({ path }) => path);
  }

  /** @param path all of the device if absent */
  async unsubscribe(actor: Actor, deviceId: string, path?: string): Promise<void> {
    let removal = this.#domain.storage.db
      .deleteFrom('subscriptions')
      .where('account_id', '=', actor.accountId)
      .where('api_key_id', '=', actor.id)
      .where('device_id', '=', deviceId);
    if (path !== undefined) removal = removal.where('path', '=', path);
    const removed = await removal.returning('path').execute();
    const wanted = new Set(removed.length === 0 ? [] : await this.wantedPaths(deviceId));
    for (const { path: gone } of removed) {
      if (!wanted.has(gone)) await this.#links().cancelObservation(deviceId, gone);
    }
  }

  async rules(actor: Actor): Promise<Presubscription[]> {
    const rows = await this.#domain.storage.db
      .selectFrom('presubscriptions')
      .selectAll()
      .where('api_key_id', '=', actor.id)
      .orderBy('position')
      .execute();
    return rows.map(ruleOf);
  }

  /** Takes the place of the rules there were; applied when devices register or update their registration. */
  async setRules(actor: Actor, rules: readonly Presubscription[]): Promise<void> {
    await this.#domain.storage.transaction(async (db) => {
      await db.deleteFrom('presubscriptions').where('api_key_id', '=', actor.id).execute();
      const rows = rules.map((rule, position) => ({
        account_id: actor.accountId,
        api_key_id: actor.id,
        position,
        endpoint_name: rule.endpointName ?? null,
        endpoint_type: rule.endpointType ?? null,
        paths_json: rule.paths ? JSON.stringify(rule.paths) : null,
      }));
      for (let first = 0; first < rows.length; first += 500) {
        await db
          .insertInto('presubscriptions')
          .values(rows.slice(first, first + 500))
          .execute();
      }
      await audit(this.#domain, actor, {
        action: 'presubscriptions.set',
        subjectKind: 'api-key',
        subjectId: actor.id,
        detail: { rules: rules.length },
      });
    });
  }

  /**
   * Brings the rules of all keys to bear on a device that registered or updated its registration.
   *
   * @param isFull a full registration: what was subscribed by hand ends with it
   */
  async apply(device: RegisteredDevice, isFull: boolean): Promise<void> {
    await this.#domain.storage.grouped(async (db) => {
      if (isFull) await deleteOfDevice(db, { device_id: device.deviceId });
      for (const row of await rulesOfAccount(db, { account_id: device.accountId })) {
        for (const path of wantedBy(ruleOf(row), device)) {
          await this.#insert(device.accountId, device.deviceId, path, row.api_key_id, 1);
        }
      }
    });
  }

  /** What has to be observed of a device, whoever wants it. */
  async wantedPaths(deviceId: string): Promise<string[]> {
    const rows = await this.#domain.storage.grouped((db) => pathsOfDevice(db, { device_id: deviceId }));
    return rows.map(({ path }) => path);
  }

  /** A device told a value: all who want it are told. Resolves when that is on disk. */
  async notified(deviceId: string, path: string, answer: DeviceAnswer): Promise<void> {
    this.#cache.put(deviceId, path, answer);
    const keys = await subscribers(this.#domain.storage.db, { device_id: deviceId, path });
    const body = keys.length === 0 ? {} : notificationData(deviceId, path, answer);
    await this.#queue.append(
      keys.map(({ api_key_id: apiKeyId, account_id: accountId }) => ({
        accountId,
        apiKeyId,
        part: 'notifications',
        body,
      })),
    );
  }

  async #observe(actor: Actor, deviceId: string, path: string, asyncId: string): Promise<void> {
    try {
      const answer = await this.#links().observe(deviceId, path);
      const isSuccess = answer.code >> 5 === 2;
      if (isSuccess) this.#cache.put(deviceId, path, answer);
      else await this.unsubscribe(actor, deviceId, path);
      await this.#queue.append([
        { accountId: actor.accountId, apiKeyId: actor.id, part: 'async-responses', body: asyncAnswer(asyncId, answer) },
      ]);
    } catch (error) {
      // It is wanted still, and observed when the device comes back.
      if (!(error instanceof LinkFailure)) throw error;
    }
  }

  async #insert(accountId: string, deviceId: string, path: string, apiKeyId: string, byRule: 0 | 1): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await this.#domain.storage.db
      .insertInto('subscriptions')
      .values({
        account_id: accountId,
        device_id: deviceId,
        path,
        api_key_id: apiKeyId,
        by_rule: byRule,
        created_at: this.#domain.clock.now().getTime(),
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return Number(numInsertedOrUpdatedRows ?? 0) > 0;
  }

  #ofKey(actor: Actor, deviceId: string) {
    return this.#domain.storage.db
      .selectFrom('subscriptions')
      .where('account_id', '=', actor.accountId)
      .where('api_key_id', '=', actor.id)
      .where('device_id', '=', deviceId);
  }
}

function ruleOf(row: { endpoint_name: string | null; endpoint_type: string | null; paths_json: string | null }) {
  const { endpoint_name: endpointName, endpoint_type: endpointType, paths_json: paths } = row;
  const rule: Presubscription = {
    ...(endpointName === null ? {} : { endpointName }),
    ...(endpointType === null ? {} : { endpointType }),
    ...(paths === null ? {} : { paths: JSON.parse(paths) as string[] }),
  };
  return rule;
}
