import { backgroundTimers, type Timer, type Timers } from '@mooring/platform';
import { type DeviceLinks, noLinks } from '../../connect/device-links.ts';
import type { RegistryEvent } from '../../registry/index.ts';
import type { Domain } from '../../storage/context.ts';
import { Delivery } from '../delivery/delivery.ts';
import { linkOfUri } from '../downloads/links.ts';
import { openLink } from '../downloads/open-link.ts';
import { recordRegistration } from '../forecast/certificate-facts.ts';
import { type Campaign, courseOf, storeCourse, totalOf } from './campaign.ts';
import { type CampaignEvent, campaignAfter, workOf } from './campaign-machine.ts';
import { filteredDevices, isFiltered } from './device-filter.ts';
import { livePhases } from './in-use.ts';
import { joinCampaign, planDevices } from './plan.ts';

export interface CampaignsOptions {
  readonly timers?: Timers;
  /** Told what failed; what failed is tried again. */
  readonly fault?: (error: unknown, about: Readonly<Record<string, string>>) => void;
}

/** After a failure (a full disk, for one), in ms. */
const retryWait = 5_000;

/** Devices that are done are counted together, this often, in ms. */
const countingTime = 100;

/** Devices that are told to the delivery at a time. */
const dispatchBatch = 1_000;

interface Running {
  again: boolean;
  done: Promise<void>;
}

/**
 * Runs campaigns: what is to be done follows from their rows alone, so that a service that was killed goes on where it was. Devices'
 * side comes in through `reachable` and `told`.
 */
export class Campaigns {
  readonly delivery: Delivery;
  readonly #domain: Domain;
  readonly #timers: Timers;
  readonly #fault: (error: unknown, about: Readonly<Record<string, string>>) => void;
  readonly #running = new Map<string, Running>();
  readonly #alarms = new Map<string, Timer>();
  readonly #counting = new Map<string, Timer>();
  /** Active campaigns that devices may join, by account. */
  readonly #continuous = new Map<string, Campaign>();
  #links: DeviceLinks = noLinks;
  #unlisten: (() => void) | undefined;
  #stopped = false;

  constructor(domain: Domain, { timers = backgroundTimers, fault = () => undefined }: CampaignsOptions = {}) {
    this.#domain = domain;
    this.#timers = timers;
    this.#fault = fault;
    this.delivery = new Delivery(domain, {
      links: () => this.#links,
      timers,
      progressed: (campaignId) => this.#progressed(campaignId),
      fault: (error, deviceId) => fault(error, { deviceId }),
    });
  }

  /** Takes up what runs, from the tables. */
  async start(links: DeviceLinks = noLinks): Promise<void> {
    this.#links = links;
    this.#unlisten ??= this.#domain.bus.listen(
      (event) => void this.#heard(event).catch((error) => this.#fault(error, {})),
    );
    const { db } = this.#domain.storage;
    const live = await db.selectFrom('update_campaigns').selectAll().where('phase', 'in', livePhases).execute();
    // Those of a campaign that has stopped may have the manifest, and what they tell still counts.
    const open = await db
      .selectFrom('campaign_devices')
      .select('device_id')
      .distinct()
      .where('status', '=', 'pending')
      .where('progress', '!=', 'done')
      .execute();
    this.delivery.expect(open.map(({ device_id }) => device_id));
    for (const campaign of live) {
      this.wake(campaign.id);
      if (campaign.phase === 'active') this.#dispatch(campaign).catch((error) => this.#failed(error, campaign.id));
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unlisten?.();
    for (const timer of [...this.#alarms.values(), ...this.#counting.values()]) timer.cancel();
    this.#alarms.clear();
    this.#counting.clear();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
    await this.delivery.stop();
  }

  /** Something has happened to a campaign: what is to be done is done. */
  wake(campaignId: string): void {
    if (this.#stopped) return;
    const running = this.#running.get(campaignId);
    if (running) {
      running.again = true;
      return;
    }
    const state: Running = { again: false, done: Promise.resolve() };
    this.#running.set(campaignId, state);
    state.done = this.#run(campaignId, state);
  }

  get links(): DeviceLinks {
    return this.#links;
  }

  /** When nothing is to be done at once any more; for tests. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  /** The device can be asked now. */
  reachable(deviceId: string): void {
    this.delivery.visit(deviceId, true);
  }

  /** A device told a value. Resolves when what follows from it is on disk. */
  told(deviceId: string, path: string, payload: Uint8Array): Promise<void> {
    return this.delivery.told(deviceId, path, payload);
  }

  #progressed(campaignId: string): void {
    if (this.#stopped || this.#counting.has(campaignId)) return;
    this.#counting.set(
      campaignId,
      this.#timers.after(countingTime, () => {
        this.#counting.delete(campaignId);
        this.wake(campaignId);
      }),
    );
  }

  async #run(campaignId: string, state: Running): Promise<void> {
    try {
      do {
        state.again = false;
        await this.#pursue(campaignId);
      } while (state.again && !this.#stopped);
    } catch (error) {
      this.#failed(error, campaignId);
    } finally {
      this.#running.delete(campaignId);
    }
    if (state.again) this.wake(campaignId);
  }

  #failed(error: unknown, campaignId: string): void {
    this.#fault(error, { campaignId });
    this.#alarm(campaignId, retryWait);
  }

  #alarm(campaignId: string, after: number): void {
    if (this.#stopped) return;
    this.#alarms.get(campaignId)?.cancel();
    this.#alarms.set(
      campaignId,
      this.#timers.after(Math.min(Math.max(0, after), 60_000), () => {
        this.#alarms.delete(campaignId);
        this.wake(campaignId);
      }),
    );
  }

  /** Does one thing after the other until there is nothing to be done but to wait. */
  async #pursue(campaignId: string): Promise<void> {
    while (!this.#stopped) {
      const campaign = await this.#campaign(campaignId);
      this.#remember(campaignId, campaign);
      if (!campaign) return;
      const now = this.#domain.clock.now().getTime();
      const offered = await this.#offered(campaign);
      const ending = await this.#after(campaign, { kind: 'counted', at: now, offered });
      if (ending) continue;
      const work = workOf(courseOf(campaign), now, offered);
      if (work.do === 'nothing') return;
      if (work.do === 'wait') {
        this.#alarm(campaignId, work.until - now);
        return;
      }
      if (work.do === 'wave') {
        await this.#after(campaign, { kind: 'wave', at: now });
        continue;
      }
      const problem = await this.#do(work.do, campaign);
      const at = this.#domain.clock.now().getTime();
      await this.#after(campaign, { kind: 'stepped', at, ...(problem === undefined ? {} : { problem }) });
    }
  }

  #remember(campaignId: string, campaign: Campaign | undefined): void {
    if (campaign?.phase === 'active' && campaign.strategy === 'continuous') this.#continuous.set(campaignId, campaign);
    else this.#continuous.delete(campaignId);
  }

  #campaign(id: string): Promise<Campaign | undefined> {
    return this.#domain.storage.db.selectFrom('update_campaigns').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Devices of the waves so far that are not skipped. */
  async #offered(campaign: Campaign): Promise<number> {
    if (campaign.failure_percent === null || campaign.failed_count === 0 || campaign.phase !== 'active') {
      return totalOf(campaign) - campaign.skipped_count;
    }
    const { count } = await this.#domain.storage.db
      .selectFrom('campaign_devices')
      .select(({ fn }) => fn.countAll<number | string>().as('count'))
      .where('campaign_id', '=', campaign.id)
      .where('wave', '<=', campaign.wave)
      .where('status', '!=', 'skipped')
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** Persists what an event makes of a campaign. @returns whether it changed */
  async #after(seen: Campaign, event: CampaignEvent): Promise<boolean> {
    const expected = campaignAfter(courseOf(seen), event);
    // Most devices that are done end nothing.
    if ('refused' in expected || expected.course.state === seen.state) {
      if (event.kind === 'counted') return false;
    }
    return this.#domain.storage.transaction(async () => {
      const before = await this.#campaign(seen.id);
      // Whoever stopped or deleted it meanwhile has decided.
      if (!before || before.state !== seen.state || before.phase !== seen.phase) return true;
      const outcome = campaignAfter(courseOf(before), event);
      if ('refused' in outcome) return false;
      return (await storeCourse(this.#domain, before, outcome.course)) !== before;
    });
  }

  /** @returns why the campaign cannot go on */
  async #do(work: string, campaign: Campaign): Promise<string | undefined> {
    switch (work) {
      case 'check-manifest':
        return this.#checkManifest(campaign);
      case 'fetch-devices':
        await planDevices(this.#domain, campaign);
        return undefined;
      case 'check-devices':
        return totalOf(campaign) === 0 && campaign.strategy === 'one-shot'
          ? 'No device matches the filter.'
          : undefined;
      case 'dispatch': {
        // Between two waves the service may have been restored from a backup without the image.
        const problem = await this.#checkManifest(campaign);
        if (problem === undefined) await this.#dispatch(campaign);
        return problem;
      }
      case 'withdraw':
        await this.#withdraw(campaign);
        return undefined;
      default:
        return undefined;
    }
  }

  async #checkManifest({ root_manifest_id }: Campaign): Promise<string | undefined> {
    const { db } = this.#domain.storage;
    const manifest =
      root_manifest_id === null
        ? undefined
        : await db
            .selectFrom('firmware_manifests')
            .select('payload_uri')
            .where('id', '=', root_manifest_id)
            .executeTakeFirst();
    if (!manifest) return 'The manifest of the campaign was deleted.';
    const link = manifest.payload_uri === null ? undefined : linkOfUri(manifest.payload_uri);
    // Elsewhere is elsewhere's business, and so is a link that no image of this service has.
    const opened = link?.kind === 'image' ? await openLink(this.#domain, link) : undefined;
    if (opened === 'absent') return 'The file of the firmware image that the manifest names is missing on the service.';
    await opened?.close();
    return undefined;
  }

  /** Tells the delivery which devices have their turn. */
  async #dispatch(campaign: Campaign): Promise<void> {
    if (campaign.strategy === 'continuous') await this.#catchUp(campaign);
    for (let after = ''; !this.#stopped; ) {
      const rows = await this.#domain.storage.db
        .selectFrom('campaign_devices')
        .select(['id', 'device_id'])
        .where('campaign_id', '=', campaign.id)
        .where('progress', '=', 'waiting')
        .where('wave', '=', campaign.wave)
        .where('id', '>', after)
        .orderBy('id')
        .limit(dispatchBatch)
        .execute();
      this.delivery.expect(rows.map(({ device_id }) => device_id));
      for (const { device_id } of rows) if (this.#links.isReachable(device_id)) this.delivery.visit(device_id);
      const last = rows.at(-1);
      if (!last || rows.length < dispatchBatch) return;
      after = last.id;
    }
  }

  /** Devices that have come to match while nobody was looking. */
  async #catchUp(campaign: Campaign): Promise<void> {
    const { db } = this.#domain.storage;
    const rows = await db
      .selectFrom('campaign_devices')
      .select('device_id')
      .where('campaign_id', '=', campaign.id)
      .execute();
    const joined = new Set(rows.map(({ device_id }) => device_id));
    for (const id of await filteredDevices(this.#domain, campaign.account_id, campaign.device_filter)) {
      if (!joined.has(id)) await joinCampaign(this.#domain, campaign, id);
    }
  }

  async #withdraw(campaign: Campaign): Promise<void> {
    const { storage, clock } = this.#domain;
    await storage.transaction(async (db) => {
      await db
        .updateTable('campaign_devices')
        .set({ progress: 'done', event_type: 'SYS_116', reason_code: 'stopped', updated_at: clock.now().getTime() })
        .where('campaign_id', '=', campaign.id)
        .where('progress', '=', 'waiting')
        .execute();
    });
  }

  async #heard(event: RegistryEvent): Promise<void> {
    if (this.#stopped) return;
    switch (event.kind) {
      case 'registered': {
        const { registration } = event;
        this.delivery.published(registration.deviceId, registration.resources);
        await recordRegistration(this.#domain, registration);
        await this.#mayJoin(registration.accountId, registration.deviceId);
        break;
      }
      case 'updated':
        if (!event.resources) break;
        await recordRegistration(this.#domain, event.registration);
        await this.#mayJoin(event.registration.accountId, event.registration.deviceId);
        break;
      case 'changed':
        await this.#mayJoin(event.accountId, event.deviceId);
        break;
      case 'deleted':
        await this.delivery.deleted(event.deviceId);
        break;
    }
  }

  async #mayJoin(accountId: string, deviceId: string): Promise<void> {
    for (const campaign of this.#continuous.values()) {
      if (campaign.account_id !== accountId) continue;
      if (!(await isFiltered(this.#domain, accountId, campaign.device_filter, deviceId))) continue;
      if (!(await joinCampaign(this.#domain, campaign, deviceId))) continue;
      this.delivery.expect([deviceId]);
      this.delivery.visit(deviceId);
    }
  }
}
