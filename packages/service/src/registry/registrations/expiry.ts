import { ClockJumps, type Timer, type Timers } from '@mooring/platform';
import { sql } from 'kysely';
import { writtenBefore } from '../../storage/clock-set.ts';
import type { Domain } from '../../storage/context.ts';
import type { RegistryEvent } from '../bus.ts';
import { endRegistration } from './end.ts';
import type { Registration } from './registration.ts';

/** Registrations of one transaction, so that others wait for milliseconds only. */
const batchSize = 200;

/** When the next registration expires; undefined if there is none. */
export async function nextExpiry(domain: Domain): Promise<number | undefined> {
  const row = await domain.storage.db
    .selectFrom('registrations')
    .select('expires_at')
    .orderBy('expires_at')
    .limit(1)
    .executeTakeFirst();
  return row?.expires_at;
}

/**
 * The clock was set: a lifetime is a time that passes, and goes on. To be called soon after, and before anything is ended.
 *
 * @param jump ms, negative for a clock that was set back
 */
export async function moveRegistrations(domain: Domain, jump: number): Promise<void> {
  await domain.storage.grouped(async (db) => {
    const now = domain.clock.now().getTime();
    await db
      .updateTable('registrations')
      .set({ expires_at: sql`expires_at + ${jump}`, updated_at: sql`updated_at + ${jump}` })
      .where(writtenBefore('updated_at', jump, now))
      .execute();
  });
}

/** Ends what has expired. @returns what ended */
export async function expireRegistrations(domain: Domain, limit = batchSize): Promise<Registration[]> {
  const now = domain.clock.now().getTime();
  const expired = await domain.storage.grouped(async (db) => {
    const due = await db
      .selectFrom('registrations')
      .innerJoin('devices', 'devices.id', 'registrations.device_id')
      .select(['devices.id', 'devices.account_id', 'devices.state', 'devices.updated_at'])
      .where('registrations.expires_at', '<=', now)
      .orderBy('registrations.expires_at')
      .limit(limit)
      .execute();
    const ended: Registration[] = [];
    for (const device of due) {
      const registration = await endRegistration(domain, device, 'expired');
      if (registration) ended.push(registration);
    }
    return ended;
  });
  for (const registration of expired) {
    domain.usage.count(registration.accountId, 'expired_registrations');
    domain.bus.tell({ kind: 'expired', registration, at: now });
  }
  return expired;
}

/** A clock that is set back or forward is noticed after this long at the latest, in ms. */
const longestWait = 15_000;

/** By how much a clock has to be set, in ms, to make a difference to lifetimes; more than the wait. */
const leastJump = 60_000;

/** After a failure (a full disk, for one), in ms. */
const retryWait = 5_000;

/** Ends registrations when their lifetime is over: one timer for the one that is next. */
export class RegistrationExpiry {
  readonly #domain: Domain;
  readonly #timers: Timers;
  readonly #failed: (error: unknown) => void;
  readonly #unlisten: () => void;
  readonly #jumps: ClockJumps;
  #timer: Timer | undefined;
  /** When the timer runs, by the clock. */
  #armedFor = Number.POSITIVE_INFINITY;
  #working: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  /** @param failed told why it could not end what is over; it goes on trying */
  constructor(domain: Domain, timers: Timers, failed: (error: unknown) => void) {
    this.#domain = domain;
    this.#timers = timers;
    this.#failed = failed;
    this.#jumps = new ClockJumps(domain.clock, timers, leastJump);
    this.#unlisten = domain.bus.listen((event) => this.#heard(event));
  }

  /** Ends what has expired while the service did not run, and arms the timer. */
  start(): Promise<void> {
    return this.#work();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unlisten();
    this.#timer?.cancel();
    await this.#working;
  }

  #heard(event: RegistryEvent): void {
    if (event.kind !== 'registered' && event.kind !== 'updated') return;
    // One that ends later than what the timer waits for is found when that has come.
    if (event.registration.expiresAt < this.#armedFor) this.#arm(event.registration.expiresAt);
  }

  #arm(at: number): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#armedFor = at;
    const left = at - this.#domain.clock.now().getTime();
    this.#timer = this.#timers.after(Math.min(longestWait, Math.max(0, left)), () => void this.#work());
  }

  #work(): Promise<void> {
    this.#again = true;
    this.#working ??= this.#expire().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async #expire(): Promise<void> {
    // A timer may run out while this is at work already.
    while (this.#again && !this.#stopped) {
      this.#again = false;
      await this.#expireOnce();
    }
  }

  async #expireOnce(): Promise<void> {
    // What registers meanwhile arms the timer if it ends sooner than what is armed for below.
    this.#armedFor = Number.POSITIVE_INFINITY;
    try {
      const jump = this.#jumps.look();
      if (jump !== 0) {
        await moveRegistrations(this.#domain, jump);
        this.#jumps.taken(jump);
      }
      while (!this.#stopped && (await expireRegistrations(this.#domain)).length === batchSize);
      const next = await nextExpiry(this.#domain);
      if (next !== undefined && next < this.#armedFor) this.#arm(next);
    } catch (error) {
      this.#failed(error);
      this.#arm(this.#domain.clock.now().getTime() + retryWait);
    }
  }
}
