import type { Attention, Overview, TrendDay } from '@mooring/rest';
import { sql } from 'kysely';
import { certificateEndings } from '../certificates/endings.ts';
import { dayText, fineTimeText } from '../http/time-text.ts';
import { deviceCount } from '../registry/devices/counts.ts';
import { meteredIntervals } from '../registry/usage/metrics.ts';
import type { Actor, Domain } from '../storage/context.ts';

const day = 24 * 60 * 60 * 1000;

/** From when on the end of a certificate is told, in days: that of an authority takes the longest to prepare. */
const warnDays = { authority: 180, trusted: 90, https: 30, device: 60, updates: 180 } as const;

const trendDays = 30;
const denialDays = 7;

type Of = Pick<Actor, 'accountId'>;

const severityAt = (at: number, now: number): Attention['severity'] =>
  at <= now ? 'error' : at - now < 30 * day ? 'warning' : 'notice';

const endText = (at: number, now: number): string =>
  at <= now ? `ended on ${dayText(at)}` : `ends on ${dayText(at)}, in ${Math.floor((at - now) / day)} days`;

async function endings(domain: Domain, { accountId }: Of, now: number): Promise<Attention[]> {
  const soon = (await certificateEndings(domain, accountId)).filter(
    ({ use, notAfter }) => notAfter.getTime() - now < warnDays[use] * day,
  );
  const ids = soon.filter(({ use }) => use === 'trusted').map(({ name }) => name);
  const rows =
    ids.length === 0
      ? []
      : await domain.storage.db
          .selectFrom('trusted_certificates')
          .select(['id', 'name'])
          .where('id', 'in', ids)
          .execute();
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  return soon.map(({ use, name, notAfter }) => {
    const at = notAfter.getTime();
    const known = use === 'trusted' ? (names.get(name) ?? name) : name;
    const what = use === 'trusted' ? `The trusted certificate ${known}` : `The certificate authority for ${name}`;
    return {
      kind: 'certificate-ends',
      severity: severityAt(at, now),
      subject: name,
      name: known,
      count: 1,
      at: fineTimeText(at),
      text: `${what} ${endText(at, now)}.`,
      filter: null,
    };
  });
}

async function countOf(query: { executeTakeFirstOrThrow(): Promise<{ count: number | string }> }): Promise<number> {
  return Number((await query.executeTakeFirstOrThrow()).count);
}

async function deviceEndings(domain: Domain, { accountId }: Of, now: number): Promise<Attention[]> {
  const { db } = domain.storage;
  const until = now + warnDays.device * day;
  const found: Attention[] = [];
  for (const [column, field, what] of [
    ['bootstrap_expiration', 'bootstrap_expiration_date', 'the certificate that they join with'],
    ['connector_expiration', 'connector_expiration_date', 'the certificate that they connect with'],
  ] as const) {
    const row = await db
      .selectFrom('devices')
      .select(({ fn }) => [fn.countAll<number | string>().as('count'), fn.min(column).as('first')])
      .where('account_id', '=', accountId)
      .where(column, '<', until)
      .executeTakeFirstOrThrow();
    const count = Number(row.count);
    if (count === 0 || row.first === null) continue;
    found.push({
      kind: 'device-certificates-end',
      severity: severityAt(row.first, now),
      subject: null,
      name: null,
      count,
      at: fineTimeText(row.first),
      text: `${count} devices: ${what} ends within ${warnDays.device} days, or has ended.`,
      filter: `${field}__lte=${dayText(until)}`,
    });
  }
  return found;
}

/** Devices whose update certificate ends: after that no update reaches them any more. */
async function updatesLost(domain: Domain, { accountId }: Of, now: number): Promise<Attention[]> {
  const until = now + warnDays.updates * day;
  const row = await domain.storage.db
    .selectFrom('device_update_facts')
    .select(({ fn }) => [fn.countAll<number | string>().as('count'), fn.min('not_after').as('first')])
    .where('account_id', '=', accountId)
    .where('not_after', '<', until)
    .executeTakeFirstOrThrow();
  const count = Number(row.count);
  if (count === 0 || row.first === null) return [];
  return [
    {
      kind: 'updates-lost',
      severity: severityAt(row.first, now),
      subject: null,
      name: null,
      count,
      at: fineTimeText(row.first),
      text: `${count} devices take no updates any more once their update certificate has ended; the first one ${endText(row.first, now)}.`,
      filter: null,
    },
  ];
}

/** Campaigns that are looked at one by one. */
const mostCampaigns = 50;

async function campaignTroubles(domain: Domain, { accountId }: Of, now: number): Promise<Attention[]> {
  const rows = await domain.storage.db
    .selectFrom('update_campaigns')
    .select(['id', 'name', 'phase', 'success_count', 'failed_count', 'stop_reason', 'updated_at', 'start_at'])
    .where('account_id', '=', accountId)
    .where(({ or, and, eb }) =>
      or([
        eb('phase', 'in', ['active', 'stopping', 'awaiting_approval']),
        and([eb('phase', '=', 'stopped'), eb('failed_count', '>', 0), eb('updated_at', '>', now - denialDays * day)]),
      ]),
    )
    .orderBy('id', 'desc')
    .limit(mostCampaigns)
    .execute();
  return rows.flatMap((row): Attention[] => {
    const base = { subject: row.id, name: row.name, at: fineTimeText(row.updated_at), filter: null };
    if (row.phase === 'awaiting_approval') {
      const text = `The campaign ${row.name ?? row.id} waits for an approval.`;
      return [{ ...base, kind: 'campaign-waits', severity: 'notice', count: 1, text }];
    }
    if (row.failed_count === 0) return [];
    const done = row.failed_count + row.success_count;
    const share = Math.round((100 * row.failed_count) / done);
    const running = row.phase !== 'stopped';
    const why = row.stop_reason && !running ? ` It stopped: ${row.stop_reason}` : '';
    return [
      {
        ...base,
        kind: 'campaign-fails',
        severity: running ? 'error' : 'warning',
        count: row.failed_count,
        text: `The campaign ${row.name ?? row.id} failed on ${row.failed_count} of ${done} devices (${share} %).${why}`,
      },
    ];
  });
}

async function denied(domain: Domain, { accountId }: Of, now: number): Promise<Attention[]> {
  const since = now - denialDays * day;
  const rows = await domain.storage.db
    .selectFrom('denials')
    .select(({ fn }) => [
      'reason',
      fn.countAll<number | string>().as('count'),
      fn.sum<number | string>('attempts').as('attempts'),
      fn.max('last_at').as('last'),
    ])
    .where('account_id', '=', accountId)
    .where('created_at', '>=', since)
    .groupBy('reason')
    .execute();
  return rows.map(({ reason, count, attempts, last }) => ({
    kind: 'joins-denied',
    severity: 'warning',
    subject: reason,
    name: reason,
    count: Number(count),
    at: last === null ? null : fineTimeText(last),
    text: `${count} devices were not let in during the last ${denialDays} days (${reason}), with ${attempts} attempts.`,
    filter: `reason__eq=${reason}&created_at__gte=${new Date(since).toISOString()}`,
  }));
}

async function deviceNumbers(domain: Domain, { accountId }: Of): Promise<NonNullable<Overview['devices']>> {
  const { db } = domain.storage;
  const count = (state: string) =>
    countOf(
      db
        .selectFrom('devices')
        .select(({ fn }) => fn.countAll<number | string>().as('count'))
        .where('account_id', '=', accountId)
        .where('state', '=', state as 'registered'),
    );
  const [total, deregistered, bootstrapped, unenrolled, cloud_enrolling] = [
    await deviceCount(domain, accountId),
    await count('deregistered'),
    await count('bootstrapped'),
    await count('unenrolled'),
    await count('cloud_enrolling'),
  ];
  const blocked = await countOf(
    db
      .selectFrom('devices')
      .select(({ fn }) => fn.countAll<number | string>().as('count'))
      .where('account_id', '=', accountId)
      // In the query itself, where the index for it is (registry/devices/filters.ts).
      .where(sql<boolean>`lifecycle_status = ${sql.lit('blocked')}`),
  );
  // The rest: most devices are, and to count them all takes the longest.
  const registered = Math.max(0, total - deregistered - bootstrapped - unenrolled - cloud_enrolling);
  return { total, registered, deregistered, bootstrapped, unenrolled, cloud_enrolling, blocked };
}

async function campaignNumbers(domain: Domain, { accountId }: Of): Promise<NonNullable<Overview['campaigns']>> {
  const rows = await domain.storage.db
    .selectFrom('update_campaigns')
    .select(({ fn }) => ['phase', fn.countAll<number | string>().as('count')])
    .where('account_id', '=', accountId)
    .groupBy('phase')
    .execute();
  const sum = (phases: readonly string[]) =>
    rows.filter(({ phase }) => phases.includes(phase)).reduce((all, { count }) => all + Number(count), 0);
  return {
    active: sum(['starting', 'active', 'stopping']),
    waiting: sum(['timed', 'awaiting_approval']),
    total: rows.reduce((all, { count }) => all + Number(count), 0),
  };
}

async function trend(domain: Domain, { accountId }: Of, now: number): Promise<TrendDay[]> {
  const end = Math.floor(now / day) * day + day;
  const { items } = await meteredIntervals(domain, accountId, {
    metrics: ['full_registrations', 'bootstraps_successful', 'bootstraps_failed', 'device_proxy_request_success'],
    totalCount: false,
    start: end - trendDays * day,
    end,
    interval: day,
    limit: trendDays,
    after: null,
    order: 'ASC',
  });
  return items.map(({ begin, counts }) => ({
    day: dayText(begin),
    registrations: counts.full_registrations ?? 0,
    bootstraps: counts.bootstraps_successful ?? 0,
    bootstraps_failed: counts.bootstraps_failed ?? 0,
    requests: counts.device_proxy_request_success ?? 0,
  }));
}

const urgency: Readonly<Record<Attention['severity'], number>> = { error: 0, warning: 1, notice: 2 };

/** What the portal shows first: of each part as much as the caller may see. */
export async function makeOverview(domain: Domain, actor: Actor): Promise<Overview> {
  const now = domain.clock.now().getTime();
  const may = (permission: string) => actor.permissions.has(permission);
  const attention = [
    ...(may('trusted-certificates:read') ? await endings(domain, actor, now) : []),
    ...(may('devices:read') ? await deviceEndings(domain, actor, now) : []),
    ...(may('update-campaigns:read')
      ? [...(await updatesLost(domain, actor, now)), ...(await campaignTroubles(domain, actor, now))]
      : []),
    ...(may('enrollments:read') ? await denied(domain, actor, now) : []),
  ];
  return {
    object: 'overview',
    created_at: fineTimeText(now),
    attention: attention.sort((a, b) => urgency[a.severity] - urgency[b.severity]),
    ...(may('devices:read') ? { devices: await deviceNumbers(domain, actor) } : {}),
    ...(may('update-campaigns:read') ? { campaigns: await campaignNumbers(domain, actor) } : {}),
    ...(may('metrics:read') ? { trend: await trend(domain, actor, now) } : {}),
  };
}

/** For so long the same overview is told again, in ms: a hundred pages that look at once make it once. */
const freshness = 5000;

/** Makes overviews, and keeps each for a moment. */
export class Overviews {
  readonly #domain: Domain;
  readonly #kept = new Map<string, { at: number; overview: Promise<Overview> }>();

  constructor(domain: Domain) {
    this.#domain = domain;
  }

  of(actor: Actor): Promise<Overview> {
    const now = this.#domain.clock.now().getTime();
    for (const [key, { at }] of this.#kept) if (Math.abs(now - at) >= freshness) this.#kept.delete(key);
    const key = `${actor.accountId} ${[...actor.permissions].sort().join()}`;
    let made = this.#kept.get(key);
    if (!made) {
      made = { at: now, overview: makeOverview(this.#domain, actor) };
      // What failed is not kept.
      made.overview.catch(() => this.#kept.delete(key));
      this.#kept.set(key, made);
    }
    return made.overview;
  }
}
