import { type FieldProblem, parseTime, queryPairs } from '@mooring/rest';
import { sql } from 'kysely';
import type { Domain } from '../../storage/context.ts';
import { type UsageMetric, usageMetrics } from '../../storage/device-schema.ts';
import { usagePeriod } from './usage.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const year = 365 * day;

/** What a request for metrics asks for. */
export interface MetricsQuery {
  readonly metrics: readonly UsageMetric[];
  readonly totalCount: boolean;
  /** Milliseconds since 1970; the end is not part of it. */
  readonly start: number;
  readonly end: number;
  /** Milliseconds. */
  readonly interval: number;
  readonly limit: number;
  readonly after: string | null;
  readonly order: 'ASC' | 'DESC';
}

const units: Readonly<Record<string, readonly [length: number, most: number]>> = {
  m: [minute, 525_600],
  h: [60 * minute, 8760],
  d: [day, 365],
  w: [7 * day, 53],
};

/** A length of time: `5m`, `2h`, `3d`, `4w`; five minutes at least and a year at most. */
function lengthOf(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text.trim()) ?? [];
  const [length, most] = units[unit] ?? [0, 0];
  const count = Number(digits);
  if (length === 0 || count < 1 || count > most) return undefined;
  const milliseconds = count * length;
  return milliseconds < usagePeriod ? undefined : milliseconds;
}

/** A time of the metrics API: `2017`, `20170207`, `20170207T092056990Z`, `2017-02-07T09:20:56.990Z`. */
function timeOf(text: string): number | undefined {
  const plain = text.trim();
  if (/^\d{4}$/.test(plain)) return Date.parse(`${plain}-01-01T00:00:00Z`);
  const compact = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(\d{3})?Z)?$/.exec(plain);
  if (!compact) return parseTime(plain)?.getTime();
  const [, y, mo, d, h = '00', mi = '00', s = '00', ms = '000'] = compact;
  const time = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}.${ms}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** An interval's id: its begin, for `after`. */
const idOf = (begin: number): string => begin.toString(16).padStart(12, '0') + '0'.repeat(20);

const beginOf = (id: string): number | undefined =>
  /^[0-9a-f]{12}0{20}$/.test(id) ? Number.parseInt(id.slice(0, 12), 16) : undefined;

/** Names are told apart by their letters alone: clients write `['total_count']` as well. */
const lettersOf = (text: string): string => text.toLowerCase().replace(/[^a-z]/g, '');

/** Reads the query string of a request for metrics. Never throws. */
export function parseMetricsQuery(search: string, now: number): { query: MetricsQuery; problems: FieldProblem[] } {
  const given = new Map(queryPairs(search).filter(([, value]) => value.trim() !== ''));
  const problems: FieldProblem[] = [];
  const problem = (name: string, message: string) => void problems.push({ name, message });

  const words = (given.get('include') ?? '').split(',').map(lettersOf).filter(Boolean);
  const metrics = usageMetrics.filter((metric) => words.includes(lettersOf(metric)));
  if (metrics.length === 0) problem('include', `Has to name at least one of ${usageMetrics.join(', ')}.`);

  const read = <Value>(name: string, parse: (text: string) => Value | undefined, expected: string) => {
    const text = given.get(name);
    const value = text === undefined ? undefined : parse(text);
    if (text !== undefined && value === undefined) problem(name, `Has to be ${expected}.`);
    return value;
  };
  const aLength = 'a length of time from 5m to a year: 5m, 2h, 3d, 4w';
  const aTime = 'a time: 2017, 20170207, 2017-02-07T09:20:56.990Z';
  const interval = read('interval', lengthOf, aLength);
  if (interval === undefined && !given.has('interval')) problem('interval', 'Is required.');
  const period = read('period', lengthOf, aLength);
  const end = read('end', timeOf, aTime) ?? now;
  const start = read('start', timeOf, aTime) ?? (period === undefined ? undefined : end - Math.min(period, year));
  if (start === undefined && !given.has('start') && !given.has('period')) {
    problem('start', 'Is required with end, unless there is a period.');
  }
  if (start !== undefined && (end < start || end - start > year)) {
    problem('end', 'Has to lie after start, by a year at most.');
  }
  const limitText = given.get('limit');
  const limit = limitText === undefined ? 50 : Math.min(1000, Math.max(2, Number(limitText)));
  if (!Number.isInteger(limit)) problem('limit', 'Has to be a whole number, 2 to 1000.');
  const after = given.get('after') ?? null;
  if (after !== null && beginOf(after) === undefined) problem('after', 'Has to be the id of an interval.');
  const order = (given.get('order') ?? 'ASC').trim().toUpperCase();
  if (order !== 'ASC' && order !== 'DESC') problem('order', 'Has to be ASC or DESC.');
  const query: MetricsQuery = {
    metrics,
    totalCount: words.includes('totalcount'),
    // Counts are kept by periods: what began before the first whole one is part of it.
    start: Math.floor((start ?? now) / usagePeriod) * usagePeriod,
    end,
    interval: Math.ceil((interval ?? day) / usagePeriod) * usagePeriod,
    limit: Number.isInteger(limit) ? limit : 50,
    after,
    order: order === 'DESC' ? 'DESC' : 'ASC',
  };
  return { query, problems };
}

export interface MeteredInterval {
  readonly id: string;
  readonly begin: number;
  readonly counts: Readonly<Partial<Record<UsageMetric, number>>>;
}

export interface MetricsPage {
  readonly items: readonly MeteredInterval[];
  readonly hasMore: boolean;
  readonly totalCount: number;
}

/** The counts of an account, interval by interval; those in which nothing happened are among them. */
export async function meteredIntervals(domain: Domain, accountId: string, query: MetricsQuery): Promise<MetricsPage> {
  const { start, interval, limit, order, metrics } = query;
  await domain.usage.flush();
  const end = Math.min(query.end, domain.clock.now().getTime() + 1);
  const total = Math.max(0, Math.ceil((end - start) / interval));
  const after = query.after === null ? undefined : beginOf(query.after);
  const indexAfter = after === undefined ? undefined : Math.floor((after - start) / interval);
  const step = order === 'ASC' ? 1 : -1;
  const first = indexAfter === undefined ? (order === 'ASC' ? 0 : total - 1) : indexAfter + step;
  const indexes: number[] = [];
  for (let index = first; index >= 0 && index < total && indexes.length < limit; index += step) indexes.push(index);
  const last = indexes.at(-1);
  const counts = await countsOf(domain, accountId, query, indexes);
  return {
    items: indexes.map((index) => {
      const begin = start + index * interval;
      const found = counts.get(index);
      return {
        id: idOf(begin),
        begin,
        counts: Object.fromEntries(metrics.map((metric) => [metric, Number(found?.[metric] ?? 0)])),
      };
    }),
    hasMore: last !== undefined && last + step >= 0 && last + step < total,
    totalCount: total,
  };
}

type Sums = Partial<Record<UsageMetric, number | string>>;

async function countsOf(
  domain: Domain,
  accountId: string,
  { start, end, interval, metrics }: MetricsQuery,
  indexes: readonly number[],
): Promise<ReadonlyMap<number, Sums>> {
  if (indexes.length === 0) return new Map();
  const lowest = start + Math.min(...indexes) * interval;
  const beyond = Math.min(end, start + (Math.max(...indexes) + 1) * interval);
  const index = sql<number>`cast((at - ${sql.lit(start)}) / ${sql.lit(interval)} as integer)`;
  const rows = await domain.storage.db
    .selectFrom('usage_counts')
    .select(index.as('index'))
    .select(metrics.map((metric) => sql<number | string>`sum(${sql.ref(metric)})`.as(metric)))
    .where('account_id', '=', accountId)
    .where('at', '>=', lowest)
    .where('at', '<', beyond)
    .groupBy(index)
    .execute();
  return new Map(rows.map((row) => [Number(row.index), row as Sums]));
}
