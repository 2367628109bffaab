import type { FilterFields, ListQuery } from '@mooring/rest';
import { sql } from 'kysely';
import { columnCondition, type Page } from '../../lists/page.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';

const day = 24 * 60 * 60 * 1000;

/** Days ahead for which it is said how many devices will have lost updates. */
export const horizonDays = [0, 30, 60, 90, 180, 270, 365] as const;

/** Certificates that are listed at most. */
const mostCertificates = 1000;

export interface Horizon {
  readonly days: number;
  readonly at: number;
  /** Devices whose certificate has ended by then. */
  readonly devices: number;
  /** Those of them that take nothing any more. */
  readonly stranded: number;
}

export interface EndingCertificate {
  readonly fingerprint: string | null;
  readonly notAfter: number;
  readonly client: Row<'device_update_facts'>['client'];
  readonly devices: number;
}

export interface Forecast {
  readonly at: number;
  readonly devices: number;
  readonly unknown: number;
  readonly horizons: readonly Horizon[];
  readonly certificates: readonly EndingCertificate[];
}

/** Which devices lose updates when, by what is known of their update certificates. */
export async function updateForecast(domain: Domain, { accountId }: Pick<Actor, 'accountId'>): Promise<Forecast> {
  const { db } = domain.storage;
  const now = domain.clock.now().getTime();
  const { devices, unknown } = await db
    .selectFrom('device_update_facts')
    .select(({ fn }) => [
      fn.countAll<number | string>().as('devices'),
      sql<number | string>`count(*) - count(not_after)`.as('unknown'),
    ])
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  const ending = await db
    .selectFrom('device_update_facts')
    .select(({ fn }) => ['fingerprint', 'not_after', 'client', fn.countAll<number | string>().as('devices')])
    .where('account_id', '=', accountId)
    .where('not_after', '<=', now + 365 * day)
    .groupBy(['not_after', 'fingerprint', 'client'])
    .orderBy('not_after')
    .execute();
  const certificates = ending.map((row) => ({
    fingerprint: row.fingerprint,
    notAfter: Number(row.not_after),
    client: row.client,
    devices: Number(row.devices),
  }));
  const sum = (of: readonly EndingCertificate[]) => of.reduce((total, one) => total + one.devices, 0);
  return {
    at: now,
    devices: Number(devices),
    unknown: Number(unknown),
    horizons: horizonDays.map((days) => {
      const over = certificates.filter(({ notAfter }) => notAfter <= now + days * day);
      const stranded = over.filter(({ client }) => client === 'mbl');
      return { days, at: now + days * day, devices: sum(over), stranded: sum(stranded) };
    }),
    certificates: certificates.slice(0, mostCertificates),
  };
}

export const forecastFilters: FilterFields = {
  id: 'string',
  client: 'string',
  certificate_fingerprint: 'string',
  validity: 'time',
};

const columns: Readonly<Record<string, string>> = {
  id: 'device_update_facts.device_id',
  client: 'device_update_facts.client',
  certificate_fingerprint: 'device_update_facts.fingerprint',
  validity: 'device_update_facts.not_after',
};

export interface ForecastDevice {
  readonly id: string;
  readonly name: string;
  readonly client: Row<'device_update_facts'>['client'];
  readonly fingerprint: string | null;
  readonly notAfter: number;
  readonly source: Row<'device_update_facts'>['source'];
}

/** The devices themselves, of those whose end is known. */
export async function listForecastDevices(
  domain: Domain,
  { accountId }: Pick<Actor, 'accountId'>,
  query: ListQuery,
): Promise<Page<ForecastDevice>> {
  let matching = domain.storage.db
    .selectFrom('device_update_facts')
    .innerJoin('devices', 'devices.id', 'device_update_facts.device_id')
    .where('device_update_facts.account_id', '=', accountId)
    .where('device_update_facts.not_after', 'is not', null);
  for (const filter of query.filters) {
    matching = matching.where(columnCondition(sql.ref(columns[filter.field] as string), filter));
  }
  const isAscending = query.order === 'ASC';
  let paged = matching
    .select([
      'device_update_facts.device_id as id',
      'devices.name',
      'device_update_facts.client',
      'device_update_facts.fingerprint',
      'device_update_facts.not_after',
      'device_update_facts.source',
    ])
    .orderBy('device_update_facts.device_id', isAscending ? 'asc' : 'desc')
    .limit(query.limit + 1);
  if (query.after !== null) paged = paged.where('device_update_facts.device_id', isAscending ? '>' : '<', query.after);
  const rows = await paged.execute();
  const items = rows.slice(0, query.limit).map(({ not_after, ...row }) => ({ ...row, notAfter: Number(not_after) }));
  const hasMore = rows.length > query.limit;
  if (!query.totalCount) return { items, hasMore, query };
  const { total } = await matching
    .select(({ fn }) => fn.countAll<number | string>().as('total'))
    .executeTakeFirstOrThrow();
  return { items, hasMore, totalCount: Number(total), query };
}
