import type { DeviceReport } from '@mooring/lwm2m';
import { systemTimers, type Timer, type Timers } from '@mooring/platform';
import { SimulatedApplication } from './application.ts';
import { isAmong } from './clocks.ts';
import type { Flash } from './flash.ts';
import { reasonOf } from './reason.ts';
import type { FleetSettings } from './settings.ts';
import { type Identity, SimulatedDevice } from './simulated-device.ts';
import { Tally } from './tally.ts';

export interface FleetOptions {
  readonly flash: Flash;
  readonly settings: FleetSettings;
  /** Numbers of the devices of this process in the whole simulation. */
  readonly indexes: readonly number[];
  /** How many devices there are over all processes. */
  readonly total: number;
  readonly version: string;
  readonly timers?: Timers;
  /** 0 to below 1. */
  random?(): number;
}

/** What the fleet keeps of one device. */
interface Member {
  readonly device: SimulatedDevice;
  readonly startedAt: number;
  identity: Identity | undefined;
  isOnboarded: boolean;
  lostAt: number | undefined;
  updateAt: number | undefined;
  isAsleep: boolean;
}

/** How often it is looked what is due, ms. */
const beat = 100;
/** A device that sleeps stays awake so long after it was heard, ms. */
const awakeTime = 20_000;

/** Many devices in one process, and what befalls them. */
export class Fleet {
  readonly #tally = new Tally();
  readonly #options: FleetOptions;
  readonly #timers: Timers;
  readonly #random: () => number;
  readonly #members: Member[] = [];
  readonly #faults = new Set<string>();
  #begun = 0;
  /** What has come due since, in parts of one. */
  readonly #due = { notifications: 0, updates: 0, cuts: 0, starts: 0 };
  #lastBeat = 0;
  #nextStorm = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#random = options.random ?? Math.random;
  }

  get devices(): readonly SimulatedDevice[] {
    return this.#members.map(({ device }) => device);
  }

  /** As of now. */
  get tally(): Tally {
    this.#tally.registered = this.devices.filter(({ isRegistered }) => isRegistered).length;
    return this.#tally;
  }

  /** Errors of the program, each once. */
  get faults(): ReadonlySet<string> {
    return this.#faults;
  }

  /** Of the devices that have bootstrapped. */
  get identities(): readonly Identity[] {
    return this.#members.flatMap(({ identity }) => identity ?? []);
  }

  start(): void {
    const { storm } = this.#options.settings;
    this.#lastBeat = this.#timers.now();
    if (storm > 0) this.#nextStorm = this.#lastBeat + storm * 1000;
    this.#beat();
  }

  /** Ends what befalls the devices; they stay as they are. */
  calm(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  /** All devices deregister, and end. */
  async stop(patience?: number): Promise<void> {
    this.calm();
    await Promise.all(this.#members.map(({ device }) => device.stop(patience)));
  }

  #beat(): void {
    if (this.#isOver) return;
    const now = this.#timers.now();
    const seconds = (now - this.#lastBeat) / 1000;
    this.#lastBeat = now;
    this.#startDue(seconds);
    const { settings, total, indexes } = this.#options;
    const share = indexes.length / total;
    this.#often('notifications', settings.notifications * share * seconds, (member) => void this.#notify(member));
    this.#often('updates', settings.updates * share * seconds, (member) => this.#update(member));
    const cuts = (this.#members.length * settings.loss * seconds) / 100 / 60;
    this.#often('cuts', cuts, (member) => this.#cut(member, this.#random() * 100 < settings.halfOpen));
    if (now >= this.#nextStorm) {
      this.#nextStorm += settings.storm * 1000;
      this.#tally.count('storms');
      for (const member of this.#members) if (member.device.isRegistered) this.#cut(member, false);
    }
    this.#timer = this.#timers.after(beat, () => this.#beat());
  }

  #startDue(seconds: number): void {
    const { settings, total, indexes } = this.#options;
    const rate = settings.rate === 0 ? Number.POSITIVE_INFINITY : (settings.rate * indexes.length) / total;
    this.#due.starts = Math.min(this.#due.starts + rate * Math.max(seconds, 0.001), indexes.length - this.#begun);
    for (; this.#due.starts >= 1; this.#due.starts--) void this.#startOne(indexes[this.#begun++] as number);
  }

  async #startOne(index: number): Promise<void> {
    const { flash, settings, version } = this.#options;
    try {
      const device = await SimulatedDevice.make({
        index,
        flash,
        version,
        lifetime: settings.lifetime,
        wrongClocks: settings.wrongClocks,
        happened: (_, what, detail) => void this.#happened(member, what, detail),
        fault: (text) => this.#fault(text),
      });
      const member: Member = {
        device,
        startedAt: this.#timers.now(),
        identity: undefined,
        isOnboarded: false,
        lostAt: undefined,
        updateAt: undefined,
        isAsleep: false,
      };
      this.#members.push(member);
      this.#tally.count('started');
      await device.start();
    } catch (error) {
      this.#fault((error as Error).message);
    }
  }

  /** Does something to devices that are registered, chosen at random, so often on average. */
  #often(what: 'notifications' | 'updates' | 'cuts', times: number, act: (member: Member) => void): void {
    this.#due[what] += times;
    for (; this.#due[what] >= 1; this.#due[what]--) {
      const member = this.#members[Math.floor(this.#random() * this.#members.length)];
      if (member?.device.isRegistered) act(member);
    }
  }

  async #notify({ device }: Member): Promise<void> {
    this.#tally.count('notifications');
    const before = this.#timers.now();
    device.application.press();
    if (!(await device.heard(SimulatedApplication.counterPath))) return;
    this.#tally.count('acknowledged');
    this.#tally.took('notification', this.#timers.now() - before);
  }

  #update(member: Member): void {
    member.updateAt = this.#timers.now();
    member.device.update();
  }

  #cut({ device }: Member, unnoticed: boolean): void {
    this.#tally.count(unnoticed ? 'halfOpen' : 'cut');
    device.network.cut(unnoticed);
  }

  async #happened(member: Member, what: DeviceReport, detail: string | undefined): Promise<void> {
    switch (what) {
      case 'bootstrapped':
        this.#tally.count('bootstraps');
        await this.#compareIdentity(member);
        break;
      case 'registered':
        this.#tally.count('registrations');
        this.#arrived(member);
        break;
      case 'updated':
        this.#tally.count('updates');
        if (member.updateAt !== undefined) this.#tally.took('update', this.#timers.now() - member.updateAt);
        member.updateAt = undefined;
        if (member.lostAt !== undefined) this.#arrived(member);
        break;
      case 'lost':
        member.updateAt = undefined;
        if (!member.isAsleep) member.lostAt ??= this.#timers.now();
        break;
      case 'not connected':
      case 'not bootstrapped':
      case 'registration refused':
        this.#tally.failed(reasonOf(what, detail));
        break;
      default:
    }
  }

  /** Registered, for the first time or again. */
  #arrived(member: Member): void {
    const now = this.#timers.now();
    if (!member.isOnboarded) {
      this.#tally.count('onboarded');
      this.#tally.took('onboarding', now - member.startedAt);
      member.isOnboarded = true;
    } else if (member.lostAt !== undefined) {
      this.#tally.count('returns');
      this.#tally.took('return', now - member.lostAt);
    }
    member.lostAt = undefined;
    const { sleepy } = this.#options.settings;
    if (isAmong(member.device.index, sleepy)) this.#timers.after(awakeTime, () => this.#fallAsleep(member));
  }

  #fallAsleep(member: Member): void {
    if (this.#isOver || member.isAsleep || !member.device.isRegistered) return;
    this.#tally.count('sleeps');
    member.isAsleep = true;
    member.device.network.sleep();
    const time = this.#options.settings.sleep * 1000 * (0.9 + 0.2 * this.#random());
    this.#timers.after(time, () => {
      member.isAsleep = false;
      member.lostAt = this.#timers.now();
      member.device.network.wake();
    });
  }

  /** What was given at this bootstrap has to be what was given at the first one. */
  async #compareIdentity(member: Member): Promise<void> {
    const identity = await member.device.identity();
    const { identity: before } = member;
    member.identity = before ?? identity;
    if (!before || !identity) return;
    if (before.deviceId !== identity.deviceId || before.subject !== identity.subject)
      this.#tally.count('identityChanges');
  }

  #fault(text: string): void {
    this.#faults.add(text);
    this.#tally.failed('fault of the simulation');
  }
}
