import type { FilterFields, ListQuery } from '@mooring/rest';
import { type FieldRule, type Page, pageOf } from '../lists/page.ts';
import type { Domain } from '../storage/context.ts';
import type { Row } from '../storage/schema.ts';

export type AuditRow = Row<'audit_records'>;

export interface NamedRecord extends AuditRow {
  /** Name of the API key, e-mail address of the user; null for an operator, and for one that is gone. */
  readonly actorName: string | null;
}

export const auditFilters: FilterFields = {
  id: 'string',
  action: 'string',
  actor_kind: 'string',
  actor_id: 'string',
  subject_kind: 'string',
  subject_id: 'string',
  request_id: 'string',
  created_at: 'time',
};

const rules: Readonly<Record<string, FieldRule>> = {
  ...Object.fromEntries(Object.keys(auditFilters).map((field) => [field, field])),
  created_at: 'at',
};

async function namesOf(domain: Domain, rows: readonly AuditRow[]): Promise<Map<string, string>> {
  const { db } = domain.storage;
  const idsOf = (kind: AuditRow['actor_kind']) => [
    ...new Set(rows.flatMap(({ actor_kind, actor_id }) => (actor_kind === kind ? [actor_id] : []))),
  ];
  const names = new Map<string, string>();
  const keys = idsOf('api-key');
  if (keys.length > 0) {
    const found = await db.selectFrom('api_keys').select(['id', 'name']).where('id', 'in', keys).execute();
    for (const { id, name } of found) names.set(id, name);
  }
  const users = idsOf('user');
  if (users.length > 0) {
    const found = await db.selectFrom('users').select(['id', 'email']).where('id', 'in', users).execute();
    for (const { id, email } of found) names.set(id, email);
  }
  return names;
}

/** A page of the records of an account. */
export async function auditPage(domain: Domain, accountId: string, query: ListQuery): Promise<Page<NamedRecord>> {
  const page = await pageOf(domain, 'audit_records', accountId, query, rules);
  const names = await namesOf(domain, page.items);
  return { ...page, items: page.items.map((row) => ({ ...row, actorName: names.get(row.actor_id) ?? null })) };
}

const pageSize = 1000;

/** All records that match, oldest first, page by page, so that a million of them fill no memory. */
export async function* allRecords(domain: Domain, accountId: string, query: ListQuery): AsyncGenerator<NamedRecord[]> {
  let after: string | null = null;
  for (;;) {
    const { filters } = query;
    const page: Page<NamedRecord> = await auditPage(domain, accountId, {
      limit: pageSize,
      after,
      order: 'ASC',
      totalCount: false,
      filters,
    });
    if (page.items.length > 0) yield page.items;
    if (!page.hasMore) return;
    after = (page.items.at(-1) as NamedRecord).id;
  }
}
