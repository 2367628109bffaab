import type { ListQuery } from '@mooring/rest';
import { newId } from '../../accounts/ids.ts';
import { audit } from '../../audit/records.ts';
import { enrolledFingerprint } from '../../bootstrap/enrolment-identity.ts';
import { type Page, pageOf } from '../../lists/page.ts';
import type { Actor, Domain } from '../../storage/context.ts';
import type { Row } from '../../storage/schema.ts';
import { registryErrors } from '../errors.ts';
import { checkRoom } from '../limit.ts';

export type Enrolment = Row<'enrolments'>;

const subject = (id: string) => ({ subjectKind: 'enrollment', subjectId: id });

/** The list has always told its total. */
export function listEnrolments(domain: Domain, actor: Actor, query: ListQuery): Promise<Page<Enrolment>> {
  return pageOf(domain, 'enrolments', actor.accountId, { ...query, totalCount: true }, {});
}

/** @throws MooringError `enrolment.not.found` */
export async function getEnrolment(domain: Domain, actor: Actor, id: string): Promise<Enrolment> {
  const row = await domain.storage.db
    .selectFrom('enrolments')
    .selectAll()
    .where('account_id', '=', actor.accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  throw registryErrors('enrolment.not.found', {
    message: `There is no enrolment with the id ${id}.`,
    next: 'List the enrolments for their ids.',
  });
}

/** @throws MooringError `enrolment.invalid` */
function fingerprintOf(identity: string): string {
  const fingerprint = enrolledFingerprint(identity);
  if (fingerprint !== undefined) return fingerprint;
  const message =
    'Has to be A- and the SHA-256 fingerprint of a certificate: 32 pairs of hex digits with colons between.';
  throw registryErrors('enrolment.invalid', {
    message: `"${identity}" is no enrolment identity.`,
    next: message,
    data: { fields: [{ name: 'enrollment_identity', message }] },
  });
}

/**
 * Enrols a device without a word in the audit record, and whatever the limit is. To be called in a transaction.
 *
 * @throws MooringError `enrolment.invalid`, `enrolment.present`
 */
export async function insertEnrolment(domain: Domain, accountId: string, identity: string): Promise<Enrolment> {
  const fingerprint = fingerprintOf(identity);
  const row: Enrolment = {
    id: newId(domain.clock),
    account_id: accountId,
    identity,
    fingerprint,
    created_at: domain.clock.now().getTime(),
    claimed_at: null,
    device_id: null,
    expires_at: null,
    etag: 1,
  };
  // Not by the error of the constraint: in PostgreSQL that would end the transaction.
  const { numInsertedOrUpdatedRows } = await domain.storage.db
    .insertInto('enrolments')
    .values(row)
    .onConflict((conflict) => conflict.column('fingerprint').doNothing())
    .executeTakeFirst();
  if (Number(numInsertedOrUpdatedRows ?? 0) === 1) return row;
  throw registryErrors('enrolment.present', {
    message: 'The identity is enrolled already, here or in another account.',
    next: 'Delete that enrolment first.',
    data: { fields: [{ name: 'enrollment_identity', message: 'Is enrolled already.' }] },
  });
}

/** Expects a device with this identity. @throws MooringError `directory.limit`, and as for `insertEnrolment` */
export async function createEnrolment(domain: Domain, actor: Actor, identity: string): Promise<Enrolment> {
  return domain.storage.transaction(async () => {
    await checkRoom(domain, 'enrolments', actor.accountId);
    const enrolment = await insertEnrolment(domain, actor.accountId, identity);
    await audit(domain, actor, { action: 'enrollment.created', ...subject(enrolment.id), detail: { identity } });
    return enrolment;
  });
}

/** A device that has claimed it stays in the directory, and is not let in again. @throws MooringError `enrolment.not.found` */
export async function deleteEnrolment(domain: Domain, actor: Actor, id: string): Promise<void> {
  await domain.storage.transaction(async (db) => {
    const { identity } = await getEnrolment(domain, actor, id);
    await db.deleteFrom('enrolments').where('id', '=', id).execute();
    await audit(domain, actor, { action: 'enrollment.deleted', ...subject(id), detail: { identity } });
  });
}

/** Deletes the enrolment of an identity. To be called in a transaction. @throws MooringError `enrolment.*` */
export async function removeEnrolment(domain: Domain, accountId: string, identity: string): Promise<void> {
  const { numDeletedRows } = await domain.storage.db
    .deleteFrom('enrolments')
    .where('account_id', '=', accountId)
    .where('fingerprint', '=', fingerprintOf(identity))
    .executeTakeFirst();
  if (Number(numDeletedRows) > 0) return;
  throw registryErrors('enrolment.not.found', { message: 'The identity is not enrolled.' });
}
