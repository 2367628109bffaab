import type { FilterFields, ListQuery } from '@mooring/rest';
import { newId } from '../../accounts/ids.ts';
import { type FieldRule, type Page, pageOf } from '../../lists/page.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';
import { registryErrors } from '../errors.ts';

export type Denial = Row<'denials'>;

export const denialFilters: FilterFields = {
  id: 'string',
  trusted_certificate_id: 'string',
  endpoint_name: 'string',
  reason: 'string',
  created_at: 'time',
};

const rules: Readonly<Record<string, FieldRule>> = {
  id: 'id',
  trusted_certificate_id: 'trusted_certificate_id',
  endpoint_name: 'endpoint_name',
  reason: 'reason',
  created_at: 'created_at',
};

export function listDenials(domain: Domain, actor: Actor, query: ListQuery): Promise<Page<Denial>> {
  return pageOf(domain, 'denials', actor.accountId, query, rules);
}

/** @throws MooringError `denial.not.found` */
export async function getDenial(domain: Domain, actor: Actor, id: string): Promise<Denial> {
  const row = await domain.storage.db
    .selectFrom('denials')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  throw registryErrors('denial.not.found', {
    message: `There is no denial with the id ${id}.`,
    next: 'List the denials for their ids.',
  });
}

/** A device that was not let in. */
export interface DenialInput {
  readonly accountId: string;
  /** As it calls itself; empty if it did not get that far. */
  readonly endpointName: string;
  readonly reason: string;
  readonly trustedCertificateId?: string;
  /** Of the certificate that it showed, lower-case hex. */
  readonly fingerprint?: string;
  readonly address?: string;
}

interface Seen {
  readonly id: string;
  /** When its record was made, and when it was last written. */
  readonly since: number;
  written: number;
  /** Attempts that the record does not know of yet. */
  pending: number;
}

/** Between two writes of one record, in ms. */
const writePeriod = 60_000;

/** A record stands for the attempts of this time, in ms. */
const recordPeriod = 24 * 60 * 60_000;

/** Kinds of attempts that are remembered. */
const mostSeen = 10_000;

/** New records: so many at once, and so many a second. */
const burst = 200;
const perSecond = 10;

/** Longest name that is kept of a stranger. */
const longestName = 128;

/**
 * Records who was not let in. A device that tries again and again is one record with a count; strangers under ever new
 * names are recorded up to a rate, and counted beyond it.
 */
export class DenialRecorder {
  readonly #domain: Domain;
  readonly #failed: (error: unknown) => void;
  /** By what they have in common; the one longest ago is the first. */
  readonly #seen = new Map<string, Seen>();
  #tokens = burst;
  #refilled: number;
  #unrecorded = 0;

  /** @param failed told when a denial could not be written: the device is refused all the same */
  constructor(domain: Domain, failed: (error: unknown) => void) {
    this.#domain = domain;
    this.#failed = failed;
    this.#refilled = domain.clock.now().getTime();
  }

  /** Denials beyond the rate, of which there is no record. */
  get unrecorded(): number {
    return this.#unrecorded;
  }

  /** Never fails. */
  async record(denial: DenialInput): Promise<void> {
    this.#domain.usage.count(denial.accountId, 'bootstraps_failed');
    const endpointName = denial.endpointName.slice(0, longestName).replace(/[\u0000-\u001f\u007f]/g, '\ufffd');
    const key = JSON.stringify([
      denial.accountId,
      endpointName,
      denial.reason,
      denial.trustedCertificateId,
      denial.fingerprint,
    ]);
    const now = this.#domain.clock.now().getTime();
    const seen = this.#seen.get(key);
    try {
      if (seen && Math.abs(now - seen.since) < recordPeriod) await this.#again(seen, now);
      else await this.#first(key, { ...denial, endpointName }, now);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Writes what is counted and not written. */
  async flush(): Promise<void> {
    for (const seen of this.#seen.values()) {
      if (seen.pending === 0) continue;
      await this.#write(seen, this.#domain.clock.now().getTime()).catch(this.#failed);
    }
  }

  async #again(seen: Seen, now: number): Promise<void> {
    seen.pending += 1;
    if (Math.abs(now - seen.written) >= writePeriod) await this.#write(seen, now);
  }

  async #write(seen: Seen, now: number): Promise<void> {
    const { pending } = seen;
    seen.pending = 0;
    seen.written = now;
    await this.#domain.storage.grouped((db) =>
      db
        .updateTable('denials')
        .set(({ eb }) => ({ attempts: eb('attempts', '+', pending), last_at: now }))
        .where('id', '=', seen.id)
        .execute(),
    );
  }

  async #first(key: string, denial: DenialInput, now: number): Promise<void> {
    if (!this.#takeToken(now)) {
      this.#unrecorded += 1;
      return;
    }
    const id = newId(this.#domain.clock);
    this.#seen.delete(key);
    this.#seen.set(key, { id, since: now, written: now, pending: 0 });
    if (this.#seen.size > mostSeen) this.#seen.delete(this.#seen.keys().next().value as string);
    await this.#domain.storage.grouped((db) =>
      db
        .insertInto('denials')
        .values({
          id,
          account_id: denial.accountId,
          endpoint_name: denial.endpointName,
          trusted_certificate_id: denial.trustedCertificateId ?? null,
          reason: denial.reason,
          fingerprint: denial.fingerprint ?? null,
          address: denial.address ?? null,
          attempts: 1,
          created_at: now,
          last_at: now,
        })
        .execute(),
    );
  }

  #takeToken(now: number): boolean {
    // A clock that is set back fills nothing up, and counts anew from there.
    const passed = Math.max(0, now - this.#refilled) / 1000;
    this.#refilled = now;
    this.#tokens = Math.min(burst, this.#tokens + passed * perSecond);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
