import { isMooringError, type Timer, type Timers } from '@mooring/platform';
import { type DeviceAnswer, type DeviceLinks, LinkFailure } from '../../connect/index.ts';
import { getRegistration, type RegisteredResource } from '../../registry/index.ts';
import type { Domain } from '../../storage/context.ts';
import type { CampaignDeviceEvent, Runs } from '../campaigns/device-machine.ts';
import { type Advanced, advance, type OpenRow, openRowsOf } from '../campaigns/device-rows.ts';
import { recordTakenManifest } from '../forecast/certificate-facts.ts';
import { type FirmwareManifest, getFirmwareManifest } from '../manifests/manifest.ts';
import { judge, runsOf } from './judge.ts';
import {
  factsFrom,
  numberOf,
  paths,
  publishedValues,
  type UpdateFacts,
  unpublished,
  type Value,
} from './update-facts.ts';

export interface DeliveryWorld {
  readonly timers: Timers;
  readonly links: () => DeviceLinks;
  /** A device of this campaign is further than it was. */
  readonly progressed: (campaignId: string) => void;
  readonly fault: (error: unknown, deviceId: string) => void;
}

/** Devices that are worked on at a time; each of them has one request under way at most. */
const mostVisits = 256;

/** A device that has its manifest and is heard again is asked how far it is, not more often than this, in ms. */
const askAgain = 5_000;

/** A device that has the manifest and is idle for this long has forgotten it, in ms: a client that goes on does so at once. */
const idleTime = 60_000;

/** `broken`: the connection is new, or the device has registered, or this service has started. */
interface Visit {
  broken: boolean;
  again: boolean;
}

const isGood = (answer: DeviceAnswer): boolean => answer.code >> 5 === 2;

/** `4.05` */
const codeText = (code: number): string => `${code >> 5}.${String(code & 31).padStart(2, '0')}`;

/**
 * Brings manifests to devices and hears what comes of them. What is known of a device in a campaign is in its row, and is
 * written before the manifest is: after a crash the device itself is asked whether it has it, and it never gets it twice.
 */
export class Delivery {
  readonly #domain: Domain;
  readonly #world: DeliveryWorld;
  /** Devices that are in a campaign and not done. */
  readonly #open = new Set<string>();
  readonly #visits = new Map<string, Visit>();
  readonly #waiting = new Map<string, boolean>();
  /** The last Result that a device has told to this process. */
  readonly #results = new Map<string, number>();
  readonly #asked = new Map<string, number>();
  /** Devices that have their manifest and were found idle: since when, and what looks again. */
  readonly #idleSince = new Map<string, { readonly at: number; readonly timer: Timer }>();
  readonly #manifests = new Map<string, Promise<FirmwareManifest | undefined>>();
  #idle: (() => void)[] = [];
  #stopped = false;

  constructor(domain: Domain, world: DeliveryWorld) {
    this.#domain = domain;
    this.#world = world;
  }

  /** These devices have a campaign that they are not done with. */
  expect(deviceIds: Iterable<string>): void {
    for (const id of deviceIds) this.#open.add(id);
  }

  isExpected(deviceId: string): boolean {
    return this.#open.has(deviceId);
  }

  /** Looks at a device when there is room. @param broken whether it may have gone on unheard */
  visit(deviceId: string, broken = false): void {
    if (this.#stopped || !this.#open.has(deviceId)) return;
    const running = this.#visits.get(deviceId);
    if (running) {
      running.again = true;
      running.broken ||= broken;
      return;
    }
    this.#waiting.set(deviceId, broken || this.#waiting.get(deviceId) === true);
    this.#next();
  }

  /** Where a registration published the Result, it need not be asked for. */
  published(deviceId: string, resources: readonly RegisteredResource[]): void {
    const listed = resources.find(({ path }) => path === paths.result);
    const result = numberOf(listed?.v);
    if (result !== undefined) this.#results.set(deviceId, result);
    this.#asked.delete(deviceId);
  }

  /** A device has told its State or its Result. Resolves when that is on disk. */
  async told(deviceId: string, path: string, payload: Uint8Array): Promise<void> {
    const kind = path === paths.state ? 'state' : path === paths.result ? 'result' : undefined;
    const value = kind && numberOf(payload);
    if (kind === undefined || value === undefined) return;
    if (kind === 'result') this.#results.set(deviceId, value);
    this.#isAtWork(deviceId);
    if (!this.#open.has(deviceId)) return;
    for (const row of await openRowsOf(this.#domain, deviceId)) {
      if (row.progress !== 'waiting') await this.#advance(row, { kind, value });
    }
  }

  async deleted(deviceId: string): Promise<void> {
    if (!this.#open.has(deviceId)) return;
    for (const row of await openRowsOf(this.#domain, deviceId)) {
      await this.#advance(row, { kind: 'skip', reason: 'deleted' });
    }
    this.#open.delete(deviceId);
    this.#results.delete(deviceId);
  }

  /** When nothing is under way any more. */
  idle(): Promise<void> {
    if (this.#visits.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    for (const { timer } of this.#idleSince.values()) timer.cancel();
    await this.idle();
  }

  #next(): void {
    for (const [deviceId, broken] of this.#waiting) {
      if (this.#visits.size >= mostVisits) return;
      this.#waiting.delete(deviceId);
      const visit: Visit = { broken, again: false };
      this.#visits.set(deviceId, visit);
      void this.#run(deviceId, visit);
    }
  }

  async #run(deviceId: string, visit: Visit): Promise<void> {
    try {
      do {
        const { broken } = visit;
        visit.again = false;
        visit.broken = false;
        await this.#visit(deviceId, broken);
      } while (visit.again && !this.#stopped);
    } catch (error) {
      this.#world.fault(error, deviceId);
    }
    this.#visits.delete(deviceId);
    if (this.#visits.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    this.#next();
  }

  async #visit(deviceId: string, broken: boolean): Promise<void> {
    const rows = await openRowsOf(this.#domain, deviceId);
    if (rows.length === 0) {
      this.#isAtWork(deviceId);
      this.#open.delete(deviceId);
      return;
    }
    if (!this.#world.links().isReachable(deviceId)) return;
    // One manifest at a time: the next campaign has its turn when the one before is done with the device.
    for (const row of rows) {
      const now = row.progress === 'waiting' ? row : await this.#catchUp(row, broken);
      if (now === undefined || now.progress === 'done') continue;
      if (now.progress !== 'waiting') {
        // One that an ended campaign left with its manifest, and that does nothing with it, is free.
        if (row.phase === 'active' || !this.#idleSince.has(deviceId)) return;
        if (!rows.some(({ progress, phase }) => progress === 'waiting' && phase === 'active')) continue;
        // What it tells from now on is of the next one.
        await this.#advance(row, { kind: 'forgotten' });
        await this.#advance(row, { kind: 'withdrawn' });
        continue;
      }
      if (row.phase !== 'active') await this.#advance(row, { kind: 'withdrawn' });
      else if (row.wave <= row.open_wave && (await this.#deliver({ ...row, ...now }))) return;
    }
  }

  async #advance(row: OpenRow, event: CampaignDeviceEvent): Promise<Advanced | undefined> {
    const advanced = await advance(this.#domain, row.id, event);
    if (!advanced || advanced.after === advanced.before) return advanced;
    const { before, after } = advanced;
    if (after.status === 'success' && before.status !== 'success') {
      const manifest = await this.#manifest(row);
      if (manifest) await recordTakenManifest(this.#domain, after.device_id, manifest);
    }
    this.#world.progressed(row.campaign_id);
    // What waits behind this campaign has its turn.
    if (after.progress === 'done') this.visit(row.device_id);
    return advanced;
  }

  /** Asks a device that has the manifest, or may have it, how far it is. */
  async #catchUp(row: OpenRow, broken: boolean): Promise<Advanced['after'] | undefined> {
    const { device_id: deviceId } = row;
    const now = this.#domain.clock.now().getTime();
    const due =
      row.progress === 'writing' ||
      row.phase !== 'active' ||
      this.#idleSince.has(deviceId) ||
      (broken && now - (this.#asked.get(deviceId) ?? 0) >= askAgain);
    if (!due) return row;
    try {
      const runs = await this.#runs(row);
      if (runs !== 'new') this.#asked.set(deviceId, now);
      const state = runs === 'new' ? undefined : numberOf(await this.#read(deviceId, paths.state));
      const result = runs === 'new' ? undefined : numberOf(await this.#read(deviceId, paths.result));
      if (result !== undefined) this.#results.set(deviceId, result);
      const found = (await this.#advance(row, { kind: 'found', seen: row.told_state, state, result, runs }))?.after;
      const isIdle = found?.progress === 'delivered' && state !== undefined && state <= 1;
      return isIdle && this.#isIdleTooLong(deviceId) ? (await this.#advance(row, { kind: 'forgotten' }))?.after : found;
    } catch (error) {
      if (!(error instanceof LinkFailure)) throw error;
      return row;
    }
  }

  #isAtWork(deviceId: string): void {
    this.#idleSince.get(deviceId)?.timer.cancel();
    this.#idleSince.delete(deviceId);
  }

  #isIdleTooLong(deviceId: string): boolean {
    const now = this.#domain.clock.now().getTime();
    const since = this.#idleSince.get(deviceId);
    if (since && now - since.at >= idleTime) {
      this.#isAtWork(deviceId);
      return true;
    }
    if (since === undefined || since.at > now) {
      since?.timer.cancel();
      const timer = this.#world.timers.after(idleTime + 100, () => this.visit(deviceId, true));
      this.#idleSince.set(deviceId, { at: now, timer });
    }
    return false;
  }

  /** Whether the device runs what the manifest of the row brings, by what it says now. */
  async #runs(row: OpenRow): Promise<Runs> {
    const registration = await getRegistration(this.#domain, row.device_id);
    const manifest = await this.#manifest(row);
    if (!registration || !manifest) return 'unknown';
    const values = publishedValues(registration.resources);
    if (runsOf(manifest, factsFrom(registration.resources, values)) === 'new') return 'new';
    // What was published when it registered may be old by now.
    const fresh =
      manifest.schema_version === '3'
        ? factsFrom(registration.resources, values).components.map(({ path }) => `${path}/2`)
        : [paths.packageName, paths.packageVersion];
    const listed = new Set(registration.resources.map(({ path }) => path));
    for (const path of fresh.filter((one) => listed.has(one))) {
      const value = await this.#read(row.device_id, path);
      if (value !== undefined) values.set(path, value);
    }
    return runsOf(manifest, factsFrom(registration.resources, values));
  }

  /** @returns whether the device is busy with the manifest now */
  async #deliver(row: OpenRow): Promise<boolean> {
    const { device_id: deviceId } = row;
    const registration = await getRegistration(this.#domain, deviceId);
    const manifest = await this.#manifest(row);
    if (!registration || !manifest) return false;
    let facts: UpdateFacts;
    let result: number | undefined;
    try {
      facts = await this.#facts(deviceId, registration.resources);
      const judgement = judge(manifest, facts);
      if (judgement.kind !== 'deliver') {
        await this.#advance(row, judgement);
        return false;
      }
      result = this.#results.get(deviceId) ?? numberOf(await this.#read(deviceId, paths.result));
      await this.#listen(deviceId, registration.resources);
    } catch (error) {
      if (!(error instanceof LinkFailure)) throw error;
      return false;
    }
    await this.#advance(row, { kind: 'writing', result });
    await this.#write(row, manifest);
    return true;
  }

  async #write(row: OpenRow, manifest: FirmwareManifest): Promise<void> {
    let answer: DeviceAnswer;
    try {
      answer = await this.#world.links().send(row.device_id, {
        method: 'POST',
        path: paths.package,
        query: [],
        contentFormat: 0,
        payload: manifest.data,
      });
    } catch (error) {
      if (!(error instanceof LinkFailure)) throw error;
      // Without an answer the device may have it: it is asked when it is heard again.
      if (error.reason === 'not-connected' || error.reason === 'too-large')
        await this.#advance(row, { kind: 'unsent' });
      return;
    }
    await this.#advance(row, isGood(answer) ? { kind: 'written' } : { kind: 'refused', code: codeText(answer.code) });
  }

  async #facts(deviceId: string, resources: readonly RegisteredResource[]): Promise<UpdateFacts> {
    const values = publishedValues(resources);
    for (const path of unpublished(resources, values)) {
      const value = await this.#read(deviceId, path);
      if (value !== undefined) values.set(path, value);
    }
    return factsFrom(resources, values);
  }

  /** Observes State and Result of a device that does not tell them by itself. */
  async #listen(deviceId: string, resources: readonly RegisteredResource[]): Promise<void> {
    for (const { path, aobs, obs } of resources) {
      if (aobs !== undefined || obs !== true || (path !== paths.state && path !== paths.result)) continue;
      await this.#world.links().observe(deviceId, path);
    }
  }

  async #read(deviceId: string, path: string): Promise<Value | undefined> {
    const answer = await this.#world
      .links()
      .send(deviceId, { method: 'GET', path, query: [], payload: new Uint8Array() });
    return isGood(answer) ? answer.payload : undefined;
  }

  /** @returns undefined where it was deleted, as one of a campaign that is over may be */
  #manifest({ account_id: accountId, root_manifest_id: id }: OpenRow): Promise<FirmwareManifest | undefined> {
    if (id === null) return Promise.resolve(undefined);
    let found = this.#manifests.get(id);
    if (!found) {
      // A few campaigns run at a time, and a manifest never changes.
      if (this.#manifests.size >= 100) this.#manifests.clear();
      found = getFirmwareManifest(this.#domain, { accountId }, id).catch((error: unknown) => {
        this.#manifests.delete(id);
        if (isMooringError(error) && error.code === 'update.manifest.not.found') return undefined;
        throw error;
      });
      this.#manifests.set(id, found);
    }
    return found;
  }
}
