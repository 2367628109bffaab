import { newId } from '../accounts/ids.ts';
import type { Actor, Domain } from '../storage/context.ts';
import type { Row } from '../storage/schema.ts';

/** One change. */
export interface Change {
  /** Dotted, past tense: `api-key.created`. */
  action: string;
  subjectKind: string;
  subjectId: string;
  /** What was changed to what; never a secret. */
  detail?: Readonly<Record<string, unknown>>;
}

/** Writes who did what. To be called in the transaction of the change itself, so that neither stands alone. */
export async function audit(domain: Domain, actor: Actor, change: Change): Promise<void> {
  await domain.storage.db
    .insertInto('audit_records')
    .values({
      id: newId(domain.clock),
      account_id: actor.accountId,
      at: domain.clock.now().getTime(),
      actor_kind: actor.kind,
      actor_id: actor.id,
      action: change.action,
      subject_kind: change.subjectKind,
      subject_id: change.subjectId,
      request_id: actor.requestId ?? null,
      detail_json: JSON.stringify(change.detail ?? {}),
    })
    .execute();
}

export interface AuditRecord {
  id: string;
  /** RFC 3339. */
  at: string;
  actor: { kind: Actor['kind']; id: string };
  action: string;
  subject: { kind: string; id: string };
  requestId: string | null;
  detail: unknown;
}

const recordOf = (row: Row<'audit_records'>): AuditRecord => ({
  id: row.id,
  at: new Date(row.at).toISOString(),
  actor: { kind: row.actor_kind, id: row.actor_id },
  action: row.action,
  subject: { kind: row.subject_kind, id: row.subject_id },
  requestId: row.request_id,
  detail: JSON.parse(row.detail_json),
});

/**
 * The newest records of an account first.
 *
 * @param before id of a record; only older ones are listed
 */
export async function listAuditRecords(
  domain: Domain,
  accountId: string,
  { limit = 100, before, subjectId }: { limit?: number; before?: string; subjectId?: string } = {},
): Promise<AuditRecord[]> {
  let query = domain.storage.db.selectFrom('audit_records').selectAll().where('account_id', '=', accountId);
  if (before !== undefined) query = query.where('id', '<', before);
  if (subjectId !== undefined) query = query.where('subject_id', '=', subjectId);
  return (await query.orderBy('id', 'desc').limit(limit).execute()).map(recordOf);
}
